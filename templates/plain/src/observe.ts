/** Observe: what is so on this node. Changes nothing. */
import { readFileSync } from 'node:fs'
import { startTime } from 'ocf-ts/processes'
import { type Values } from './agent'

export interface Facts {
  /** The program's process, while it runs. */
  readonly pid: number | undefined
  /** Whether an earlier start left its note. */
  readonly noted: boolean
}

/** An unknown answer is an error, not a 'no': only a file that is not there means that there is none. */
function readNote(pidfile: string): string | undefined {
  try {
    return readFileSync(pidfile, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

export function observe({ pidfile }: Pick<Values, 'pidfile'>): Facts {
  const note = readNote(pidfile)
  const [number, started] = note?.trim().split(' ') ?? []
  const pid = Number(number)
  // A number alone may be another process by now; with the time of its start it is the same one.
  const runs = pid > 0 && started !== undefined && startTime(pid) === started
  return { pid: runs ? pid : undefined, noted: note !== undefined }
}
