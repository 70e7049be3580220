/** Named network namespaces, as iproute2 keeps them. */
import { statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Deadline } from '../ocf'
import { programDirectories } from '../system/program-environment'
import { type ProgramResult, runProgram } from '../system/run-program'

const DIRECTORY = '/run/netns'
/** The type of the kernel's file system of namespaces, in its magic.h. */
const NSFS_MAGIC = 0x6e736673

/** Whether this process is in a namespace, or there is one elsewhere, or none of that name. */
export function findNamespace(name: string): 'here' | 'elsewhere' | 'nowhere' {
  const path = join(DIRECTORY, name)
  try {
    // A file is left where a namespace was not taken away as it should be.
    if (statfsSync(path).type !== NSFS_MAGIC) return 'nowhere'
    const own = statSync('/proc/self/ns/net')
    const other = statSync(path)
    return own.ino === other.ino && own.dev === other.dev ? 'here' : 'elsewhere'
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'nowhere'
    throw error
  }
}

/**
 * Runs a program in a namespace; it writes where this process writes.
 *
 * @param variables - beside those that every program gets
 * @throws OcfError ERR_INSTALLED when there is no iproute2
 */
export function runInNamespace(
  name: string,
  argv: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
  deadline: Deadline,
): Promise<ProgramResult> {
  const env = { ...variables, PATH: programDirectories().join(':') }
  return runProgram('ip', ['netns', 'exec', name, ...argv], { deadline, env, output: 'inherit' })
}
