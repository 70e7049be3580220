/** Where a drill's report goes. */
import { accessSync, constants, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { messageOf } from '../../lib/ocf'
import { CommandError, Exit } from '../exit'

/** `20261123-225821`, this machine's time. */
function stamp(date: Date): string {
  const two = (number: number): string => String(number).padStart(2, '0')
  const day = `${date.getFullYear()}${two(date.getMonth() + 1)}${two(date.getDate())}`
  return `${day}-${two(date.getHours())}${two(date.getMinutes())}${two(date.getSeconds())}`
}

/** Where the report goes; nothing where none is wanted. */
export function reportFile(report: string | boolean): string | undefined {
  if (report === false) return undefined
  const file = resolve(report === true ? `ocf-ts-drill-${stamp(new Date())}.html` : report)
  try {
    // Known before the drill, and not after it.
    accessSync(dirname(file), constants.W_OK)
    if (statSync(file, { throwIfNoEntry: false })?.isFile() === false) throw new Error('it is no file')
    return file
  } catch (error) {
    throw new CommandError(
      Exit.USAGE,
      `--report: cannot write ${file}: ${messageOf(error)}`,
      'name a file in a directory that can be written to, or say --no-report',
    )
  }
}
