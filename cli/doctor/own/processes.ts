/** Processes of this node by the name of their program. */
import { readFileSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { accountOf, findProcess, processNumbers, programOf } from '../../../lib/system/processes'

/** The kernel keeps this many characters of a program's name. */
const NAME_LENGTH = 15

const WRITABLE_BY_OTHERS = 0o022

/** Whether root alone can change what has this path, or put something else in its place. */
function isOfRoot(path: string): boolean {
  const { uid, mode } = statSync(path)
  return uid === 0 && (mode & WRITABLE_BY_OTHERS) === 0 && (path === '/' || isOfRoot(dirname(path)))
}

/**
 * Whether a process is root's, and runs a program of that name that only root can have put there. Who starts a setuid
 * program may call it what he likes, and gives it its environment; and some of those are root's by all of their numbers.
 */
function runs(pid: number, names: readonly string[]): boolean {
  const program = programOf(pid)
  if (program === undefined || accountOf(pid) !== 0 || !names.includes(basename(program))) return false
  try {
    return isOfRoot(realpathSync(program))
  } catch {
    return false
  }
}

/** The numbers of root's that run: anybody can give a process of his a name. */
export function processesNamed(...names: readonly string[]): readonly number[] {
  const wanted = names.map((name) => name.slice(0, NAME_LENGTH))
  return processNumbers().filter((pid) => wanted.includes(findProcess(pid)?.name ?? '') && runs(pid, names))
}

/** A variable in the environment that a process was started with. */
export function variableOf(pid: number, name: string): string | undefined {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    return variables.find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1)
  } catch {
    return undefined
  }
}
