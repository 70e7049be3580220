/** What a primary says of itself to one that wants to replicate from it (PostgreSQL manual, "Streaming Replication Protocol"). */
import { type Deadline, ExitCode, OcfError } from '../ocf'
import { findProgram } from '../system/find-program'
import { removeOwned, writeOwned } from '../system/owned-files'
import { describeFailure, type ProgramResult, runProgram } from '../system/run-program'
import { type User } from '../system/users'
import { type Timeline } from './control-data'
import { type Instance } from './instance'
import { type Lsn, readLsn } from './lsn'
import { type SessionNeeds, startupOptions } from './session-settings'
import { type SlotTrouble } from './slots'
import { type Fork, readTimelineHistory } from './timeline-history'

export interface Upstream {
  readonly systemIdentifier: string
  readonly timeline: Timeline
  /** How far it had written its log to disk, or, itself a standby, received it. */
  readonly flushed: Lsn | undefined
  /** The timelines before this one, from the oldest. */
  readonly history: readonly Fork[]
}

/** The name of the service in `serviceFile`. */
export const SERVICE = 'ocf-ts'

/** Not a standby's: the primary is not to take a question for one that follows. */
export const QUESTIONER = 'ocf-ts'

/** How long it may take to connect, where the connection's own settings do not say. */
export const CONNECT_SECONDS = '5'

/**
 * What is not in the file: `options` is a variable of its own; and a session that may only read is no `read-write` one
 * to libpq. Whether it is the primary that answers is looked at otherwise.
 */
const APART = ['options', 'target_session_attrs']

/**
 * The settings as a service file, which keeps a password off the command line. Without `options`, which is a variable
 * of `serviceVariables`: libpq up to version 12 reads no line that is longer than 255 bytes.
 *
 * @throws OcfError ERR_CONFIGURED for what no line can hold
 */
export function serviceFile(settings: Readonly<Record<string, string>>): string {
  const named = Object.entries(settings).filter(([name]) => !APART.includes(name))
  const lines = named.map(([name, value]) => {
    if (/[\r\n]/.test(value)) {
      throw new OcfError(ExitCode.ERR_CONFIGURED, `primary_conninfo_opt: ${name} has more than one line`)
    }
    // libpq cuts them off.
    if (/[ \t\v\f]$/.test(value)) {
      throw new OcfError(
        ExitCode.ERR_CONFIGURED,
        `primary_conninfo_opt: ${name} ends with a blank, which cannot be passed to psql and pg_rewind: choose another, or use ~/.pgpass`,
      )
    }
    return `${name}=${value}\n`
  })
  return `[${SERVICE}]\n${lines.join('')}`
}

/**
 * The variables with which libpq's programs open a session by a service file, with our settings.
 *
 * @param path - of the service file
 * @param options - of the connection's own settings: what they set beside ours stays
 * @param connectSeconds - how long it may take to connect, where the settings do not say
 */
export function serviceVariables(
  path: string,
  { home }: User,
  { options = '' }: Readonly<Record<string, string>>,
  needs: SessionNeeds,
  connectSeconds = CONNECT_SECONDS,
): Readonly<Record<string, string | undefined>> {
  return {
    PGSERVICEFILE: path,
    PGCONNECT_TIMEOUT: connectSeconds,
    PGOPTIONS: `${options} ${startupOptions(needs)}`.trim(),
    HOME: home,
  }
}

/** No version: settings of a database or role do not count for a WAL sender, only those of the server. */
const NEEDS: SessionNeeds = { purpose: 'read', superuser: false, version: undefined }

/** The server in whose place a standby asks, how it reaches the primary, and by which psql. */
interface Question {
  readonly instance: Instance
  readonly settings: Readonly<Record<string, string>>
  /** A path, or a name that is found in PATH. */
  readonly psql: string
  /** The owner's own, for a file that is gone afterwards. */
  readonly directory: string
  readonly deadline: Deadline
  /** How long it may take to connect, where the settings do not say. */
  readonly connectSeconds?: string | undefined
}

type Ask = (command: string, ...options: readonly string[]) => Promise<ProgramResult>

