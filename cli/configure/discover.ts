/** What this node can suggest: programs, data, networks. */
import { existsSync, readdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { runIp } from '../../lib/network/ip-command'
import { listInterfaces } from '../../lib/network/list-interfaces'
import { Deadline } from '../../lib/ocf'
import { findProgram } from '../../lib/system/find-program'
import { lookAtCluster } from '../cluster/view'

const TIMEOUT_MS = 5000

export interface Discovered {
  readonly nodes: readonly string[]
  /** Paths of pg_ctl, the newest version first. */
  readonly pgctls: readonly string[]
  /** `eth0 192.168.100.161/24`, …: interfaces and their addresses. */
  readonly interfaces: readonly string[]
  readonly gateway: string | undefined
}

/** Directories of a path in which `*` stands for any one name. */
function matching(pattern: string): readonly string[] {
  const found = pattern.split('/').reduce<readonly string[]>(
    (paths, part) =>
      paths.flatMap((path) => {
        if (!part.includes('*')) return [join(path, part)]
        const [begin = '', end = ''] = part.split('*')
        try {
          return readdirSync(path)
            .filter((name) => name.startsWith(begin) && name.endsWith(end))
            .map((name) => join(path, name))
        } catch {
          return []
        }
      }),
    ['/'],
  )
  return found.filter((path) => existsSync(path))
}

const versionOf = (path: string): number => Number(/(\d+(?:\.\d+)?)\/bin\/pg_ctl$/.exec(path)?.[1] ?? 0)

/** Where servers are installed: as Debian, PostgreSQL's own packages and their sources put them, and in PATH. */
export function findPgCtls(): readonly string[] {
  const places = ['/usr/lib/postgresql/*/bin', '/usr/pgsql-*/bin', '/usr/local/pgsql/bin', '/opt/pgsql/bin']
  const paths = places.flatMap(matching).map((directory) => join(directory, 'pg_ctl'))
  const inPath = findProgram('pg_ctl')
  return [...new Set([...paths, ...(inPath === undefined ? [] : [inPath])])]
    .filter((path) => existsSync(join(dirname(path), 'postgres')) && existsSync(path))
    .sort((one, other) => versionOf(other) - versionOf(one))
}

/** Data directories that go with a pg_ctl: those that there are, or where its packages would make one. */
export function findDataDirectories(pgctl: string): readonly string[] {
  const version = versionOf(pgctl)
  const onDebian = pgctl.startsWith('/usr/lib/postgresql/')
  const places = onDebian
    ? [`/var/lib/postgresql/${version}/*`]
    : [`/var/lib/pgsql/${version}/data`, '/var/lib/pgsql/data', join(dirname(dirname(pgctl)), 'data')]
  const found = places.flatMap(matching).filter((path) => existsSync(join(path, 'PG_VERSION')))
  if (found.length > 0) return found
  return [
    onDebian
      ? `/var/lib/postgresql/${version}/main`
      : `/var/lib/pgsql/${version || ''}/data`.replace('//', '/'),
  ]
}

/** Debian keeps postgresql.conf apart from the data; nothing where it is in the data directory. */
export function findConfig(pgctl: string, pgdata: string): string | undefined {
  const path = `/etc/postgresql/${versionOf(pgctl)}/${basename(pgdata)}/postgresql.conf`
  return existsSync(path) && !existsSync(join(pgdata, 'postgresql.conf')) ? path : undefined
}

async function orNothing<T>(find: () => Promise<T>, nothing: T): Promise<T> {
  try {
    return await find()
  } catch {
    return nothing
  }
}

export async function discover(): Promise<Discovered> {
  const deadline = new Deadline(TIMEOUT_MS)
  const [nodes, interfaces, gateway] = await Promise.all([
    orNothing(async () => (await lookAtCluster()).configuration.nodes, []),
    orNothing(() => listInterfaces(deadline), []),
    orNothing(async () => {
      const routes = JSON.parse(await runIp(['-j', 'route', 'show', 'default'], deadline)) as {
        gateway?: string
      }[]
      return routes.find((route) => route.gateway !== undefined)?.gateway
    }, undefined),
  ])
  return {
    nodes: nodes.length > 0 ? nodes : [hostname()],
    pgctls: findPgCtls(),
    interfaces: interfaces
      .filter(({ loopback, addresses }) => !loopback && addresses.length > 0)
      .map(({ name, addresses }) => {
        const texts = addresses.map(({ address, prefixLength }) => `${address.text}/${prefixLength}`)
        return `${name} ${texts.join(' ')}`
      }),
    gateway,
  }
}
