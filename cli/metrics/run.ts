/** What `ocf-ts metrics` does. */
import { databasesOf, lookAtCluster } from '../cluster/view'
import { Exit } from '../exit'
import { replaceNamedFile } from '../named-file'
import { lastPromotion } from '../logs/span'
import { gatherFacts } from '../nodes/gather'
import { makeReport, membersToAsk } from '../status/report'
import { type Terminal } from '../terminal'
import { writeMetrics } from './exposition'
import { metricsOf } from './metrics'

export interface MetricsFlags {
  readonly textfile?: string
  /** Ask every node, through ssh. */
  readonly all?: boolean
}

async function takeMetrics(all: boolean): Promise<string> {
  const view = await lookAtCluster()
  const databases = databasesOf(view.configuration)
  const gathered = await Promise.all(
    databases.map(async (database) => {
      const nodes = membersToAsk(view, database).filter((node) => all || node === view.local)
      return [database.id, await gatherFacts(view, database, nodes)] as const
    }),
  )
  const promotions = databases.map(({ id }) => {
    const ms = lastPromotion(view.xml, id)
    return [id, ms === undefined ? undefined : ms / 1000] as const
  })
  const report = makeReport(view, Object.fromEntries(gathered), [])
  return writeMetrics(metricsOf(report, Object.fromEntries(promotions)))
}

export async function metrics(terminal: Terminal, { textfile, all = false }: MetricsFlags): Promise<Exit> {
  const text = await takeMetrics(all)
  if (textfile === undefined) terminal.write(text)
  else replaceNamedFile('--textfile', textfile, text, 0o644)
  return Exit.OK
}
