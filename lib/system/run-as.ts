/** The command line that runs a program as another account: the one place that chooses how. */
import { findProgram } from './find-program'
import { isRoot, type User } from './users'

export type Argv = readonly [program: string, ...args: string[]]

/**
 * The command that runs `argv` as the account, with all of its groups (a TLS key may belong to group `ssl-cert`). It is
 * `argv` itself where this process is not root, and so is the account's already.
 *
 * setpriv becomes the program: nothing is left between it and this process. Where a system has none (util-linux before
 * 2.24), runuser starts it.
 *
 * @param limits - with the account's resource limits as PAM sets them (limits.conf(5)), which only runuser can do
 */
export function argvAs({ name, uid, gid }: User, argv: Argv, limits = false): Argv {
  if (!isRoot()) return argv
  const setpriv = limits ? undefined : findProgram('setpriv')
  return setpriv === undefined
    ? ['runuser', '-u', name, '--', ...argv]
    : [setpriv, `--reuid=${uid}`, `--regid=${gid}`, '--init-groups', '--', ...argv]
}
