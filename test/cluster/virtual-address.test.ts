/**
 * The document's chapter 4.6: a cluster with nothing but one virtual address.
 *
 * @systems debian12 debian13
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Lab } from './lab'

const MINUTE = 60_000

let lab: Lab

beforeAll(async () => {
  lab = await Lab.create()
  await lab.boot()
}, 2 * MINUTE)

afterAll(async () => {
  await lab.destroy()
}, MINUTE)

const configuration = `
property stonith-enabled="false" no-quorum-policy="ignore"
primitive vip ocf:ts:IPaddr2 \\
    params ip="192.168.100.90" nic="eth0" cidr_netmask="24" \\
    op start   timeout="60s" interval="0s"  on-fail="stop" \\
    op monitor timeout="60s" interval="10s" on-fail="restart" \\
    op stop    timeout="60s" interval="0s"  on-fail="block"
`

test(
  'the configuration loads without a word from crmsh',
  async () => {
    expect(await lab.configure(configuration)).toBe('')
  },
  MINUTE,
)

test(
  'the address answers, moves when its node stops, and the node can take it again',
  async () => {
    const answers = async (): Promise<boolean> =>
      (await lab.runClient(['ping', '-c', '1', '-W', '1', '192.168.100.90'])).code === 0

    const before = await lab.waitFor('vip runs', (status) => status.nodeOf('vip') !== undefined)
    const holder = before.nodeOf('vip') ?? ''
    const other = holder === 'node1' ? 'node2' : 'node1'
    expect(await answers()).toBe(true)

    await lab.node(holder).stopCluster()
    await lab.waitFor(`vip is on ${other}`, (status) => status.nodeOf('vip') === other)
    expect(await answers()).toBe(true)

    await lab.node(holder).boot()
    await lab.waitOnline([holder, other])
    await lab.node(other).stopCluster()
    await lab.waitFor(`vip is on ${holder} again`, (status) => status.nodeOf('vip') === holder)
    expect(await answers()).toBe(true)
  },
  2 * MINUTE,
)
