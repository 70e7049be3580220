import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'
import { programDirectories } from './program-environment'

/** Where a program is, looked for in `directories` (default: those of PATH and the usual ones); nothing when nowhere. */
export function findProgram(
  name: string,
  directories: readonly string[] = programDirectories(),
): string | undefined {
  return directories
    .map((directory) => join(directory, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK)
        return statSync(path).isFile()
      } catch {
        return false
      }
    })
}
