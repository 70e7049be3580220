/** The word of a node on which nothing runs, on the latest promotion that it knows of: see decide-proof.ts. */
import { takeSnapshot } from '../../lib/cluster/snapshot'
import { messageOf } from '../../lib/ocf'
import { type Context } from './agent'
import { epochToPublish } from './promotions'
import { tryPublish } from './publish'
import { isReplicated, readSite } from './site'

/** At a probe. That it cannot be said, on a node without the software, is no error of the probe. */
export async function tellEpoch(context: Context): Promise<void> {
  const { deadline, log, env } = context
  if (env.node === undefined) return
  try {
    const site = await readSite(context)
    if (!isReplicated(site)) return
    const epoch = epochToPublish(await takeSnapshot(deadline), site.node, site.resource)
    if (epoch !== undefined) await tryPublish(site, site.node, { epoch }, log)
  } catch (error) {
    log.info(`the latest promotion that is known here is not published: ${messageOf(error)}`)
  }
}
