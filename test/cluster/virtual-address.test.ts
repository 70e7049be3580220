/**
 * The document's chapter 4.6: a cluster with nothing but a virtual address; here with one of IPv6 beside it.
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
  await lab.runClient(['ip', 'address', 'add', 'fd00:100::10/64', 'dev', 'eth0', 'nodad'])
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
primitive vip6 ocf:ts:IPaddr2 \\
    params ip="fd00:100::90" nic="eth0" cidr_netmask="64" \\
    op start   timeout="60s" interval="0s"  on-fail="stop" \\
    op monitor timeout="60s" interval="10s" on-fail="restart" \\
    op stop    timeout="60s" interval="0s"  on-fail="block"
group vips vip vip6
`

test(
  'the configuration loads without a word from crmsh',
  async () => {
    expect(await lab.configure(configuration)).toBe('')
  },
  MINUTE,
)

test(
  'the addresses answer, move when their node stops, and the node can take them again',
  async () => {
    const answers = async (): Promise<boolean> => {
      const pings = ['192.168.100.90', 'fd00:100::90'].map((address) =>
        lab.runClient(['ping', '-c', '1', '-W', '1', address]),
      )
      return (await Promise.all(pings)).every(({ code }) => code === 0)
    }

    // The second of the group runs where the first does.
    const before = await lab.waitFor('both run', (status) => status.nodeOf('vip6') !== undefined)
    const holder = before.nodeOf('vip') ?? ''
    const other = holder === 'node1' ? 'node2' : 'node1'
    expect(await answers()).toBe(true)

    await lab.node(holder).stopCluster()
    await lab.waitFor(`both are on ${other}`, (status) => status.nodeOf('vip6') === other)
    expect(await answers()).toBe(true)

    await lab.node(holder).boot()
    await lab.waitOnline([holder, other])
    await lab.node(other).stopCluster()
    await lab.waitFor(`both are on ${holder} again`, (status) => status.nodeOf('vip6') === holder)
    expect(await answers()).toBe(true)
  },
  2 * MINUTE,
)
