/** Processes of this node by the name of their program. */
import { readFileSync } from 'node:fs'
import { accountOf, findProcess, processNumbers } from '../../../lib/system/processes'

/** The kernel keeps this many characters of a program's name. */
const NAME_LENGTH = 15

/** The numbers of root's that run: anybody can give a process of his a name. */
export function processesNamed(...names: readonly string[]): readonly number[] {
  const wanted = names.map((name) => name.slice(0, NAME_LENGTH))
  return processNumbers().filter(
    (pid) => wanted.includes(findProcess(pid)?.name ?? '') && accountOf(pid) === 0,
  )
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
