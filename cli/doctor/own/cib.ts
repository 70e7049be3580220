/** The configuration as this node knows it. */
import { type Deadline } from '../../../lib/ocf'
import { queryCib } from '../../../lib/cluster/query-cib'
import { ROOT } from '../../../lib/system/held-directory'
import { readOwned } from '../../../lib/system/owned-files'

/** Where pacemaker keeps it; the last is pacemaker 1.0's. */
const ON_DISK = ['/var/lib/pacemaker/cib/cib.xml', '/var/lib/heartbeat/crm/cib.xml']

/** Larger than any that pacemaker could work with. */
const MOST_BYTES = 256 * 1024 * 1024

export interface OwnCib {
  /** Nothing where there never was a cluster. */
  readonly xml: string | undefined
  /** Pacemaker runs here, and gave it. */
  readonly live: boolean
}

function fromDisk(): string | undefined {
  for (const path of ON_DISK) {
    try {
      const xml = readOwned(ROOT, path, { limit: MOST_BYTES })
      if (xml !== undefined) return xml
    } catch {
      // Then the next.
    }
  }
  return undefined
}

/** From pacemaker where it runs here, otherwise from the disk, as it was when it last ran. */
export async function readOwnCib(deadline: Deadline): Promise<OwnCib> {
  try {
    const { code, stdout } = await queryCib(deadline)
    if (code === 0) return { xml: stdout, live: true }
  } catch {
    // No pacemaker is installed here.
  }
  return { xml: fromDisk(), live: false }
}
