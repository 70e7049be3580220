/** How a program is run as another account: the one place that chooses the command line, and what root itself sees. */
import { MARK } from './end-program'
import { findProgram } from './find-program'
import { closeInheritedFiles } from './inherited-files'
import { accountEnvironment, SYSTEM_DIRECTORIES } from './program-environment'
import { isRoot, type User } from './users'

export type Argv = readonly [program: string, ...args: string[]]

export interface StartOptions {
  /** With the account's resource limits as PAM sets them (limits.conf(5)), which only runuser can do. */
  readonly limits?: boolean | undefined
  readonly cwd?: string | undefined
  /** Variables beside those that every program of an account's gets. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** What is given to `spawn`. */
export interface Start {
  readonly argv: Argv
  readonly cwd: string | undefined
  readonly env: NodeJS.ProcessEnv
}

/**
 * libpq's variables, and the mark: no program reads them before the change of identity, and one may hold a password,
 * which a command line would show to everybody.
 */
function isForRoot(name: string): boolean {
  return name === MARK || /^PG[A-Z]+$/.test(name)
}

/**
 * Runs `argv` as the account, with all of its groups (a TLS key may belong to group `ssl-cert`). It is run as it is where
 * this process is not root, and so is the account's already.
 *
 * setpriv becomes the program: nothing is left between it and this process. Where a system has none (util-linux before
 * 2.24), runuser starts it. Either is root's for a while: it finds programs where root has them, and libraries where the
 * system has them, and is in no directory of the account's. env(1), which the account runs then, does the rest.
 */
export function startAs(user: User, argv: Argv, { limits = false, cwd, env = {} }: StartOptions): Start {
  const variables = accountEnvironment(user, env)
  if (!isRoot()) return { argv, cwd, env: variables }
  closeInheritedFiles()
  const { name, uid, gid, nameless = false } = user
  const setpriv = limits ? undefined : findProgram('setpriv', SYSTEM_DIRECTORIES)
  const change: Argv =
    setpriv === undefined
      ? ['runuser', '-u', name, '--']
      : [setpriv, `--reuid=${uid}`, `--regid=${gid}`, nameless ? '--clear-groups' : '--init-groups', '--']
  const given = Object.entries(variables).filter(([, value]) => value !== undefined)
  const later = given.filter(([variable]) => !isForRoot(variable))
  // env takes a word with an equals sign for a variable.
  const program = argv[0].includes('=') ? ['sh', '-c', 'exec "$0" "$@"', ...argv] : argv
  return {
    argv: [
      ...change,
      'env',
      ...(cwd === undefined ? [] : ['-C', cwd]),
      ...later.map(([variable, value]) => `${variable}=${value}`),
      ...program,
    ],
    cwd: '/',
    env: {
      ...Object.fromEntries(given.filter(([variable]) => isForRoot(variable))),
      LC_ALL: 'C',
      PATH: SYSTEM_DIRECTORIES.join(':'),
    },
  }
}
