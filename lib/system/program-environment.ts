/** pacemaker starts agents with a short PATH; the programs agents need live in these. */
const DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** The directories that programs are looked for in: those of PATH, then the usual ones. */
export function programDirectories(): readonly string[] {
  return [...new Set([...(process.env['PATH'] ?? '').split(':').filter(Boolean), ...DIRECTORIES])]
}

/** The environment of a program: the agent's own, with a PATH that has everything and messages in one language. */
export function programEnvironment(
  extra: Readonly<Record<string, string | undefined>> = {},
): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: 'C', PATH: programDirectories().join(':'), ...extra }
}
