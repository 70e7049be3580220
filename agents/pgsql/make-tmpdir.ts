/** The directory for the agent's files, which belongs to pgdba alone. */
import { ExitCode, messageOf, OcfError } from '../../lib/ocf'
import {
  makePrivateDirectory,
  privateDirectoryObstacle,
  readOwned,
  writeOwned,
} from '../../lib/system/owned-files'
import { parameters } from './parameters'
import { type Site } from './site'

function refusal(
  { instance: { owner }, tmpdir }: Site,
  obstacle: string | undefined,
  cause?: unknown,
): OcfError {
  return new OcfError(
    ExitCode.ERR_PERM,
    `tmpdir: ${tmpdir} ${obstacle ?? `cannot be a directory for ${owner.name} alone`}: set tmpdir to another`,
    {
      detail: `a directory of ${owner.name}'s own, or one that is not there yet and that the agent makes${
        cause === undefined ? '' : `; ${messageOf(cause)}`
      }`,
      cause,
    },
  )
}

/**
 * Looks whether there is such a directory, or whether one can be made; changes nothing. A server without replication
 * does without it: then only a directory counts that the operator has named.
 *
 * @throws OcfError ERR_PERM where there can be none
 */
export function checkTmpdir(site: Site): void {
  if (site.kind === 'alone' && site.tmpdir === parameters.tmpdir.default) return
  const obstacle = privateDirectoryObstacle(site.instance.owner, site.tmpdir)
  if (obstacle !== undefined) throw refusal(site, obstacle)
  refuseShared(site)
}

/** Whose files they are, as the file there says; nothing where nobody has said so, or not in this form. */
function readClaim({ instance: { owner }, files }: Site): { resource: string; pgdata: string } | undefined {
  try {
    const { resource, pgdata } = JSON.parse(readOwned(owner, files.claim) ?? '{}') as Record<string, unknown>
    return typeof resource === 'string' && typeof pgdata === 'string' ? { resource, pgdata } : undefined
  } catch {
    return undefined
  }
}

/**
 * Two resources on one node that shared these files would overwrite each other's settings, and take each other's lock
 * file for their own. A resource may get another name, and its data another place, but not both at once.
 */
function refuseShared(site: Site): void {
  const { instance, resource, tmpdir, files } = site
  const claim = readClaim(site)
  if (claim === undefined || claim.resource === resource || claim.pgdata === instance.dataDirectory) return
  throw new OcfError(
    ExitCode.ERR_ARGS,
    `tmpdir: ${tmpdir} holds the files of resource ${claim.resource} (${claim.pgdata}): set tmpdir of ${resource} to a directory of its own`,
    { detail: `if ${claim.resource} is no resource any more, remove ${files.claim}` },
  )
}

/**
 * Says that the files in tmpdir are this resource's.
 *
 * @throws OcfError ERR_ARGS where they are another one's
 */
export function claimTmpdir(site: Site): void {
  const { instance, resource, files } = site
  const claim = readClaim(site)
  refuseShared(site)
  if (claim?.resource === resource && claim.pgdata === instance.dataDirectory) return
  writeOwned(instance.owner, files.claim, `${JSON.stringify({ resource, pgdata: instance.dataDirectory })}\n`)
}

/**
 * Makes sure that there is a directory for the agent's files.
 *
 * @throws OcfError ERR_PERM when there cannot be
 */
export function makeTmpdir(site: Site): void {
  const { instance, tmpdir } = site
  try {
    makePrivateDirectory(instance.owner, tmpdir)
  } catch (error) {
    throw refusal(site, privateDirectoryObstacle(instance.owner, tmpdir), error)
  }
}