/** @throws OcfError ERR_INSTALLED without psql */
async function withQuestions<T>(
  { instance, settings, psql, directory, deadline, connectSeconds = CONNECT_SECONDS }: Question,
  work: (ask: Ask) => Promise<T>,
): Promise<T> {
  const { owner } = instance
  const program = psql.includes('/') ? psql : findProgram(psql)
  if (program === undefined) {
    throw new OcfError(ExitCode.ERR_INSTALLED, `psql: there is no program ${psql} on this host`)
  }
  const service = `${directory}/upstream.${process.pid}.conf`
  const connection = `service=${SERVICE} dbname=replication replication=true`
  writeOwned(owner, service, serviceFile({ ...settings, application_name: QUESTIONER }))
  try {
    return await work((command, ...options) =>
      runProgram(program, ['-X', '-A', '-t', '-w', ...options, '-d', connection, '-c', command], {
        as: owner,
        deadline,
        cwd: instance.dataDirectory,
        env: serviceVariables(service, owner, settings, NEEDS, connectSeconds),
      }),
    )
  } finally {
    removeOwned(owner, service)
  }
}

/**
 * Asks the server that is reached by the settings of a connection string. It is libpq's own program that does, as the
 * server's owner: what the WAL receiver can connect with (`passfile`, `sslmode`, a key of the owner's), this can.
 *
 * @param psql - a path, or a name that is found in PATH
 * @param directory - the owner's own, for a file that is gone afterwards
 * @param connectSeconds - how long it may take to connect, where the settings do not say
 * @throws OcfError ERR_INSTALLED without psql, ERR_GENERIC when there is no answer
 */
export function askUpstream(
  instance: Instance,
  settings: Readonly<Record<string, string>>,
  psql: string,
  directory: string,
  deadline: Deadline,
  connectSeconds?: string,
): Promise<Upstream> {
  const question = { instance, settings, psql, directory, deadline, connectSeconds }
  return withQuestions(question, async (run) => {
    const ask = async (command: string): Promise<string> => {
      const result = await run(command)
      if (result.code === 0) return result.stdout
      throw new OcfError(ExitCode.ERR_GENERIC, describeFailure('psql', result))
    }
    const [systemIdentifier = '', timelineText, flushed] = (await ask('IDENTIFY_SYSTEM')).trim().split('|')
    const timeline = Number(timelineText)
    const file = timeline > 1 ? await ask(`TIMELINE_HISTORY ${timeline}`) : ''
    const history = readTimelineHistory(file.slice(file.indexOf('|') + 1))
    if (systemIdentifier !== '' && timeline > 0 && history !== undefined) {
      return { systemIdentifier, timeline, flushed: readLsn(flushed), history }
    }
    throw new OcfError(ExitCode.ERR_GENERIC, 'the primary did not say which timeline it is on')
  })
}

/** SQLSTATEs with which a server refuses a slot: undefined_object, object_not_in_prerequisite_state. */
const SLOT_TROUBLES: Readonly<Record<string, SlotTrouble>> = { '42704': 'missing', '55000': 'invalid' }

/**
 * Asks the primary whether a standby can stream through a slot, by beginning to: it looks at the slot before anything
 * else, and psql hangs up when the streaming begins. Before version 18 an invalidated slot is not refused: there, it is
 * the WAL that is missing.
 *
 * @returns what is wrong with it; nothing where it can, or something else is wrong
 */
export function askSlot(
  instance: Instance,
  settings: Readonly<Record<string, string>>,
  slot: string,
  psql: string,
  directory: string,
  deadline: Deadline,
  connectSeconds?: string,
): Promise<SlotTrouble | undefined> {
  const question = { instance, settings, psql, directory, deadline, connectSeconds }
  return withQuestions(question, async (run) => {
    // The words of a message are in the server's language; its code is not.
    const { stderr } = await run(`START_REPLICATION SLOT "${slot}" PHYSICAL 0/0`, '-v', 'VERBOSITY=verbose')
    const [, code = ''] = /^[^\n]*: +([0-9A-Z]{5}): /m.exec(stderr) ?? []
    return SLOT_TROUBLES[code]
  })
}
