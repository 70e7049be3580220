/**
 * What each parameter of the ping agent does, with real ping and fping. What comes of it in a cluster: test/cluster.
 *
 * @alone a timeout is to be kept within 900 ms
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { agent } from '../../agents/ping/agent'
import { type AgentResult } from './support/agent'
import { bundleInto } from './support/bundle'
import { Link } from './support/link'

jest.setTimeout(60_000)

const ALIVE = '10.9.0.2'
const ALIVE6 = 'fd00:9::2'
const DEAD = '10.9.0.77'

type Texts = Readonly<Record<string, string>>

let directory: string
let executable: string
let pidfile: string
let link: Link

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-ping-'))
  executable = await bundleInto(directory, agent)
  link = Link.create()
  const hosts = [
    '127.0.0.1 localhost',
    `${ALIVE} four`,
    `${ALIVE6} six`,
    `${ALIVE} both`,
    `${ALIVE6} both`,
    `${DEAD} dead`,
  ]
  writeFileSync(join(directory, 'hosts'), `${hosts.join('\n')}\n`)
})
afterAll(() => {
  link.remove()
  rmSync(directory, { recursive: true, force: true })
})
beforeEach(() => {
  pidfile = join(directory, 'started')
  writeFileSync(pidfile, '')
})

/** Runs the executable on the node's end, with names of its own in /etc/hosts (the mount goes with the process). */
function run(
  argv: readonly string[],
  params: Texts,
  env: Texts = {},
): Promise<AgentResult & { readonly ms: number }> {
  const variables = Object.entries({ host_list: ALIVE, ...params }).map(([name, value]) => [
    `OCF_RESKEY_${name}`,
    value,
  ])
  const script = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'
  return link.node.run(['sh', '-c', script, '-', join(directory, 'hosts'), executable, ...argv], {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    OCF_ROOT: '/usr/lib/ocf',
    ...(Object.fromEntries(variables) as Texts),
    ...env,
  })
}

/** What a monitor would publish, and what it says. */
async function ask(params: Texts) {
  const result = await run(['monitor', '--explain'], { pidfile, ...params })
  const [, name, value, dampen] =
    /set node attribute (\S+) to (-?\d+), to be acted on after (\S+)/.exec(result.stdout) ?? []
  return { ...result, name, value: Number(value), dampen }
}

/** How many echo requests the other end has been sent so far. */
async function requests(): Promise<number> {
  const { stdout } = await link.peer.run(['cat', '/proc/net/snmp'])
  const [, names = '', values = ''] = /^IcmpMsg: (.*)\nIcmpMsg: (.*)$/m.exec(stdout) ?? []
  const index = names.split(' ').indexOf('InType8')
  return index < 0 ? 0 : Number(values.split(' ')[index])
}

/** Lets the other end hear everything and answer nothing. */
async function withoutAnswers<T>(work: () => Promise<T>): Promise<T> {
  const answer = (ignore: 0 | 1) =>
    link.peer.run(['sysctl', '-qw', `net.ipv4.icmp_echo_ignore_all=${ignore}`])
  await answer(1)
  try {
    return await work()
  } finally {
    await answer(0)
  }
}

