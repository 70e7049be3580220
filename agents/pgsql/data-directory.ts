import { type Deadline } from '../../lib/ocf'
import { type ServerPlace } from '../../lib/postgres/server-state'
import { findUser } from '../../lib/system/users'
import { type Values } from './agent'
import { trimSlashes } from './parameters'

/** The data directory, for what must do without knowing anything else. */
export function dataDirectoryOf({ pgdata }: Pick<Values, 'pgdata'>): string {
  return trimSlashes(pgdata)
}

/** How long the host's name service may take. */
const LOOKUP_MS = 5000

/**
 * Where the server runs, and as which account. That is not known where the host has no such account, or cannot say: no
 * reason not to stop the server.
 */
export async function serverPlaceOf(
  values: Pick<Values, 'pgdata' | 'pgdba'>,
  deadline: Deadline,
): Promise<ServerPlace> {
  const owner = await findUser(values.pgdba, deadline.within(LOOKUP_MS)).catch(() => undefined)
  return { dataDirectory: dataDirectoryOf(values), owner }
}
