/** What `ocf-ts drill` does. */
import { mustType } from '../ask'
import { CommandError, Exit } from '../exit'
import { Progress } from '../progress'
import { type Terminal } from '../terminal'
import { Interruption } from './interruption'
import { WORDS } from './kinds'
import { type DrillFlags, prepare, type Preparation } from './prepare'
import { rehearse } from './rehearse'
import { type DrillResult } from './result'
import { renderSummary } from './summary'

/** Says what will happen, and goes on only if it may. */
async function agree(terminal: Terminal, preparation: Preparation, flags: DrillFlags): Promise<void> {
  const { database, primary, target, before, objections } = preparation
  const { bold, yellow } = terminal.colours
  const standbys = before.members.filter(({ role }) => role === 'standby').map(({ node }) => node)
  terminal.note(
    [
      bold(`This is a failover of ${database.id}: ${WORDS[flags.kind].announce(primary)}.`),
      `${primary} is the primary; ${standbys.join(' or ')} is to take over. Until then nobody can write, applications included,`,
      `and their connections are cut off. The drill itself writes ${flags.rate} rows a second to ${target.host}, into the schema`,
      'ocf_ts_drill, which it makes and drops again.',
      before.risk.text,
      ...objections.map((objection) => yellow(`--force: ${objection}`)),
    ].join('\n'),
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

export async function drill(terminal: Terminal, flags: DrillFlags): Promise<Exit> {
  if (flags.box) return (await import('./box')).drillInBox(flags)
  const progress = new Progress(flags.json ? process.stderr : process.stdout)
  const preparation = await progress.run('look at the cluster', () => prepare(flags))
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
  if (flags.json) terminal.json(result)
  else terminal.line(renderSummary(terminal, result))
  return result.problems.length === 0 ? Exit.OK : Exit.TROUBLE
}
