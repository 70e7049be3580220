/** Text for PostgreSQL's configuration files, SQL and connection strings, with everything in it quoted. */

/** A value in postgresql.conf or recovery.conf (PostgreSQL manual, "Parameter Interaction via the Configuration File"). */
export function quoteSetting(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''").replaceAll('\n', '\\n')}'`
}

/** A value in a connection string (PostgreSQL manual, "Keyword/Value Connection Strings"). */
export function quoteConninfo(value: string): string {
  return /^[\w.:/-]+$/.test(value) ? value : `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** A word in a shell command. */
export function quoteShell(value: string): string {
  return /^[\w./:=-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`
}

/** A name in `synchronous_standby_names`. */
export function quoteStandbyName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
