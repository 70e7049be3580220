/** What an agent takes from the environment that it was started in. */

/** OCF's, pacemaker's and heartbeat's own. */
const PREFIXES = /^(?:OCF|HA|PCMK|CIB|SSH)_/

/** What any program of the system is told: where programs are, who it runs as, the time zone, the terminal. */
const NAMES: ReadonlySet<string> = new Set([
  'PATH',
  'LD_LIBRARY_PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'TZ',
  'TERM',
  'NO_COLOR',
  'KRB5CCNAME',
])

/** Whether a variable is one that agents, and the programs that they run, are to see. */
export function isTaken(name: string): boolean {
  return PREFIXES.test(name) || NAMES.has(name)
}

/**
 * Removes every other variable from the environment. Libraries look for their own there (`PGOPTIONS`, `PGREPLICATION`,
 * `NODE_PG_FORCE_NATIVE`, `HOSTALIASES`), and one of them must not make a server that is well look as if it were not.
 */
export function dropOtherVariables(env: NodeJS.ProcessEnv = process.env): void {
  for (const name of Object.keys(env)) if (!isTaken(name)) Reflect.deleteProperty(env, name)
}
