/** Asking the primary, as a standby reaches it. */
import { type Deadline, ExitCode, OcfError } from '../../lib/ocf'
import { readConninfo } from '../../lib/postgres/conninfo'
import { withService } from '../../lib/postgres/service-file'
import { askUpstream, type Upstream } from '../../lib/postgres/upstream'
import { type Context, type Values } from './agent'
import { makeTmpdir } from './make-tmpdir'
import { type Site } from './site'
import { CONNINFO_FORM } from './parameters'
import { primaryConninfo } from './standby-settings'

export type PrimarySettings = Readonly<Record<string, string>>

/**
 * The settings of the connection to the primary.
 *
 * @throws OcfError ERR_CONFIGURED when primary_conninfo_opt is no such thing
 */
export function primarySettings(site: Site, values: Values): PrimarySettings {
  const { settings, problem } = readConninfo(primaryConninfo(site, values))
  const resolved = settings && withService(site.instance.owner, settings)
  if (resolved !== undefined) return resolved
  if (settings !== undefined) {
    throw new OcfError(
      ExitCode.ERR_CONFIGURED,
      `primary_conninfo_opt: no pg_service.conf that ${site.instance.owner.name} can read has the service '${String(settings['service'])}': define it in ~${site.instance.owner.name}/.pg_service.conf on this node`,
    )
  }
  throw new OcfError(ExitCode.ERR_CONFIGURED, `primary_conninfo_opt: ${problem}: ${CONNINFO_FORM}`)
}

/** @throws OcfError when it does not answer, or lets nobody in */
export function askPrimary(
  { values }: Context,
  site: Site,
  settings: PrimarySettings,
  deadline: Deadline,
  connectSeconds?: string,
): Promise<Upstream> {
  makeTmpdir(site)
  return askUpstream(site.instance, settings, values.psql, site.tmpdir, deadline, connectSeconds)
}
