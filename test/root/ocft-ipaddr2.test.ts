/** The address agent under the case files that resource-agents has for its own, with Debian's agent beside it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { agent } from '../../agents/IPaddr2/agent'
import { bundleInto } from './support/bundle'
import { type OcftCase, runOcft } from './support/ocft'

jest.setTimeout(240_000)

/** The two interfaces that the cases use, each with somebody at the other end of its cable. */
const INTERFACES = `
for nic in eth0 eth1; do
  ip link add $nic type veth peer name peer-$nic
  ip link set peer-$nic up
  ip link set $nic up
done
`

let directory: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-address-'))
  await bundleInto(directory, agent)
})
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

function run(name: string, agentRoot?: string): Promise<readonly OcftCase[]> {
  return runOcft({
    name,
    prepare: INTERFACES,
    shards: 11,
    ...(agentRoot !== undefined && { agentRoot }),
  })
}

function shown(cases: readonly OcftCase[]): readonly string[] {
  return cases.map(({ number, title, result, output }) =>
    result === 'ok' ? `${number} ok` : `${number} ${result}: ${title}\n${output}`,
  )
}

function allOk(count: number): readonly string[] {
  return Array.from({ length: count }, (_, number) => `${number} ok`)
}

test('IPv4: every case', async () => {
  expect(shown(await run('IPaddr2v4', directory))).toEqual(allOk(22))
})

describe('IPv6', () => {
  /**
   * "params with force cidr_netmask (base netmask < assigned netmask)": a longer prefix length than the route's, and
   * no nic. The file expects an error, and IPaddr2 has long taken the route's interface, as it does for IPv4 (case 14
   * of IPaddr2v4). Who has such a configuration has an address that works; so the agents agree, against the file.
   */
  const OUTDATED = 13
  const isOutdated = ({ number }: OcftCase): boolean => number === OUTDATED

  test('every case that holds for the shell agent', async () => {
    const cases = await run('IPaddr2v6', directory)
    expect(shown(cases.filter((one) => !isOutdated(one)))).toEqual(
      allOk(20).filter((line) => line !== `${OUTDATED} ok`),
    )
    expect(cases.find(isOutdated)).toMatchObject({
      result: 'failed',
      output: expect.stringContaining("Agent returns unexpected value: 'OCF_SUCCESS'"),
    })
  })

  test('the other one fails with the shell agent too, in the same way, and it alone', async () => {
    const cases = await run('IPaddr2v6')
    expect(cases.filter(({ result }) => result !== 'ok')).toEqual([
      expect.objectContaining({
        number: OUTDATED,
        result: 'failed',
        output: expect.stringContaining("Agent returns unexpected value: 'OCF_SUCCESS'"),
      }),
    ])
  })
})
