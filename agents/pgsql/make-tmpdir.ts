/** The directory for the agent's files, which belongs to pgdba alone. */
import { ExitCode, messageOf, OcfError } from '../../lib/ocf'
import { makePrivateDirectory, privateDirectoryObstacle } from '../../lib/system/owned-files'
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
