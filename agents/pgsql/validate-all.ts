import { ExitCode } from '../../lib/ocf'
import { type Context } from './agent'
import { checkHost } from './check-host'
import { refuseHalf } from './rewinding'
import { readSite } from './site'

/** Whether the resource could run on this host as it is configured; changes nothing. */
export async function validateAll(context: Context): Promise<ExitCode> {
  const site = await readSite(context)
  const version = checkHost(site, context.values)
  refuseHalf(site)
  context.explain?.observed({ node: site.node, version, instance: site.instance })
  return ExitCode.SUCCESS
}
