/** What `ocf-ts metrics` does. */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { databasesOf, lookAtCluster } from '../cluster/view'
import { CommandError, Exit } from '../exit'
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

/** Whoever reads the file meanwhile finds the old one or the new one, and nothing of what is being written. */
function replaceFile(path: string, text: string): void {
  // node-exporter reads *.prom, and leaves this alone.
  const fresh = `${path}.${process.pid}`
  try {
    writeFileSync(fresh, text, { mode: 0o644 })
    renameSync(fresh, path)
  } catch (error) {
    rmSync(fresh, { force: true })
    const { message } = error as NodeJS.ErrnoException
    throw new CommandError(Exit.TROUBLE, `--textfile: ${message}`, 'name a file in a directory that exists')
  }
}

export async function metrics(terminal: Terminal, { textfile, all = false }: MetricsFlags): Promise<Exit> {
  const text = await takeMetrics(all)
  if (textfile === undefined) terminal.write(text)
  else replaceFile(textfile, text)
  return Exit.OK
}
