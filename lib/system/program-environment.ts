/** The environment of the programs that an agent runs: a list of what they are given, and nothing of the rest. */
import { isTaken } from '../ocf/own-environment'
import { type User } from './users'

/** pacemaker starts agents with a short PATH; the programs agents need live in these, which are root's. */
export const SYSTEM_DIRECTORIES = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
]

/** What a program of another account may see of ours, beside PATH and LD_LIBRARY_PATH. */
const FOR_ACCOUNTS = ['TZ']

type Variables = Readonly<Record<string, string | undefined>>

/** What is relative, or empty, would be looked for in a directory that may belong to anybody. */
function wholePaths(list = ''): readonly string[] {
  return list.split(':').filter((directory) => directory.startsWith('/'))
}

/** The directories that programs are looked for in: the usual ones, then those that PATH adds. */
export function programDirectories(): readonly string[] {
  return [...new Set([...SYSTEM_DIRECTORIES, ...wholePaths(process.env['PATH'])])]
}

/** LD_LIBRARY_PATH with these directories behind those that it has; nothing when there are none at all. */
export function libraryPath(more = ''): string | undefined {
  return [...wholePaths(process.env['LD_LIBRARY_PATH']), ...wholePaths(more)].join(':') || undefined
}

/** Messages in one language, a PATH that has everything, and no library out of the working directory. */
function common(): Variables {
  const libraries = libraryPath()
  return {
    LC_ALL: 'C',
    PATH: programDirectories().join(':'),
    ...(libraries !== undefined && { LD_LIBRARY_PATH: libraries }),
  }
}

/** A resource's own parameter, which may be a password: the meta attributes are for pacemaker's tools. */
function isParameter(name: string): boolean {
  return /^OCF_RESKEY_(?!CRM_meta_|crm_feature_set$)/.test(name)
}

/** The environment of a program that runs as this process does, such as one of pacemaker's: no parameters of the resource. */
export function programEnvironment(extra: Variables = {}): NodeJS.ProcessEnv {
  const ours = Object.entries(process.env).filter(
    ([name]) => isTaken(name) && !isParameter(name) && name !== 'LD_LIBRARY_PATH',
  )
  return { ...Object.fromEntries(ours), ...common(), ...extra }
}

/** The environment of a program of an account's, such as PostgreSQL: nothing of ours but where programs and libraries are. */
export function accountEnvironment({ name, home }: User, extra: Variables = {}): NodeJS.ProcessEnv {
  const ours = FOR_ACCOUNTS.flatMap((variable) => {
    const value = process.env[variable]
    return value === undefined ? [] : [[variable, value]]
  })
  return {
    ...(Object.fromEntries(ours) as Variables),
    ...common(),
    USER: name,
    LOGNAME: name,
    HOME: home ?? '/',
    ...extra,
  }
}
