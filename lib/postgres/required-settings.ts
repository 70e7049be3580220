/**
 * The settings that a standby must not have lower than the primary whose WAL it replays (PostgreSQL manual, "Hot
 * Standby", "Administrator's Overview"). What they were there is in the standby's control file as soon as it has
 * replayed the change.
 */
import { type Deadline } from '../ocf'
import { type Connection } from './connection'
import { type Instance, type MajorVersion } from './instance'
import { runServerProgram } from './server-program'
import { quoteShell } from './settings-text'
import { serverEnvironment } from './start-server'

/** The names that pg_controldata gives them. */
const REQUIRED: Readonly<Record<string, string>> = {
  'max_connections setting': 'max_connections',
  'max_worker_processes setting': 'max_worker_processes',
  'max_wal_senders setting': 'max_wal_senders',
  'max_prepared_xacts setting': 'max_prepared_transactions',
  'max_locks_per_xact setting': 'max_locks_per_transaction',
}

export const REQUIRED_SETTINGS: readonly string[] = Object.values(REQUIRED)

/** A setting that is lower here than it was on the primary. */
export interface LowSetting {
  readonly name: string
  readonly here: number
  readonly needed: number
}

/** What pg_controldata prints of the settings that recovery needs. */
export function readRequired(text: string): Readonly<Record<string, number>> {
  const found = text.split('\n').flatMap((line) => {
    const [, label = '', value = ''] = /^([^:]+):\s+(\d+)\s*$/.exec(line) ?? []
    const name = REQUIRED[label]
    return name === undefined ? [] : [[name, Number(value)] as const]
  })
  return Object.fromEntries(found)
}

export function findLow(
  needed: Readonly<Record<string, number>>,
  here: Readonly<Record<string, number>>,
): readonly LowSetting[] {
  return Object.entries(needed).flatMap(([name, value]) => {
    const own = here[name]
    return own !== undefined && own < value ? [{ name, here: own, needed: value }] : []
  })
}

async function neededBy(
  instance: Instance,
  deadline: Deadline,
): Promise<Readonly<Record<string, number>> | undefined> {
  const args = ['-D', instance.dataDirectory]
  const { code, stdout } = await runServerProgram(instance, 'pg_controldata', args, deadline)
  return code === 0 ? readRequired(stdout) : undefined
}

/**
 * Settings with which a server that runs cannot replay what it has.
 *
 * @throws OcfError ERR_INSTALLED when there is no pg_controldata beside pg_ctl
 */
export async function lowInServer(
  instance: Instance,
  connection: Connection,
  deadline: Deadline,
): Promise<readonly LowSetting[]> {
  const needed = await neededBy(instance, deadline)
  const rows = await connection.rows<{ name: string; setting: string }>(
    'select name, setting from pg_catalog.pg_settings where name = any ($1)',
    [REQUIRED_SETTINGS],
  )
  return findLow(needed ?? {}, Object.fromEntries(rows.map(({ name, setting }) => [name, Number(setting)])))
}

/**
 * The same of a server that does not run, by what its configuration says.
 *
 * @throws OcfError ERR_INSTALLED when one of the server's programs is missing
 */
export async function lowInConfiguration(
  instance: Instance,
  deadline: Deadline,
): Promise<readonly LowSetting[]> {
  const needed = await neededBy(instance, deadline)
  const here: Record<string, number> = {}
  for (const name of Object.keys(needed ?? {})) {
    const args = ['-D', instance.dataDirectory, '-c', `config_file=${instance.configFile}`, '-C', name]
    const env = serverEnvironment(instance)
    const { code, stdout } = await runServerProgram(instance, 'postgres', args, deadline, { env })
    if (code === 0) here[name] = Number(stdout.trim())
  }
  return findLow(needed ?? {}, here)
}

/** The instance, started with the values that it needs: what stands on the command line counts for more than all files. */
export function withNeeded(instance: Instance, low: readonly LowSetting[]): Instance {
  const options = low.map(({ name, needed }) => `-c ${quoteShell(`${name}=${needed}`)}`)
  return { ...instance, startOptions: [instance.startOptions, ...options].join(' ').trim() }
}

/** `max_connections is 100 here, and was 200 on the primary` */
export function describeLow(low: readonly LowSetting[]): string {
  return low
    .map(({ name, here, needed }) => `${name} is ${here} here and ${needed} on the primary`)
    .join(', ')
}

/** Asks a standby whether its replay stands still. Before version 14 a server with such settings ends instead. */
export async function isReplayPaused(connection: Connection, version: MajorVersion): Promise<boolean> {
  if (version < 14) return false
  const [row] = await connection.rows<{ paused: boolean | null }>(
    'select case when pg_catalog.pg_is_in_recovery() then pg_catalog.pg_is_wal_replay_paused() end as paused',
  )
  return row?.paused === true
}
