import { type Deadline, ExitCode, OcfError } from '../ocf'
import { describeFailure, runProgram } from '../system/run-program'
import { type Connection } from './connection'
import { findPgCtl, serverEnvironment } from './start-server'
import { type Instance, type MajorVersion } from './instance'

/** Milliseconds between two looks at whether the promotion is through; a look costs well under one. */
const POLL_MS = 5

/**
 * Makes a standby the primary of a new timeline and waits until it takes writes.
 *
 * @param connection - to the standby; it stays open through the promotion
 * @throws OcfError ERR_GENERIC when the server refuses or the deadline passes
 */
export async function promoteServer(
  instance: Instance,
  version: MajorVersion,
  connection: Connection,
  deadline: Deadline,
): Promise<void> {
  if (version >= 12) {
    await connection.rows('select pg_catalog.pg_promote(wait => false)')
  } else {
    // -W: do not wait; we look more often than pg_ctl does.
    const pgCtl = findPgCtl(instance.pgctl) ?? instance.pgctl
    const result = await runProgram(pgCtl, ['-D', instance.dataDirectory, '-W', 'promote'], {
      as: instance.owner,
      deadline,
      cwd: instance.dataDirectory,
      env: serverEnvironment(instance),
    })
    if (result.code !== 0) {
      throw new OcfError(ExitCode.ERR_GENERIC, describeFailure('pg_ctl promote', result))
    }
  }
  await deadline.until('PostgreSQL to end recovery after it was promoted', POLL_MS, async () => {
    const [row] = await connection.rows<{ recovering: boolean }>(
      'select pg_catalog.pg_is_in_recovery() as recovering',
    )
    return row?.recovering === false ? true : undefined
  })
}
