/** What `ocf-ts drill` does. */
import { messageOf } from '../../lib/ocf'
import { mustType } from '../ask'
import { CommandError, Exit } from '../exit'
import { replaceFile } from '../named-file'
import { Progress } from '../progress'
import { type Terminal } from '../terminal'
import { Interruption } from './interruption'
import { WORDS } from './kinds'
import { type DrillFlags, prepare, type Preparation } from './prepare'
import { rehearse } from './rehearse'
import { reportFile } from './report-file'
import { type DrillResult } from './result'
import { renderSummary } from './summary'

/** Says what will happen, and goes on only if it may. */
async function agree(terminal: Terminal, preparation: Preparation, flags: DrillFlags): Promise<void> {
  const { database, primary, target, before, objections } = preparation
  const { bold, yellow } = terminal.colours
  const standbys = before.members.filter(({ role }) => role === 'standby').map(({ node }) => node)
  const threshold = database.meta['migration-threshold'] ?? ''
  const mayStay = (flags.kind === 'kill' || flags.kind === 'freeze') && Number(threshold) > 1
  terminal.note(
    ...[
      bold(`This is a failover of ${database.id}: ${WORDS[flags.kind].announce(primary)}.`),
      `${primary} is the primary; ${standbys.join(' or ')} is to take over. Until then nobody can write, applications included,`,
      `and their connections are cut off. The drill itself writes ${flags.rate} rows a second to ${target.host}, into the schema`,
      'ocf_ts_drill, which it makes and drops again.',
      ...(objections.includes(before.risk.text) ? [] : [before.risk.text]),
      ...(mayStay ? [`With migration-threshold=${threshold} the cluster may recover it where it is.`] : []),
      ...objections.map((objection) => yellow(`--force: ${objection}`)),
    ],
  )
  if (flags.yes) return
  if (!terminal.isInteractive) {
    throw new CommandError(
      Exit.REFUSED,
      `nobody is there to agree to it: nothing was changed`,
      'say --yes where nobody can answer',
    )
  }
  const question = `Type the name of the resource, ${database.id}, to begin:`
  await mustType(terminal, question, database.id, undefined)
}

async function writeReport(file: string, result: DrillResult): Promise<string | undefined> {
  const { renderReport } = await import('./report/page')
  try {
    replaceFile(file, renderReport(result), 0o644)
    return undefined
  } catch (error) {
    return `the report could not be written: ${messageOf(error)}`
  }
}

export async function drill(terminal: Terminal, flags: DrillFlags): Promise<Exit> {
  if (flags.box) return (await import('./box')).drillInBox(flags)
  const file = reportFile(flags.report)
  const progress = new Progress(flags.json ? 'stderr' : 'stdout')
  progress.begin('look at the cluster')
  const preparation = await prepare(flags).catch((error: unknown) => {
    // To be refused is no failure of the look.
    if (error instanceof CommandError && error.exit === Exit.REFUSED) progress.done()
    else progress.fail()
    throw error
  })
  progress.done()
  await agree(terminal, preparation, flags)
  const interruption = new Interruption()
  let result: DrillResult
  try {
    result = await rehearse(preparation, flags, progress, interruption, (text) => {
      terminal.note(terminal.colours.red(text))
    })
  } catch (error) {
    progress.fail()
    throw error
  } finally {
    progress.done()
    interruption.end()
  }
  const trouble = file === undefined ? undefined : await writeReport(file, result)
  if (flags.json) terminal.json(result)
  else terminal.lines(renderSummary(terminal, result))
  if (trouble !== undefined) terminal.note(terminal.colours.red(trouble))
  else if (file !== undefined && !flags.json) terminal.line(`report: ${file}`)
  return result.problems.length === 0 && trouble === undefined ? Exit.OK : Exit.TROUBLE
}
