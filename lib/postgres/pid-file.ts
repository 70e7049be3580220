/** postmaster.pid: the lock file of a running server (PostgreSQL source, src/include/utils/pidfile.h). */

export interface PidFile {
  readonly pid: number
  /** It is no server but a standalone backend, which lets nobody in (PostgreSQL manual, "Single-User Mode"). */
  readonly standalone: boolean
  /** When that process was started, in seconds since 1970. */
  readonly started: number | undefined
  readonly port: number | undefined
  /** The first directory with a unix socket. */
  readonly socketDirectory: string | undefined
  /** What the postmaster does, since version 10: `starting`, `stopping`, `ready`, `standby`. */
  readonly status: string | undefined
}

/** Reads postmaster.pid; nothing when its first line is not a process number. */
export function readPidFile(text: string): PidFile | undefined {
  const [pid = '', , started = '', port = '', socketDirectory = '', , , status] = text
    .split('\n')
    .map((line) => line.trim())
  // A standalone backend writes its number with a minus sign.
  if (!/^-?[1-9]\d{0,9}$/.test(pid)) return undefined
  return {
    pid: Math.abs(Number(pid)),
    standalone: pid.startsWith('-'),
    started: /^\d+$/.test(started) ? Number(started) : undefined,
    port: /^\d+$/.test(port) ? Number(port) : undefined,
    socketDirectory: socketDirectory.startsWith('/') ? socketDirectory : undefined,
    status: status === '' ? undefined : status,
  }
}
