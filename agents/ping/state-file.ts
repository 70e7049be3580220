/** The resource runs while this file is there: there is no process that could be looked for. */
import { lstatSync } from 'node:fs'

/** Whether the resource is started here. */
export function isStarted(path: string): boolean {
  try {
    return lstatSync(path).isFile()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw error
  }
}
