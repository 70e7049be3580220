/**
 * `ocf-tester`, resource-agents' test of whether an agent keeps to the standard, with Debian's agents beside ours. What
 * needs a cluster (ping, and a PostgreSQL that replicates) is tested on one: test/cluster/conformance.test.ts.
 */
import { dirname } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { agentPath } from './support/agent'
import { NO_ROLES, ocfTester, passed } from './support/ocf-tester'
import { PG_BIN, removeTemplate, TestServer } from './support/server'

jest.setTimeout(180_000)

const OURS = dirname(agentPath('IPaddr2'))
const SHELL = '/usr/lib/ocf/resource.d/heartbeat'

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
