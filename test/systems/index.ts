/** The systems that labs run, and which of them this run of the tests is about. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { debian12 } from './debian12'
import { debian13 } from './debian13'
import { type NodeChoice, type System } from './system'

export { type NodeChoice, type System } from './system'

export const systems: readonly System[] = [debian12, debian13]

/** Where root file systems are kept: they are made once, and only read. */
const cache = '/var/cache/ocf-ts'

/** The packages of the project's list that are for one of these purposes, or for any, on a release. */
function listed(system: string, purposes?: readonly string[]): readonly string[] {
  const text = readFileSync(join(__dirname, '../../scripts/lib/debian-packages'), 'utf8')
  return [...text.matchAll(/^([a-z][^ ]*) +([a-z]+)(?:@(\S+))? /gm)].flatMap(
    ([, name = '', purpose = '', release]) =>
      (release === undefined || release === system) && (purposes?.includes(purpose) ?? true) ? [name] : [],
  )
}

/** Systems with other packages than a lab's nodes need: `debian13-tests`. */
const variants: Readonly<Record<string, (system: System) => readonly string[]>> = {
  // What the tests of the project need that run in it.
  tests: ({ name, packages }) => [...packages, ...listed(name)],
  // No more than the demo.
  demo: ({ name }) => ['nodejs', ...listed(name, ['lab', 'demo'])],
}

/**
 * The system of this name, which may end with `-tests` or `-demo`: then it has what the tests of the project need, or
 * no more than the demo does.
 *
 * @throws Error when there is none
 */
export function systemNamed(name: string): System {
  const [plain, variant, ...more] = name.split('-')
  const system = systems.find((one) => one.name === plain)
  const packages = variants[variant ?? '']
  if (system && variant === undefined) return system
  if (system && packages && more.length === 0)
    return { ...system, name, packages: [...new Set(packages(system))].sort() }
  throw new Error(`there is no system '${name}', only ${systems.map((one) => one.name).join(', ')}`)
}

/** What the demo's nodes run, where that is to be this system: a root file system that is there already serves, too. */
export function demoSystem(name: string): System {
  const system = systemNamed(name)
  return isThisMachine(system) || existsSync(cachedRoot(system)) ? system : systemNamed(`${name}-demo`)
}

/** The system that OCF_TS_SYSTEM names; without it, that of this machine, or Debian 12. */
export function selectedSystem(): System {
  const named = process.env['OCF_TS_SYSTEM']
  return named ? systemNamed(named) : (systems.find(isThisMachine) ?? debian12)
}

/** Which Node the nodes of a system run: what OCF_TS_LAB_NODE says (own, machine), or the system's file. */
export function nodeChoice(system: System): NodeChoice {
  const wanted = process.env['OCF_TS_LAB_NODE'] || system.node
  if (wanted === 'own' || wanted === 'machine') return wanted
  throw new Error(`OCF_TS_LAB_NODE is '${wanted}'; it may be own or machine`)
}

/** Whether this machine runs the system: then its nodes see the machine's own files. */
export function isThisMachine({ release }: System): boolean {
  if (!existsSync('/etc/os-release')) return false
  const text = readFileSync('/etc/os-release', 'utf8')
  const said = (name: string): string | undefined => new RegExp(`^${name}="?([^"\n]*)`, 'm').exec(text)?.[1]
  return said('ID') === release.id && said('VERSION_ID') === release.version
}

/**
 * The directory that holds the system's root file system, once it is made. What is in it is part of its name: another
 * list of packages makes another one, and a lab that runs keeps what it stands on.
 */
export function cachedRoot({ name, suite, packages }: System): string {
  const digest = createHash('sha256').update([suite, ...packages].join('\n'))
  return join(cache, `${name}-${digest.digest('hex').slice(0, 12)}`)
}