describe.each([
  ['ping', 'no'],
  ['fping', 'yes'],
])('use_fping: with %s', (program, use_fping) => {
  test.each<[string, number, string]>([
    [`${ALIVE} ${ALIVE6} four six both localhost`, 6, 'addresses of both kinds and names, mixed'],
    ['six', 1, 'a name that has no IPv4 address'],
    [`four dead ${ALIVE6} nosuch.invalid ${DEAD} both`, 3, 'those that answer among those that do not'],
    [`  ${ALIVE}   ${ALIVE} `, 2, 'a host that is named twice, and more blanks than needed'],
    [`fe80::1%eth0 ${ALIVE}`, 1, 'an address with its interface'],
  ])('host_list: %s', async (host_list, value) => {
    const found = await ask({ host_list, use_fping, attempts: '1', timeout: '1' })
    expect(found).toMatchObject({ code: 0, name: 'pingd', value, dampen: '5s' })
  })

  test.each(['1', '4'])('attempts: %s requests to a host that does not answer', async (attempts) => {
    await withoutAnswers(async () => {
      const before = await requests()
      const found = await ask({ use_fping, attempts, timeout: '1', name: 'way-out', multiplier: '7' })
      expect(found).toMatchObject({ code: 0, name: 'way-out', value: 0 })
      expect((await requests()) - before).toBe(Number(attempts))
    })
  })

  test.each(['1', '1500ms', '2s'])(
    'timeout: %s, and a host that does not answer takes that long',
    async (timeout) => {
      const seconds = timeout.endsWith('ms')
        ? Number(timeout.slice(0, -2)) / 1000
        : Number.parseFloat(timeout)
      const { code, value, ms } = await withoutAnswers(() => ask({ use_fping, attempts: '1', timeout }))
      expect({ code, value }).toEqual({ code: 0, value: 0 })
      expect(ms).toBeGreaterThan(seconds * 1000 - 50)
      expect(ms).toBeLessThan(seconds * 1000 + 900)
    },
  )

  test('multiplier: what each host counts, and failure_score, which is compared with the product', async () => {
    const params = { use_fping, host_list: `${ALIVE} ${ALIVE6}`, multiplier: '100' }
    expect(await ask({ ...params, failure_score: '200' })).toMatchObject({ code: 0, value: 200 })
    expect(await ask({ ...params, failure_score: '201' })).toMatchObject({
      code: 1,
      value: 200,
      reason: 'pingd is 200, less than failure_score=201: no answer from too few hosts',
    })
  })

  test('options: they reach the program', async () => {
    // Requests as large as that are fragmented, which -M do forbids (fping: -M).
    const forbid = program === 'ping' ? '-M do' : '-M'
    const [fits, tooLarge] = await Promise.all(
      ['1000', '3000'].map((size) => {
        const options = `${program === 'ping' ? '-s' : '-b'} ${size} ${forbid}`
        return ask({ use_fping, attempts: '1', timeout: '500ms', options })
      }),
    )
    expect([fits?.value, tooLarge?.value]).toEqual([1, 0])
  })

  test.each<[string, readonly boolean[]]>([
    ['false', [false, false]],
    ['0', [false, false]],
    ['true', [true, false]],
    ['1', [true, false]],
    ['verbose', [true, true]],
    ['Verbose', [true, true]],
  ])('debug: %s', async (debug, [who, all]) => {
    const params = { use_fping, debug, host_list: `${ALIVE} ${DEAD}`, attempts: '1', timeout: '300ms' }
    const { stderr } = await ask(params)
    expect(stderr.includes(`WARNING: ${DEAD} does not answer`)).toBe(who)
    expect(stderr.includes(`INFO: 1 of 2 hosts answered ${program}`)).toBe(all)
  })
})

test('use_fping: without fping on the node, ping is used', async () => {
  // What lies in fping's place cannot be run.
  const hide = 'mount --bind "$1" /usr/bin/fping && shift && exec "$@"'
  const nothing = join(directory, 'nothing')
  writeFileSync(nothing, '', { mode: 0o644 })
  const result = await link.node.run(['sh', '-c', hide, '-', nothing, executable, 'monitor', '--explain'], {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    OCF_RESKEY_host_list: ALIVE,
    OCF_RESKEY_pidfile: pidfile,
    OCF_RESKEY_debug: 'verbose',
  })
  expect(result).toMatchObject({ code: 0 })
  expect(result.stderr).toContain('1 of 1 hosts answered ping')
})

describe('dampen', () => {
  test.each(['3s', '500ms', '0', '2min', 'PT5S', 'P1D'])('%s', async (dampen) => {
    expect(await ask({ dampen })).toMatchObject({ code: 0, dampen })
  })
  test.each(['soon', '-1s', 'P', 'PT', '5 weeks'])('%s is refused', async (dampen) => {
    expect(await ask({ dampen })).toMatchObject({
      code: 6,
      reason: `dampen: '${dampen}' is not allowed; set dampen to a time such as 5s or 500ms`,
    })
  })
})

