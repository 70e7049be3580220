/** Named network namespaces, as iproute2 keeps them. */
import { spawn } from 'node:child_process'
import { statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ExitCode, OcfError } from '../ocf'
import { programDirectories } from '../system/program-environment'

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
 * @returns its exit code; nothing when a signal ended it
 * @throws OcfError ERR_INSTALLED when there is no iproute2
 */
export function runInNamespace(
  name: string,
  argv: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): Promise<number | undefined> {
  const env = { ...variables, PATH: programDirectories().join(':') }
  return new Promise((resolve, reject) => {
    const child = spawn('ip', ['netns', 'exec', name, ...argv], {
      env,
      // It is this program again, which prints with care by itself.
      // eslint-disable-next-line no-restricted-syntax
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    child.once('error', (error: NodeJS.ErrnoException) => {
      const missing = error.code === 'ENOENT'
      reject(
        new OcfError(
          missing ? ExitCode.ERR_INSTALLED : ExitCode.ERR_GENERIC,
          `cannot run ip: ${missing ? 'it is not installed, or not in a directory of PATH' : error.message}`,
        ),
      )
    })
    child.once('close', (code) => {
      resolve(code ?? undefined)
    })
  })
}
