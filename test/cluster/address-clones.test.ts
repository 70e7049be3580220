/** Clones of the address, as pacemaker runs them: an address for each instance, and one address for all of them. */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Lab, until } from './lab'

const MINUTE = 60_000
const NODES = ['node1', 'node2']
const SHARED = '192.168.100.95'

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
primitive own ocf:ts:IPaddr2 \\
    params ip="192.168.100.91" nic="eth0" cidr_netmask="24" unique_clone_address="true" \\
    op monitor interval="2s" timeout="20s"
clone own-clone own \\
    meta globally-unique="true" clone-max="2" clone-node-max="2"
primitive shared ocf:ts:IPaddr2 \\
    params ip="${SHARED}" nic="eth0" cidr_netmask="24" \\
    op monitor interval="2s" timeout="20s"
clone shared-clone shared \\
    meta globally-unique="true" clone-max="2" clone-node-max="2"
`

/** The addresses of the clones that a node has. */
async function addressesOf(name: string): Promise<readonly string[]> {
  const shown = await lab.node(name).must(['ip', '-4', '-o', 'address', 'show', 'dev', 'eth0'])
  return [...shown.matchAll(/inet (192\.168\.100\.9\d)\//g)].map(([, address = '']) => address).sort()
}

/** The shares of the one address that a node serves. */
async function sharesOf(name: string): Promise<readonly string[]> {
  const rules = await lab.node(name).must(['nft', 'list', 'ruleset'])
  return [...rules.matchAll(/comment "(\d of 2)"/g)].map(([, share = '']) => share).sort()
}

const answers = async (address: string): Promise<boolean> =>
  (await lab.runClient(['ping', '-c', '1', '-W', '1', address])).code === 0

test(
  'each node has an instance of each clone',
  async () => {
    expect(await lab.configure(configuration)).toBe('')
    await until('every node has one address of its own, and the common one', async () => {
      const all = await Promise.all(NODES.map(addressesOf))
      return all.every((addresses) => addresses.length === 2 && addresses.includes(SHARED))
    })
    await until('every node serves a share', async () =>
      (await Promise.all(NODES.map(sharesOf))).every((shares) => shares.length === 1),
    )
    const own = (await Promise.all(NODES.map(addressesOf))).flat().filter((address) => address !== SHARED)
    expect(own.sort()).toEqual(['192.168.100.91', '192.168.100.92'])
    expect((await Promise.all(NODES.map(sharesOf))).flat().sort()).toEqual(['0 of 2', '1 of 2'])
    for (const address of [...own, SHARED])
      expect({ address, up: await answers(address) }).toEqual({ address, up: true })
  },
  MINUTE,
)

test(
  'a node that is left alone has all of them',
  async () => {
    await lab.node('node1').stopCluster()
    expect(await addressesOf('node1')).toEqual([])
    expect(await sharesOf('node1')).toEqual([])
    const all = ['192.168.100.91', '192.168.100.92', SHARED]
    await until('node2 has every address', async () => (await addressesOf('node2')).join() === all.join())
    await until('node2 serves every share', async () => (await sharesOf('node2')).join() === '0 of 2,1 of 2')
    for (const address of all) expect({ address, up: await answers(address) }).toEqual({ address, up: true })
    const status = await lab.node('node2').must(['crm_mon', '-1', '-r'])
    expect(status).not.toMatch(/Failed Resource Actions/)
  },
  2 * MINUTE,
)
