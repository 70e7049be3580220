import { type Deadline, type Log } from '../../lib/ocf'
import { type ServerPlace } from '../../lib/postgres/server-state'
import { accountOfDirectory } from '../../lib/system/directory-account'
import { findUser, UnknownUserError, type User } from '../../lib/system/users'
import { type Values } from './agent'
import { trimSlashes } from './parameters'

/** The data directory, for what must do without knowing anything else. */
export function dataDirectoryOf({ pgdata }: Pick<Values, 'pgdata'>): string {
  return trimSlashes(pgdata)
}

/**
 * The account `pgdba`. Where the host's name service does not say who that is, it is the account that the data directory
 * belongs to, by its number: PostgreSQL runs as no other.
 *
 * @returns nothing when there is no such account
 * @throws UnknownUserError when neither says who it is
 */
export async function findOwner(
  values: Pick<Values, 'pgdata' | 'pgdba'>,
  deadline: Deadline,
  log?: Pick<Log, 'warning'>,
): Promise<User | undefined> {
  try {
    return await findUser(values.pgdba, deadline)
  } catch (error) {
    if (!(error instanceof UnknownUserError)) throw error
    const owner = accountOfDirectory(dataDirectoryOf(values), values.pgdba)
    if (owner === undefined) throw error
    log?.warning(
      `pgdba: ${error.message}; user ${owner.uid}, to whom ${dataDirectoryOf(values)} belongs, is taken for ${owner.name}`,
    )
    return owner
  }
}

/**
 * Where the server runs, and as which account. That is not known where the host has no such account, or cannot say: no
 * reason not to stop the server.
 */
export async function serverPlaceOf(
  values: Pick<Values, 'pgdata' | 'pgdba'>,
  deadline: Deadline,
): Promise<ServerPlace> {
  const owner = await findOwner(values, deadline).catch(() => undefined)
  return { dataDirectory: dataDirectoryOf(values), owner }
}
