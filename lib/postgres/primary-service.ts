/** Programs of PostgreSQL's that connect to the primary, and nothing of a password on their command lines. */
import { type Deadline, ExitCode, OcfError } from '../ocf'
import { findProgram } from '../system/find-program'
import { removeOwned, writeOwned } from '../system/owned-files'
import { describeFailure, runProgram } from '../system/run-program'
import { dataVersion } from './data-version'
import { type Instance } from './instance'
import { SERVICE, serviceFile, serviceVariables } from './upstream'

/** A connection string, and the variables that it needs. */
export interface PrimaryService {
  /** For `-d` and `--source-server`: to a database, not for replication. */
  readonly connection: string
  readonly database: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Runs `work` while the settings of the connection lie in a service file (PostgreSQL manual, "The Connection Service
 * File").
 *
 * @param directory - the owner's own
 * @throws OcfError ERR_CONFIGURED for settings that no such file can hold
 */
export async function withPrimaryService<T>(
  instance: Instance,
  settings: Readonly<Record<string, string>>,
  directory: string,
  work: (service: PrimaryService) => Promise<T>,
): Promise<T> {
  const { owner } = instance
  const path = `${directory}/rejoin.service.conf`
  const { dbname = 'postgres', ...others } = settings
  // What replication is told by it is no database.
  const database = dbname === 'replication' ? 'postgres' : dbname
  // Of the primary's version, too. pg_rewind makes a temporary table there, up to version 13.
  const needs = { purpose: 'write', superuser: false, version: dataVersion(instance) } as const
  writeOwned(owner, path, serviceFile({ ...others, dbname: database }))
  try {
    return await work({
      connection: `service=${SERVICE}`,
      database,
      env: serviceVariables(path, owner, settings, needs),
    })
  } finally {
    removeOwned(owner, path)
  }
}

/**
 * One question to the primary, by psql.
 *
 * @param psql - a path, or a name that is found in PATH
 * @returns its rows as psql prints them unaligned, `|` between the columns
 * @throws OcfError ERR_INSTALLED without psql, ERR_GENERIC when there is no answer
 */
export async function askPrimary(
  instance: Instance,
  { connection, env }: PrimaryService,
  psql: string,
  question: string,
  deadline: Deadline,
): Promise<string> {
  const { owner } = instance
  const program = psql.includes('/') ? psql : findProgram(psql)
  if (program === undefined) {
    throw new OcfError(ExitCode.ERR_INSTALLED, `psql: there is no program ${psql} on this host`)
  }
  const args = ['-X', '-A', '-t', '-q', '-w', '-d', connection, '-c', question]
  const result = await runProgram(program, args, {
    as: owner,
    deadline,
    cwd: instance.dataDirectory,
    env,
  })
  if (result.code === 0) return result.stdout.trim()
  throw new OcfError(ExitCode.ERR_GENERIC, describeFailure('psql', result))
}
