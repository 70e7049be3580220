/**
 * `ocf-tester`, resource-agents' test of whether an agent keeps to the standard, with Debian's agents beside ours. What
 * needs a cluster (ping, and a PostgreSQL that replicates) is tested on one: test/cluster/conformance.test.ts.
 */
import { spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { agentPath } from './support/agent'
import { PG_BIN, removeTemplate, TestServer } from './support/server'

jest.setTimeout(60_000)

const OURS = dirname(agentPath('IPaddr2'))
const SHELL = '/usr/lib/ocf/resource.d/heartbeat'

/** The standard's schema of meta-data, which Debian's package pcs brings. */
const SCHEMA = '/usr/share/pcs/data/ocf-1.1.rng'

/** Where nothing of the machine's own network takes part, and what is written to /run is gone afterwards. */
const INSIDE = `
set -eu
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/resource-agents
ip link set lo up
ip link add eth0 type veth peer name peer
ip link set eth0 up
ip link set peer up
ip address add 10.9.0.1/24 dev eth0
sed "s#--valid#--nonet --relaxng $SCHEMA#" "$(command -v ocf-tester)" >/run/tester
exec sh "$TESTER" "$@"
`

interface Run {
  readonly code: number
  /** All that it printed, on both channels. */
  readonly output: string
}

/**
 * @param tester - `current` has it hold the meta-data against the schema of OCF 1.1, which is what our agents and newer
 * ones of Debian's say that they follow; `debian` leaves it as it is: it knows the DTD of OCF 1.0 only.
 */
function ocfTester(
  tester: 'current' | 'debian',
  agent: string,
  params: Readonly<Record<string, string>>,
): Promise<Run> {
  const options = Object.entries(params).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  return new Promise((resolve, reject) => {
    const child = spawn(
      'unshare',
      [
        ...['--mount', '--net', '--ipc', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc'],
        ...['--propagation', 'private', 'bash', '-c', INSIDE, 'tester', '-n', 'tested', ...options, agent],
      ],
      {
        cwd: '/',
        env: {
          PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
          SCHEMA,
          TESTER: tester === 'debian' ? '/usr/sbin/ocf-tester' : '/run/tester',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 50_000,
        killSignal: 'SIGKILL',
      },
    )
    const chunks: Buffer[] = []
    for (const channel of [child.stdout, child.stderr])
      channel.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('error', reject)
    child.once('close', (code) => {
      resolve({ code: code ?? -1, output: Buffer.concat(chunks).toString() })
    })
  })
}

/** What it says of an action that an agent need not have. */
const lacks = (what: string): string => `* Your agent does not support ${what} (optional)`

const passed = (agent: string, ...lacking: readonly string[]): string =>
  [
    `Beginning tests for ${agent}...`,
    '- validates',
    ...lacking.map(lacks),
    `${agent} passed all tests`,
    '',
  ].join('\n')

const NO_ROLES = ['the notify action', 'the demote action', 'the promote action', 'promotable clones']

describe('IPaddr2', () => {
  const agent = `${OURS}/IPaddr2`
  const params = { ip: '10.9.0.77', nic: 'eth0', cidr_netmask: '24' }

  test('passes, without another word', async () => {
    expect(await ocfTester('current', agent, params)).toEqual({
      code: 0,
      output: passed(agent, ...NO_ROLES, 'the reload action'),
    })
  })

  test('IPv6', async () => {
    const { code, output } = await ocfTester('current', agent, {
      ip: 'fd00:9::77',
      nic: 'eth0',
      cidr_netmask: '64',
    })
    expect({ code, output }).toEqual({ code: 0, output: passed(agent, ...NO_ROLES, 'the reload action') })
  })

  test('fails where it must: a parameter that is not allowed', async () => {
    const { code, output } = await ocfTester('current', agent, { ...params, cidr_netmask: '33' })
    expect(code).toBe(1)
    expect(output).toContain('* rc=6: Validation failed.')
    expect(output).toContain('ocf-exit-reason:cidr_netmask: 33 is too long for the IPv4 address 10.9.0.77')
  })

  // OCF 1.1 came with a schema in place of the DTD; the tester's own does not know what 1.1 has added.
  test.each([agent, '/usr/lib/ocf/resource.d/pacemaker/Dummy'])(
    'the tester of Debian 12 misses the DTD of OCF 1.0, and nothing else: %s',
    async (one) => {
      const { code, output } = await ocfTester('debian', one, one === agent ? params : {})
      expect(output.split('\n').filter((line) => /rc=|failed|ERROR|WARN/i.test(line))).toEqual([
        '-:2: validity error : Validation failed: no DTD found !',
        '* rc=4: Your agent produces meta-data which does not conform to ra-api-1.dtd',
        `Tests failed: ${one} failed 1 tests`,
      ])
      expect(code).toBe(1)
    },
  )
})

describe('pgsql without replication', () => {
  let server: TestServer
  beforeEach(() => {
    server = TestServer.create()
  })
  afterEach(() => {
    server.destroy()
  })
  afterAll(removeTemplate)

  // The tester takes an agent that knows promotion to be promoted always.
  test.each([
    ['ours', `${OURS}/pgsql`],
    ["the shell's", `${SHELL}/pgsql`],
  ])('passes up to promotion, which it refuses: %s', async (whose, agent) => {
    const params = { ...server.params, psql: `${PG_BIN}/psql` }
    const { code, output } = await ocfTester('current', agent, params)
    const complaints = output.split('\n').filter((line) => line.startsWith('*'))
    expect(complaints).toEqual([
      '* rc=6: Demoting a start resource should not fail',
      '* rc=6: Promote failed',
      '* rc=6: Demote failed',
    ])
    if (whose === 'ours') {
      expect(output).toContain('- validates\n')
      expect(output).toContain("ocf-exit-reason:rep_mode: 'none' has no primary and standbys: set rep_mode")
    }
    expect(code).toBe(1)
  })
})
