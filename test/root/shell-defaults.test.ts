/**
 * The parameters of the shell agents that are installed here, and of those of Debian 13 where its root file system has
 * been made: what they are called, what they are by default, and what is accepted. What differs is in the README.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { XMLParser } from 'fast-xml-parser'
import { agent as address } from '../../agents/IPaddr2/agent'
import { agent as database } from '../../agents/pgsql/agent'
import { agent as ping } from '../../agents/ping/agent'
import { type Agent } from '../../lib/ocf'
import { metadataXml } from '../../lib/ocf/metadata'
import { readParameters } from '../../lib/ocf/parameters'

const AGENTS: [string, Agent][] = [
  ['heartbeat/pgsql', database as unknown as Agent],
  ['heartbeat/IPaddr2', address as unknown as Agent],
  ['pacemaker/ping', ping as unknown as Agent],
]

/** Defaults that are others on purpose; the README names each of them. */
const DELIBERATE = ['arp_bg', 'clusterip_mac_mangle', 'check_link_status', 'lvs_ipv6_addrlabel', 'pidfile']
/** As resource-agents before 4.15 have them. */
const OLDER = { lvs_ipv6_addrlabel: 'false' }

const ROOTS = '/var/cache/ocf-ts'
const roots = existsSync(ROOTS) ? readdirSync(ROOTS).filter((name) => /^debian13-[\da-f]+$/.test(name)) : []
const systems: readonly [string, string][] = [
  ['here', '/'],
  ...roots.slice(0, 1).map((name): [string, string] => ['on Debian 13', join(ROOTS, name)]),
]

interface Shown {
  readonly type: string
  readonly default: string
  readonly text: string
}

/** The parameters that meta-data tell of, by name. */
function parametersOf(xml: string): ReadonlyMap<string, Shown> {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseAttributeValue: false,
    isArray: (tag) => tag === 'parameter',
  })
  const document = parser.parse(xml) as {
    'resource-agent': {
      parameters: {
        parameter: {
          '@name': string
          longdesc?: { '#text'?: string }
          content: { '@type': string; '@default'?: string }
        }[]
      }
    }
  }
  return new Map(
    document['resource-agent'].parameters.parameter.map(({ '@name': name, content, longdesc }) => [
      name,
      { type: content['@type'], default: content['@default'] ?? '', text: longdesc?.['#text'] ?? '' },
    ]),
  )
}

function shellMetadata(root: string, agent: string): string {
  const program = join('/usr/lib/ocf/resource.d', agent)
  const argv = ['env', 'OCF_ROOT=/usr/lib/ocf', program, 'meta-data']
  return execFileSync('chroot', [root, ...argv], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
}

/** What means the same is the same. */
function meaning(type: string, value: string): string {
  if (/^(false|no|off|0)$/i.test(value) && type !== 'integer') return 'false'
  if (/^(true|yes|on|1)$/i.test(value) && type !== 'integer') return 'true'
  return value
}

/** Words that a description lists as what can be chosen. */
const choices = (text: string): readonly string[] =>
  [...text.matchAll(/^\s+- (\w+):/gm)].map(([, word = '']) => word)

describe.each(systems)('the shell agents %s', (_, root) => {
  test.each(AGENTS)('%s', (name, agent) => {
    const theirs = parametersOf(shellMetadata(root, name))
    const ours = parametersOf(metadataXml(agent))
    expect([...theirs.keys()].filter((parameter) => !ours.has(parameter))).toEqual([])

    const different = [...theirs].filter(([parameter, shown]) => {
      const own = ours.get(parameter)
      if (own === undefined || parameter in OLDER) return false
      const type = shown.type === 'integer' || own.type === 'integer' ? 'integer' : 'string'
      return meaning(type, shown.default) !== meaning(type, own.default)
    })
    expect(different.map(([parameter]) => parameter).filter((one) => !DELIBERATE.includes(one))).toEqual([])

    const accepted = [...theirs].flatMap(([parameter, shown]) => [
      ...(shown.default === '' ? [] : [[parameter, shown.default] as const]),
      ...choices(shown.text).map((word) => [parameter, word] as const),
      ...(shown.type === 'boolean' || /^(true|false)$/.test(shown.default)
        ? ['true', 'false', 'yes', 'no', 'on', 'off', '1', '0'].map((word) => [parameter, word] as const)
        : []),
    ])
    const refused = accepted.filter(([parameter, value]) =>
      readParameters(agent.parameters, { [parameter]: value }).problems.some(
        (problem) => problem.name === parameter,
      ),
    )
    expect(refused).toEqual([])
  })
})

test('lvs_ipv6_addrlabel is as in the newer ones, where there are some', () => {
  const own = parametersOf(metadataXml(address as unknown as Agent)).get('lvs_ipv6_addrlabel')?.default
  expect(own).toBe('true')
  for (const [name, root] of systems) {
    const theirs = parametersOf(shellMetadata(root, 'heartbeat/IPaddr2'))
    const isNewer = name !== 'here' || theirs.has('proto')
    expect(theirs.get('lvs_ipv6_addrlabel')?.default).toBe(isNewer ? own : OLDER.lvs_ipv6_addrlabel)
  }
})

test('the README names every default that differs', () => {
  const [, list = ''] =
    /Where defaults differ: (.*)/.exec(readFileSync(join(__dirname, '../../README.md'), 'utf8')) ?? []
  const named = [...list.matchAll(/`(\w+)`/g)].map(([, name = '']) => name)
  expect([...new Set(named)].sort()).toEqual([...DELIBERATE].sort())
})
