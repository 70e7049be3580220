/** The operator's restore_command, asked whether it has a file (PostgreSQL manual, "restore_command"). */
import { type Deadline } from '../ocf'
import { existsOwned, removeOwned } from '../system/owned-files'
import { runProgram } from '../system/run-program'
import { type Instance } from './instance'

/** An archive that takes longer is not known to lack the file. */
const PATIENCE_MS = 10_000

/** PostgreSQL puts a path into the command as it is. */
const PLAIN = /^[\w./:=-]+$/

/** The command for one file, as PostgreSQL makes it. */
export function restoreCommandText(
  command: string,
  { file, target, oldest }: { readonly file: string; readonly target: string; readonly oldest: string },
): string {
  const parts: Readonly<Record<string, string>> = { f: file, p: target, r: oldest, '%': '%' }
  return command.replace(/%(.)/g, (text, letter: string) => parts[letter] ?? text)
}

/**
 * Whether the command brings a file of the WAL. It is run as the server does it, as its owner and in its data
 * directory, except that the file goes elsewhere.
 *
 * @param oldest - the oldest file that the server may still need (`%r`)
 * @param directory - the owner's own, for a file that is gone afterwards
 * @returns nothing when it does not end in time, or cannot be given a path that PostgreSQL would never give it
 */
export async function restores(
  { owner, dataDirectory }: Instance,
  command: string,
  file: string,
  oldest: string,
  directory: string,
  deadline: Deadline,
): Promise<boolean | undefined> {
  const target = `${directory}/restored.${process.pid}`
  if (!PLAIN.test(target)) return undefined
  const text = restoreCommandText(command, { file, target, oldest })
  try {
    const { code, timedOut } = await runProgram('sh', ['-c', text], {
      as: owner,
      deadline: deadline.within(PATIENCE_MS),
      cwd: dataDirectory,
    })
    return timedOut ? undefined : code === 0 && existsOwned(owner, target)
  } finally {
    removeOwned(owner, target)
  }
}
