import { ExitCode, messageOf, OcfError } from '../../lib/ocf'
import { makePrivateDirectory } from '../../lib/system/owned-files'
import { type Site } from './site'

/**
 * Makes sure that there is a directory for the agent's files.
 *
 * @throws OcfError ERR_PERM when there cannot be
 */
export function makeTmpdir({ instance: { owner }, tmpdir }: Site): void {
  try {
    makePrivateDirectory(owner, tmpdir)
  } catch (error) {
    throw new OcfError(
      ExitCode.ERR_PERM,
      `tmpdir: ${tmpdir} cannot be a directory for ${owner.name} alone: set tmpdir to another`,
      { detail: messageOf(error), cause: error },
    )
  }
}
