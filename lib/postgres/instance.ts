import { type User } from '../system/users'

/** One PostgreSQL server on this host: where it lives and how it is reached. */
export interface Instance {
  /** The data directory. */
  readonly dataDirectory: string
  /** The account that owns the data directory and runs the server. */
  readonly owner: User
  /** pg_ctl: a path, or a name found in PATH. */
  readonly pgctl: string
  /** postgresql.conf. */
  readonly configFile: string
  /** Where the server's standard output and error go. */
  readonly logFile: string
  /** Extra options for `postgres`, as one would write them in a shell (`pg_ctl -o`). */
  readonly startOptions: string
  /** Extra options for `pg_ctl start`. */
  readonly ctlOptions: readonly string[]
  /** Host name or address to connect to; empty for the unix socket. */
  readonly host: string
  readonly port: number
  /** Directory of the unix socket; empty for the one that the running server names in postmaster.pid. */
  readonly socketDirectory: string
  /** Directory added to LD_LIBRARY_PATH; empty for none. */
  readonly libraries: string
}

/** The major version of a data directory: 9.6 is 9.6, 15 is 15. */
export type MajorVersion = number

/** Reads the first line of PG_VERSION; nothing when it is not a version. */
export function readVersion(text: string | undefined): MajorVersion | undefined {
  const [, version] = /^(\d+(?:\.\d+)?)\s*$/.exec(text?.split('\n')[0] ?? '') ?? []
  return version === undefined ? undefined : Number(version)
}

/** Since version 12 a standby is made by `standby.signal`, and recovery settings are ordinary settings. */
export function usesStandbySignal(version: MajorVersion): boolean {
  return version >= 12
}
