import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'
import { reasonPrefix, withoutReasonPrefix } from './exit-reason'
import { printError, shownLine } from './output'
import { forPacemaker } from './printable'

export type Level = 'error' | 'warning' | 'info' | 'debug'

/** Where an agent's lines go. */
export interface Log {
  error(message: string): void
  warning(message: string): void
  info(message: string): void
  debug(message: string): void
  /** The one line that `crm_mon` shows beside a failed action (OCF 1.1, "ocf-exit-reason"). */
  exitReason(reason: string): void
}

interface LogOptions {
  readonly agent: string
  readonly resource: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Read when there is something to write, and not before. */
  readonly terminal: boolean
}

const LABEL: Record<Level, string> = { error: 'ERROR', warning: 'WARNING', info: 'INFO', debug: 'DEBUG' }

/** `2026/11/23_06:12:47`, the stamp that heartbeat's log files carry. */
function stamp(now: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0')
  const date = `${now.getFullYear()}/${two(now.getMonth() + 1)}/${two(now.getDate())}`
  return `${date}_${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`
}

/** Of a longer message only so many characters: what a user of the database can make fail must not fill a disk. */
const MOST = 8000
/** So many are looked at. */
const MOST_READ = 8 * MOST

/** A message as one line, whatever is in it. */
function oneLine(text: string): string {
  const line = shownLine(
    text
      .slice(0, MOST_READ)
      .split('\n')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .join('; '),
  )
  return line.length > MOST ? `${line.slice(0, MOST)}... (of ${text.length} characters)` : line
}

/** No link that lies in the file's place is followed, and no pipe waited for: the directory may be the cluster daemons'. */
const APPEND =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  constants.O_NOFOLLOW |
  constants.O_NONBLOCK |
  constants.O_NOCTTY

function append(file: string, line: string): void {
  const fd = openSync(file, APPEND, 0o640)
  try {
    if (!fstatSync(fd).isFile()) throw new Error(`${file} is not a regular file`)
    writeSync(fd, line)
  } finally {
    closeSync(fd)
  }
}

/**
 * A log for one action. Both pacemaker and heartbeat name their log file in `HA_logfile`: that is where the lines go,
 * and to standard error where there is no such file. An error goes to standard error in any case (OCF 1.1, "Logging"),
 * which pacemaker's executor writes into the same file by itself: under pacemaker only there, so that it is not in the
 * log twice.
 */
export function createLog(options: LogOptions): Log {
  const { agent, resource, env } = options
  const file = env['HA_logfile'] ?? ''
  // What goes on behind the executor's back has no standard error.
  const executorLogsErrors =
    env['OCF_RESKEY_crm_feature_set'] !== undefined && env['OCF_TS_BEHIND'] === undefined
  const debugging = /^[1-9y]/i.test(env['HA_debug'] ?? '')
  const prefix = reasonPrefix(env)
  const quoted = (line: string): string => withoutReasonPrefix(line, prefix)
  const write = (level: Level, message: string): void => {
    if (level === 'debug' && !debugging) return
    const line = oneLine(message)
    if (options.terminal) {
      printError(`${level}: ${line}\n`)
      return
    }
    if (file !== '' && !(level === 'error' && executorLogsErrors)) {
      try {
        append(
          file,
          `${agent}(${resource})[${process.pid}]:\t${stamp(new Date())} ${LABEL[level]}: ${line}\n`,
        )
        if (level !== 'error') return
      } catch {
        // A log that cannot be written must not end the action: standard error is still there.
      }
    }
    printError(`${LABEL[level]}: ${quoted(line)}\n`)
  }
  return {
    error: (message) => {
      write('error', message)
    },
    warning: (message) => {
      write('warning', message)
    },
    info: (message) => {
      write('info', message)
    },
    debug: (message) => {
      write('debug', message)
    },
    exitReason: (reason) => {
      // A person has just read it, as the error.
      if (!options.terminal) printError(`${prefix}${quoted(forPacemaker(oneLine(reason)))}\n`)
    },
  }
}
