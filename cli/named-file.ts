/** Files that the operator names for what a command writes. */
import { resolve } from 'node:path'
import { messageOf } from '../lib/ocf'
import { ROOT } from '../lib/system/held-directory'
import { statOwned, writeOwned } from '../lib/system/owned-files'
import { CommandError, Exit } from './exit'

/**
 * Replaces the file in one step: who reads it meanwhile finds the old one or the new one. In a directory that another
 * account can write to it is made with the rights of that account, and nothing that lies there is followed.
 *
 * @throws Error where something other than a file has that name, or none can be made there
 */
export function replaceFile(path: string, text: string, mode: number): void {
  const file = resolve(path)
  const found = statOwned(ROOT, file)
  if (found !== undefined && !found.isFile()) {
    throw new Error(`${path} is ${found.isSymbolicLink() ? 'a symbolic link' : 'no regular file'}`)
  }
  writeOwned(ROOT, file, text, mode)
}

/**
 * As `replaceFile`.
 *
 * @param option - that names the file: `--textfile`
 * @throws CommandError TROUBLE
 */
export function replaceNamedFile(option: string, path: string, text: string, mode: number): void {
  try {
    replaceFile(path, text, mode)
  } catch (error) {
    throw new CommandError(
      Exit.TROUBLE,
      `${option}: ${messageOf(error)}`,
      'name a regular file, or a new one in a directory that exists',
    )
  }
}
