/** Making what is lacking, on this node. */
import { type Deadline, ExitCode, type Log, messageOf, OcfError } from '../../lib/ocf'
import { changeOwnConfigFile } from '../../lib/postgres/config-file'
import { runServerProgram } from '../../lib/postgres/server-program'
import { quoteSetting } from '../../lib/postgres/settings-text'
import { startServer } from '../../lib/postgres/start-server'
import { stopServer } from '../../lib/postgres/stop-server'
import { readOwned, writeOwned } from '../../lib/system/owned-files'
import { describeFailure } from '../../lib/system/run-program'
import { withLines } from './hba'
import { type Change, type Finding, findNeeds } from './needs'
import { type Observed, observeServer, withServer } from './observe'
import { type InitSpec } from './spec'

export interface InitReport {
  readonly version: number
  readonly server: 'running' | 'stopped'
  readonly findings: readonly Finding[]
  /** What was changed, in words. */
  readonly made: readonly string[]
}

type Setting = Extract<Change, { kind: 'set' }>

/** The text of postgresql.auto.conf with these settings, as ALTER SYSTEM would write them. */
export function withSettings(text: string, settings: readonly Pick<Setting, 'name' | 'value'>[]): string {
  const names = settings.map(({ name }) => name)
  const kept = text
    .split('\n')
    .filter((line) => !names.includes(/^\s*(\w+)\s*=?/.exec(line)?.[1]?.toLowerCase() ?? ''))
    .join('\n')
  const head = kept === '' || kept.endsWith('\n') ? kept : `${kept}\n`
  return head + settings.map(({ name, value }) => `${name} = ${quoteSetting(value)}\n`).join('')
}

/**
 * Where they go is where ALTER SYSTEM puts them: in the data directory, so that every base backup has them, whatever the
 * node's postgresql.conf says, and apart from the lines that the agent includes there. pg_basebackup -R writes to the
 * file of a server that does not run, too.
 */
async function set(
  settings: readonly Setting[],
  { instance, facts }: Observed,
  spec: InitSpec,
  deadline: Deadline,
): Promise<void> {
  if (settings.length === 0) return
  if (facts.version < 9.4) {
    throw new OcfError(
      ExitCode.ERR_INSTALLED,
      `PostgreSQL ${facts.version} has no ALTER SYSTEM: set ${settings.map(({ name }) => name).join(', ')} in ${instance.configFile}`,
    )
  }
  if (facts.server === 'running') {
    await withServer(instance, spec, deadline, async (connection) => {
      for (const { name, value } of settings) {
        await connection.rows(`alter system set ${name} = '${value.replaceAll("'", "''")}'`)
      }
    })
    return
  }
  const path = `${instance.dataDirectory}/postgresql.auto.conf`
  writeOwned(instance.owner, path, withSettings(readOwned(instance.owner, path) ?? '', settings))
}

/** It is the server's own configuration that says where pg_hba.conf is: so it is changed as the server's account. */
function letIn({ instance: { owner }, facts: { hbaFile } }: Observed, lines: readonly string[]): void {
  try {
    changeOwnConfigFile(owner, hbaFile, (text) => withLines(text, lines))
  } catch (error) {
    throw new OcfError(
      ExitCode.ERR_PERM,
      `hba_file: ${owner.name} cannot change ${hbaFile}: give it the file and its directory, or add by hand: ${lines.join('; ')}`,
      { detail: messageOf(error), cause: error },
    )
  }
}

async function record({ instance, options }: Observed, deadline: Deadline): Promise<void> {
  const result = await runServerProgram(instance, 'postgres', ['--single', ...options, 'postgres'], deadline)
  if (result.code !== 0)
    throw new OcfError(ExitCode.ERR_GENERIC, describeFailure('postgres --single', result))
}

const RELOAD_MS = 5000

/** Looks, until what a reload brings is there. */
async function lookAgain(spec: InitSpec, deadline: Deadline): Promise<Observed> {
  const patience = deadline.within(RELOAD_MS)
  let observed = await observeServer(spec, deadline)
  await patience.holds(100, async () => {
    observed = await observeServer(spec, deadline)
    return !findNeeds(observed.facts, spec).some(({ state, restart }) => state === 'waits' && !restart)
  })
  return observed
}

const reportOf = (spec: InitSpec, { facts }: Observed, made: readonly string[] = []): InitReport => ({
  version: facts.version,
  server: facts.server,
  findings: findNeeds(facts, spec),
  made,
})

export async function lookHere(spec: InitSpec, deadline: Deadline): Promise<InitReport> {
  return reportOf(spec, await observeServer(spec, deadline))
}

/**
 * Makes what can be made, and tells what is left.
 *
 * @throws OcfError with what failed; what was made before that stays, and a further run goes on from there
 */
export async function makeHere(spec: InitSpec, deadline: Deadline): Promise<InitReport> {
  const observed = await observeServer(spec, deadline)
  const { facts, instance } = observed
  const changes = findNeeds(facts, spec).flatMap(({ change }) => (change ? [change] : []))
  const made: string[] = []
  const settings = changes.filter((change) => change.kind === 'set')
  await set(settings, observed, spec, deadline)
  if (settings.length > 0) {
    const what = settings.map(({ name, value }) => `${name}=${value}`).join(', ')
    made.push(`${what} in ${instance.dataDirectory}/postgresql.auto.conf`)
  }
  const lines = changes.flatMap((change) => (change.kind === 'let in' ? [change.line] : []))
  if (lines.length > 0) {
    letIn(observed, lines)
    made.push(`${lines.length} ${lines.length === 1 ? 'line' : 'lines'} in ${facts.hbaFile}`)
  }
  if (made.length > 0 && facts.server === 'running') {
    await withServer(instance, spec, deadline, (connection) =>
      connection.rows('select pg_catalog.pg_reload_conf()'),
    )
    made.push('configuration reloaded')
  }
  // With the new settings: they may be what is lower.
  const after = await lookAgain(spec, deadline)
  if (!findNeeds(after.facts, spec).some(({ change }) => change?.kind === 'record'))
    return reportOf(spec, after, made)
  await record(after, deadline)
  made.push('PostgreSQL run once, alone, to record its settings in the control file')
  return reportOf(spec, await observeServer(spec, deadline), made)
}

const SILENT: Pick<Log, 'info' | 'warning'> = { info: () => undefined, warning: () => undefined }

/** Restarts the server, in good order; for one that no cluster manages. */
export async function restartHere(spec: InitSpec, deadline: Deadline): Promise<InitReport> {
  const { instance } = await observeServer(spec, deadline)
  await stopServer(instance, { escalateSeconds: 60, deadline, log: SILENT as Log })
  await startServer(instance, deadline)
  return reportOf(spec, await observeServer(spec, deadline), ['PostgreSQL restarted'])
}
