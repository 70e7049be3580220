/** A database of this node. */
import { agent, type Values } from '../../../agents/pgsql/agent'
import { checkHost } from '../../../agents/pgsql/check-host'
import { primarySettings } from '../../../agents/pgsql/ask-primary'
import { withSession } from '../../../agents/pgsql/session'
import { readSite, type Site } from '../../../agents/pgsql/site'
import { resourceEnvironmentFrom } from '../../../lib/cluster/resource-environment'
import { type Deadline, messageOf, OcfError } from '../../../lib/ocf'
import { readVariables } from '../../../lib/ocf/dispatch'
import { readEnvironment } from '../../../lib/ocf/environment'
import { controlDataOf } from '../../../lib/postgres/control-data'
import { RECOVERY_TARGETS } from '../../../lib/postgres/recovery-settings'
import { findServer } from '../../../lib/postgres/server-state'
import { askUpstream } from '../../../lib/postgres/upstream'
import { existsOwned, readOwned, statOwned } from '../../../lib/system/owned-files'
import { gatherOwnFacts } from '../../nodes/own-facts'
import { type DatabaseFacts, type ReplicationLogin, type ServerFacts } from '../facts'
import { type Place } from './disks'
import { examineFile } from './private-file'
import { directoriesOf, lacksOf } from './restore-command'
import { askSettings } from './server'

const ANSWER_MS = 3000
const CONNECT_SECONDS = '3'

/** Settings of postgresql.auto.conf that override what the agent says. */
const AGENTS_SETTINGS = [
  'synchronous_standby_names',
  'primary_conninfo',
  'primary_slot_name',
  'restore_command',
  'archive_cleanup_command',
  'recovery_end_command',
  'recovery_target_timeline',
  ...RECOVERY_TARGETS,
]
const MAY_HOLD_PASSWORD = ['primary_conninfo']

/** The settings in postgresql.auto.conf that are the agent's to make. */
export function readAutomatic(text: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const [, name = '', value = ''] = /^\s*([\w.]+)(?:\s*=)?\s*'((?:[^']|'')*)'/.exec(line) ?? []
    if (!AGENTS_SETTINGS.includes(name)) continue
    found[name] = MAY_HOLD_PASSWORD.includes(name) && value !== '' ? '(set)' : value.replaceAll("''", "'")
  }
  return found
}

/** Asks the primary as the standby of this node would, with libpq and the standby's own settings. */
async function tryLogin(site: Site, values: Values, deadline: Deadline): Promise<ReplicationLogin> {
  const directory = existsOwned(site.instance.owner, site.tmpdir) ? site.tmpdir : '/tmp'
  try {
    const settings = primarySettings(site, values)
    const { timeline, history } = await askUpstream(
      site.instance,
      settings,
      values.psql,
      directory,
      deadline,
      CONNECT_SECONDS,
    )
    return { kind: 'answered', timeline, history }
  } catch (error) {
    if (!(error instanceof OcfError)) throw error
    return { kind: 'failed', error: messageOf(error) }
  }
}

/** As the agent's validate-all: parameters first, then this host. */
function whyInvalid(site: Site, values: Values, problems: readonly string[]): readonly string[] {
  if (problems.length > 0) return problems
  try {
    checkHost(site, values)
    return []
  } catch (error) {
    if (error instanceof OcfError) return [error.reason]
    throw error
  }
}

function lockedSince({ instance, files }: Site): number | null {
  const found = statOwned(instance.owner, files.lock)
  return found === undefined ? null : found.mtimeMs / 1000
}

/** A database, and where it keeps its files. */
export interface Examined {
  readonly facts: DatabaseFacts
  readonly places: readonly Place[]
}

function placesOf(site: Site, values: Values, server: ServerFacts | null): readonly Place[] {
  const { dataDirectory } = site.instance
  const { archive_command: archive = '', log_directory: logs = '' } = server?.settings ?? {}
  return [
    { path: dataDirectory, holds: 'data' },
    { path: `${dataDirectory}/pg_wal`, holds: 'WAL' },
    { path: site.tmpdir, holds: "the agent's files" },
    ...[...directoriesOf(archive), ...directoriesOf(values.restore_command)].map((path) => ({
      path,
      holds: 'archive',
    })),
    ...(logs === ''
      ? []
      : [{ path: logs.startsWith('/') ? logs : `${dataDirectory}/${logs}`, holds: 'log' }]),
  ]
}

/**
 * @param xml - the CIB
 * @param node - this node's name
 */
export async function examineDatabase(
  xml: string,
  id: string,
  node: string,
  deadline: Deadline,
): Promise<Examined> {
  const variables = { ...resourceEnvironmentFrom(xml, id, node), OCF_RESKEY_CRM_meta_on_node: node }
  const env = readEnvironment(variables, agent.name)
  const { values, problems: unread } = readVariables(agent, variables, env)
  const problems = unread.length > 0 ? unread : (agent.validate?.(values, env) ?? [])
  const site = await readSite({ values, env, deadline })
  const { owner, dataDirectory } = site.instance
  const facts = await gatherOwnFacts(id, variables)
  const unknown = [...facts.unknown]
  const attempt = async <T>(what: string, find: () => T | Promise<T>): Promise<T | null> => {
    try {
      return await find()
    } catch (error) {
      unknown.push(`${what}: ${messageOf(error)}`)
      return null
    }
  }
  const found = findServer(site.instance)
  const version = facts.majorVersion ?? 0
  const isStandby = facts.sql === null || facts.sql.inRecovery
  const [server, control, login] = await Promise.all([
    facts.sql !== null && found.kind === 'running'
      ? attempt('settings', () =>
          withSession(
            site,
            values,
            {
              pid: found.postmaster.pid,
              pidFile: found.pidFile,
              answerMs: ANSWER_MS,
              patience: deadline.within(0),
            },
            deadline,
            (connection) => askSettings(connection, version, isStandby, values.repuser, values.pgdb),
          ),
        )
      : null,
    version > 0 ? attempt('control data', () => controlDataOf(site.instance, deadline)) : null,
    site.kind !== 'alone' && isStandby && version > 0
      ? attempt('login to the primary', () => tryLogin(site, values, deadline))
      : null,
  ])
  const automatic = await attempt('postgresql.auto.conf', () =>
    readAutomatic(readOwned(owner, `${dataDirectory}/postgresql.auto.conf`) ?? ''),
  )
  const home = owner.home
  return {
    facts: {
      resource: id,
      node: { ...facts, node, unknown },
      server,
      automatic: automatic ?? {},
      login,
      passwordFile:
        home === undefined ? null : await attempt('.pgpass', () => examineFile(owner, `${home}/.pgpass`)),
      ownerId: owner.uid,
      restoreLacks: values.restore_command === '' ? [] : lacksOf(values.restore_command),
      rewindable: control?.rewindable ?? null,
      lockedSince: await attempt('lock file', () => lockedSince(site)),
      lockFile: site.files.lock,
      invalid:
        (await attempt('fitness', () =>
          whyInvalid(
            site,
            values,
            problems.map(({ reason }) => reason),
          ),
        )) ?? [],
    },
    places: placesOf(site, values, server),
  }
}
