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

/** The end of a system's name, for the one that the tests themselves run in. */
const FOR_TESTS = '-tests'

/** The system with all that the tests of the project need, not only with what a node of a lab does. */
function forTests(system: System): System {
  const needed = readFileSync(join(__dirname, '../../scripts/lib/debian-packages'), 'utf8')
    .split('\n')
    .flatMap((line) => /^[a-z][^ ]*/.exec(line)?.[0] ?? [])
    .map((name) => name.replace(/^postgresql-\d+$/, `postgresql-${system.postgres}`))
  const packages = [...new Set([...system.packages, ...needed])].sort()
  return { ...system, name: `${system.name}${FOR_TESTS}`, packages }
}

/**
 * The system of this name, which may end with `-tests`: then it has all that the tests of the project need.
 *
 *
 * @throws Error when there is none
 */
export function systemNamed(name: string): System {
  const found = systems.find((system) => system.name === name)
  if (found) return found
  const tested = systems.find((system) => `${system.name}${FOR_TESTS}` === name)
  if (tested) return forTests(tested)
  throw new Error(`there is no system '${name}', only ${systems.map((system) => system.name).join(', ')}`)
}

/** The system that OCF_TS_SYSTEM names; without it, Debian 12. */
export function selectedSystem(): System {
  return systemNamed(process.env['OCF_TS_SYSTEM'] || 'debian12')
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
