/** The address agent under the case files that resource-agents has for its own, with Debian's agent beside it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { agent } from '../../agents/IPaddr2/agent'
import { bundleInto } from './support/bundle'
import { type OcftCase, runOcft } from './support/ocft'

/** The two interfaces that the cases use, each with somebody at the other end of its cable. */
const INTERFACES = `
for nic in eth0 eth1; do
  ip link add $nic type veth peer name peer-$nic
  ip link set peer-$nic up
  ip link set $nic up
done
`

/** Every run, all at the same time: `ocft` sleeps more than it works. */
const RUNS = {
  IPv4: { name: 'IPaddr2v4', ours: true },
  IPv6: { name: 'IPaddr2v6', ours: true },
  general: { name: 'IPaddr2', ours: true },
  shellIPv6: { name: 'IPaddr2v6', ours: false },
} as const

let directory: string
let results: Readonly<Record<keyof typeof RUNS, readonly OcftCase[]>>

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-address-'))
  await bundleInto(directory, agent)
  const all = Object.entries(RUNS).map(async ([run, { name, ours }]) => {
    const cases = await runOcft({
      name,
      prepare: INTERFACES,
      shards: 7,
      ...(ours && { agentRoot: directory }),
    })
    return [run, cases]
  })
  results = Object.fromEntries(await Promise.all(all)) as typeof results
}, 240_000)
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

/** The cases that did not pass, in words. */
function failures(cases: readonly OcftCase[]): readonly string[] {
  return cases
    .filter(({ result }) => result !== 'ok')
    .map(({ number, title, result, output }) => `${number} ${title}: ${result}\n${output}`)
}

const saying = (number: number, found: string) =>
  expect.stringMatching(
    new RegExp(`^${number} .*: failed\n.*Agent returns unexpected value: '${found}'`, 's'),
  )

test('IPv4: every case', () => {
  expect(results.IPv4).toHaveLength(22)
  expect(failures(results.IPv4)).toEqual([])
})

/**
 * Case 13 of IPv6, "params with force cidr_netmask (base netmask < assigned netmask)": a longer prefix length than the
 * route's, and no nic. The file expects an error; IPaddr2 has long taken the route's interface, as it does for IPv4
 * (case 14 of IPaddr2v4). Who has such a configuration has an address that works: so ours does the same.
 */
test.each(['IPv6', 'shellIPv6'] as const)('%s: every case but one, which is out of date', (run) => {
  expect(results[run]).toHaveLength(20)
  expect(failures(results[run])).toEqual([saying(13, 'OCF_SUCCESS')])
})

/**
 * The shell agent passes all of these. Ours differs on purpose: an interface that one node does not have keeps the
 * resource off that node, and not off all (case 8); and an interface that has gone has no address, which is no doubt
 * (case 19).
 */
test('the general cases, but for an interface that is not there', () => {
  expect(results.general).toHaveLength(20)
  expect(failures(results.general)).toEqual([saying(8, 'OCF_ERR_ARGS'), saying(19, 'OCF_NOT_RUNNING')])
})
