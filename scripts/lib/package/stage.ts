/** Lays files out in a directory, as they are to be installed. */
import {
  chmodSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { type Entry } from './content'

/** Gives everything below a directory, and itself, one time; in seconds since 1970. */
function stamp(directory: string, time: number): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) stamp(path, time)
    else if (entry.isSymbolicLink()) lutimesSync(path, time, time)
    else utimesSync(path, time, time)
  }
  chmodSync(directory, 0o755)
  utimesSync(directory, time, time)
}

/** Writes the entries below a new or empty directory. Modes and times do not depend on who does it, or when. */
export function stage(directory: string, entries: readonly Entry[], time: number): void {
  mkdirSync(directory, { recursive: true })
  for (const entry of entries) {
    const path = join(directory, entry.path)
    mkdirSync(dirname(path), { recursive: true })
    if ('link' in entry) symlinkSync(entry.link, path)
    else {
      writeFileSync(path, entry.contents, { flag: 'wx' })
      chmodSync(path, entry.mode)
    }
  }
  stamp(directory, time)
}
