import { ExitCode } from '../../lib/ocf'
import { type Context } from './agent'
import { publish } from './publish'
import { readReplicatedSite } from './site'

/** There is a primary: positions of the election are of no more use, nor the baseline of any node but the primary. */
export async function afterPromote(context: Context, promotedHere: boolean): Promise<ExitCode> {
  const site = await readReplicatedSite(context)
  await publish(site, site.node, { position: null, ...(!promotedHere && { baseline: null }) })
  return ExitCode.SUCCESS
}