describe('name', () => {
  test.each(['a b', 'a/b', `it's`, '<x>'])('%s is refused', async (name) => {
    expect(await ask({ name })).toMatchObject({
      code: 6,
      reason: expect.stringMatching(/^name: '.*' is not allowed/),
    })
  })
})

describe('pidfile: where nothing is set, its name is the shell agent’s', () => {
  test.each<[string, Texts, string]>([
    ['an ordinary clone', { OCF_RESKEY_CRM_meta_globally_unique: 'false' }, 'ping-way-out'],
    ['no clone', {}, 'ping-way-out'],
    [
      'an instance of a globally unique clone',
      { OCF_RESKEY_CRM_meta_globally_unique: 'true', OCF_RESOURCE_INSTANCE: 'pinger:1' },
      'ping-pinger:1',
    ],
  ])('%s', async (_, meta, file) => {
    const state = mkdtempSync(join(directory, 'run-'))
    mkdirSync(join(state, 'sub'))
    const env = { OCF_RESOURCE_INSTANCE: 'pinger', HA_VARRUN: `${state}/sub/`, ...meta }
    // There is no cluster that could take the attribute; that it is started is noted before.
    await run(['start'], { name: 'way-out' }, env)
    expect(existsSync(join(state, 'sub', file))).toBe(true)
    const probe = await run(['monitor', '--explain'], { name: 'way-out' }, env)
    expect(probe.code).toBe(0)
    await run(['stop'], { name: 'way-out' }, env)
    expect(existsSync(join(state, 'sub', file))).toBe(false)
  })

  test('a relative path is refused', async () => {
    expect(await ask({ pidfile: 'started' })).toMatchObject({
      code: 6,
      reason: expect.stringMatching(/^pidfile: 'started' is not allowed; set pidfile to an absolute path/),
    })
  })
})

describe.each([
  ['ping', 'no'],
  ['fping', 'yes'],
])('with %s and a name server that does not answer', (_, use_fping) => {
  /** Asks with a name server on the other end of the cable, to which whatever is said is lost. */
  const askUnresolved = async (host_list: string, names: string) => {
    const hosts = join(directory, 'names')
    const resolver = join(directory, 'resolv.conf')
    writeFileSync(hosts, names)
    writeFileSync(resolver, `nameserver ${ALIVE}\n`)
    const lost = 'table inet lost { chain in { type filter hook input priority 0; udp dport 53 drop; }; }'
    await link.peer.run(['nft', lost])
    const script =
      'mount --bind "$1" /etc/hosts && mount --bind "$2" /etc/resolv.conf && shift 2 && exec "$@"'
    const argv = [hosts, resolver, executable, 'monitor', '--explain']
    const result = await link.node.run(['sh', '-c', script, '-', ...argv], {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      OCF_RESKEY_host_list: host_list,
      OCF_RESKEY_pidfile: pidfile,
      OCF_RESKEY_use_fping: use_fping,
      OCF_RESKEY_CRM_meta_timeout: '60000',
    })
    await link.peer.run(['nft', 'delete', 'table', 'inet', 'lost'])
    const [, value] = /set node attribute pingd to (-?\d+)/.exec(result.stdout) ?? []
    return { ...result, value: Number(value) }
  }

  test('a name counts as unreachable, the addresses do not, and it is all published in time', async () => {
    const { code, value, stderr, stdout, ms } = await askUnresolved(
      `router.example ${ALIVE} other.example`,
      '',
    )
    expect({ code, value }).toEqual({ code: 0, value: 1 })
    expect(stdout).toMatch(/unreachable: \[ 'router\.example', 'other\.example' \]/)
    expect(stderr).toMatch(/ERROR: f?ping: .*router\.example/)
    expect(ms).toBeLessThan(20_000)
  })

  test('with names alone the value is 0, and it is well again with the names', async () => {
    expect(await askUnresolved('router.example', '')).toMatchObject({ code: 0, value: 0 })
    expect(await askUnresolved('router.example', `${ALIVE} router.example\n`)).toMatchObject({
      code: 0,
      value: 1,
    })
  })
})
