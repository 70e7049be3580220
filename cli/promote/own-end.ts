/** Where the data of a stopped server ends: the internal command `data-end`. */
import { agent } from '../../agents/pgsql/agent'
import { readSite } from '../../agents/pgsql/site'
import { resourceEnvironment } from '../../lib/cluster/resource-environment'
import { Deadline } from '../../lib/ocf'
import { readVariables } from '../../lib/ocf/dispatch'
import { readEnvironment } from '../../lib/ocf/environment'
import { controlDataOf } from '../../lib/postgres/control-data'
import { laterLsn, type Lsn } from '../../lib/postgres/lsn'
import { endOfRecords } from '../../lib/postgres/wal-records'

const TIMEOUT_MS = 10_000

export interface DataEnd {
  readonly timeline: number
  readonly end: Lsn
}

/**
 * From its control file and its WAL; nothing is started.
 *
 * @param resource - the primitive's id
 */
export async function findOwnEnd(resource: string): Promise<DataEnd> {
  const deadline = new Deadline(TIMEOUT_MS)
  const variables = await resourceEnvironment(resource)
  const env = readEnvironment(variables, agent.name)
  const { values } = readVariables(agent, variables, env)
  const { instance } = await readSite({ values, env, deadline })
  const { timeline, checkpoint, recoveryEnd } = await controlDataOf(instance, deadline)
  const known = laterLsn(checkpoint, recoveryEnd) ?? checkpoint
  const read = await endOfRecords(instance, timeline, checkpoint, deadline)
  return { timeline, end: laterLsn(known, read) ?? known }
}
