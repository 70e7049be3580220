/** Which PostgreSQL a data directory is of, for what goes on without knowing it. */
import { readOwned } from '../system/owned-files'
import { type Instance, type MajorVersion, readVersion } from './instance'

/** The version in PG_VERSION; nothing where that cannot be read: what cannot do without it says why. */
export function dataVersion({
  owner,
  dataDirectory,
}: Pick<Instance, 'owner' | 'dataDirectory'>): MajorVersion | undefined {
  try {
    return readVersion(readOwned(owner, `${dataDirectory}/PG_VERSION`))
  } catch {
    return undefined
  }
}
