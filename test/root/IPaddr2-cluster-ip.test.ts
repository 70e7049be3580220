/** An address that the instances of a clone have together, with real clients. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import {
  executable,
  IP,
  IP6,
  link,
  OWN,
  prepareAddressAgent,
  RECURRING,
  state,
  type Texts,
} from './support/address'
import { CABLE, End } from './support/link'

jest.setTimeout(180_000)

/** How many clients there are. */
const CLIENTS = 24

const servers: ChildProcess[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.kill('SIGKILL')
})
prepareAddressAgent()

/** Runs an action of one of two instances on the node. */
function call(instance: number, action: string, params: Texts = {}, env: Texts = {}) {
  return callOn(link.node, instance, action, params, env)
}

function callOn(node: End, instance: number, action: string, params: Texts = {}, env: Texts = {}) {
  return node.call(executable, action, {
    params: { ip: IP, ...params },
    env: {
      HA_RSCTMP: state,
      OCF_RESOURCE_INSTANCE: `vip:${instance}`,
      OCF_RESKEY_CRM_meta_clone: `${instance}`,
      OCF_RESKEY_CRM_meta_clone_max: '2',
      OCF_RESKEY_CRM_meta_globally_unique: 'true',
      ...env,
    },
  })
}

/** The node's rules; nothing at all when there are none. */
async function rules(): Promise<string> {
  return (await link.node.run(['nft', 'list', 'ruleset'])).stdout
}

const clientsOf = (ip: string): readonly string[] =>
  Array.from({ length: CLIENTS }, (_, index) =>
    ip === IP ? `10.9.0.${100 + index}` : `fd00:9::1:${index + 1}`,
  )

/** Gives the other end of the cable the clients' addresses. */
function addClients(ip: string, dev = CABLE): void {
  const rest = ip === IP ? [] : ['nodad']
  for (const client of clientsOf(ip)) {
    link.peer.ip('address', 'add', `${client}/${ip === IP ? 24 : 64}`, 'dev', dev, ...rest)
  }
}

/** Starts something on a node that tells who connects to it what the node is called. */
async function serve(node: End): Promise<void> {
  const script = `require('net').createServer((socket) => socket.end(process.argv[1]))
    .listen(7777, () => console.log('ready'))`
  const argv = [process.execPath, '-e', script, node.namespace]
  const server = spawn('ip', ['netns', 'exec', node.namespace, ...argv], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  servers.push(server)
  await new Promise((resolve) => server.stdout.once('data', resolve))
}

async function prepare(ip: string): Promise<void> {
  addClients(ip)
  await serve(link.node)
}

/** Who answers which client; those without an answer are not there. */
async function answers(ip: string): Promise<ReadonlyMap<string, string>> {
  const script = `
    const [ip, ...clients] = process.argv.slice(1)
    for (const localAddress of clients) {
      const socket = require('net').connect({ host: ip, port: 7777, localAddress })
      socket.setTimeout(1200, () => socket.destroy())
      socket.on('data', (name) => console.log(localAddress + ' ' + name)).on('error', () => undefined)
    }`
  const { stdout } = await link.peer.run([process.execPath, '-e', script, ip, ...clientsOf(ip)])
  return new Map(
    stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(' ') as [string, string]),
  )
}

/** Those clients that get an answer. */
async function answered(ip: string): Promise<readonly string[]> {
  return [...(await answers(ip)).keys()].sort()
}

describe('an anonymous clone on the loopback interface', () => {
  const ANONYMOUS = {
    OCF_RESOURCE_INSTANCE: 'vip',
    OCF_RESKEY_CRM_meta_clone: '0',
    OCF_RESKEY_CRM_meta_globally_unique: 'false',
  }

  test.each([
    ['IPv4', { ip: IP, nic: 'lo', cidr_netmask: '32' }, `${IP}/32`],
    ['IPv4 with a label', { ip: IP, nic: 'lo:vip', cidr_netmask: '32', run_arping: 'true' }, `${IP}/32`],
    ['IPv6', { ip: IP6, nic: 'lo', cidr_netmask: '128' }, `${IP6}/128`],
  ])('%s: each node has the address for itself', async (_, params, prefix) => {
    for (const node of [link.node, link.peer]) {
      expect(await callOn(node, 0, 'validate-all', params, ANONYMOUS)).toMatchObject({ code: 0 })
      expect((await callOn(node, 0, 'monitor', params, ANONYMOUS)).code).toBe(7)
      expect(await callOn(node, 0, 'start', params, ANONYMOUS)).toMatchObject({ code: 0 })
      expect(node.addresses('lo')).toContain(prefix)
    }
    for (const node of [link.node, link.peer]) {
      expect((await callOn(node, 0, 'monitor', params, { ...RECURRING, ...ANONYMOUS })).code).toBe(0)
      expect(await rules()).toBe('')
      expect((await callOn(node, 0, 'stop', params, ANONYMOUS)).code).toBe(0)
      expect(node.addresses('lo')).not.toContain(prefix)
      expect((await callOn(node, 0, 'monitor', params, { ...RECURRING, ...ANONYMOUS })).code).toBe(7)
    }
  })

  test('anywhere else it is refused, and the message has the fix', async () => {
    expect(await callOn(link.node, 0, 'start', { ip: IP, nic: CABLE }, ANONYMOUS)).toMatchObject({
      code: 6,
      reason:
        'ip: only instances with numbers share an address; set meta globally-unique=true, or nic=lo, or use a primitive',
    })
  })
})

const PARAMETERS = {
  mac: '03:00:00:00:00:07',
  clusterip_hash: 'sourceip',
  clusterip_firewall: 'nft',
  clusterip_hash_seed: '0xdeadbeef',
  clusterip_table: 'mine',
  clusterip_chain: 'shared',
}

describe.each<[string, string, Texts]>([
  ['by default', IP, {}],
  ['with everything configured', IP, PARAMETERS],
  ['IPv6', IP6, { clusterip_mac_mangle: 'false' }],
])('%s', (_, ip, given) => {
  const params = { ip, ...given }

  test('each client has one instance that answers it', async () => {
    await prepare(ip)
    const all = [...clientsOf(ip)].sort()
    expect((await call(0, 'monitor', params)).code).toBe(7)
    expect((await call(0, 'validate-all', params)).code).toBe(0)
    expect((await call(0, 'start', params)).code).toBe(0)
    expect((await call(0, 'start', params)).code).toBe(0)
    expect((await call(0, 'monitor', params, RECURRING)).code).toBe(0)
    expect((await call(1, 'monitor', params, RECURRING)).code).toBe(7)
    const first = await answered(ip)
    expect(first.length).toBeGreaterThan(0)
    expect(first.length).toBeLessThan(CLIENTS)

    expect((await call(1, 'start', params)).code).toBe(0)
    expect((await call(1, 'monitor', params, RECURRING)).code).toBe(0)
    expect(await answered(ip)).toEqual(all)

    expect((await call(0, 'stop', params)).code).toBe(0)
    expect((await call(0, 'monitor', params, RECURRING)).code).toBe(7)
    expect((await call(1, 'monitor', params, RECURRING)).code).toBe(0)
    expect(await answered(ip)).toEqual(all.filter((client) => !first.includes(client)))

    expect((await call(1, 'stop', params)).code).toBe(0)
    expect((await call(1, 'stop', params)).code).toBe(0)
    expect(link.node.addresses()).toEqual(OWN)
    expect(await rules()).toBe('')
    expect(link.node.ip('maddress', 'show', 'dev', CABLE)).not.toMatch(/link +03:/)
    expect((await call(1, 'monitor', params, RECURRING)).code).toBe(7)
  })
})

describe('two nodes', () => {
  let second: End

  beforeEach(() => {
    // The clients' end becomes a switch with a second node behind it.
    second = new End(`${link.node.namespace}2`)
    execFileSync('ip', ['netns', 'add', second.namespace])
    link.peer.ip('link', 'add', 'switch', 'type', 'bridge')
    link.peer.ip('link', 'add', 'second', 'type', 'veth', 'peer', 'name', CABLE, 'netns', second.namespace)
    link.peer.ip('address', 'flush', 'dev', CABLE)
    for (const port of [CABLE, 'second']) link.peer.ip('link', 'set', port, 'up', 'master', 'switch')
    link.peer.ip('link', 'set', 'switch', 'up')
    second.ip('link', 'set', 'lo', 'up')
    second.ip('link', 'set', CABLE, 'up')
    second.ip('address', 'add', '10.9.0.3/24', 'dev', CABLE)
  })
  afterEach(() => {
    execFileSync('ip', ['netns', 'delete', second.namespace])
  })

  test('share the clients, and one takes all when the other has gone', async () => {
    const [one, other] = [link.node.namespace, second.namespace]
    addClients(IP, 'switch')
    await Promise.all([serve(link.node), serve(second)])
    expect((await callOn(link.node, 0, 'start')).code).toBe(0)
    expect((await callOn(second, 1, 'start')).code).toBe(0)
    const shared = await answers(IP)
    expect([...shared.keys()].sort()).toEqual([...clientsOf(IP)].sort())
    expect(new Set(shared.values())).toEqual(new Set([one, other]))
    // Each client stays where it is.
    expect(await answers(IP)).toEqual(shared)

    link.node.ip('link', 'set', CABLE, 'down')
    expect((await callOn(second, 0, 'start')).code).toBe(0)
    const taken = await answers(IP)
    expect([...taken.keys()].sort()).toEqual([...clientsOf(IP)].sort())
    expect(new Set(taken.values())).toEqual(new Set([other]))
  })
})

test('mac: neighbours send to the address of all nodes; by default each node makes the same one', async () => {
  const ask = async (): Promise<string | undefined> => {
    link.peer.ip('neigh', 'flush', 'dev', CABLE)
    await link.peer.run(['ping', '-c', '1', '-W', '1', IP])
    return link.peer.neighbour(IP)
  }
  const both = async (params: Texts): Promise<void> => {
    for (const instance of [0, 1]) expect((await call(instance, 'start', params)).code).toBe(0)
  }
  await both({ mac: PARAMETERS.mac })
  expect(await ask()).toBe(PARAMETERS.mac)
  for (const instance of [0, 1]) await call(instance, 'stop', { mac: PARAMETERS.mac })
  await both({})
  const made = await ask()
  expect(made).toMatch(/^[\da-f][37bf]:/)
  expect(link.node.ip('maddress', 'show', 'dev', CABLE)).toContain(made)
})

test('clusterip_mac_mangle=false: ARP is left alone', async () => {
  expect((await call(0, 'start', { clusterip_mac_mangle: 'false' })).code).toBe(0)
  await link.peer.run(['ping', '-c', '1', '-W', '1', IP])
  expect(link.peer.neighbour(IP)).toBe(link.node.mac)
  expect(await rules()).not.toContain('table arp')
})

test('clusterip_hash_seed: another one shares the clients out in another way', async () => {
  await prepare(IP)
  const shares = new Set<string>()
  for (const clusterip_hash_seed of ['1', '2', '3']) {
    await call(0, 'start', { clusterip_hash_seed })
    shares.add((await answered(IP)).join(' '))
    await call(0, 'stop', { clusterip_hash_seed })
  }
  expect(shares.size).toBeGreaterThan(1)
})

test('clusterip_table, clusterip_chain: the names of what is made; what else is there stays', async () => {
  expect((await link.node.run(['nft', 'add table inet mine; add chain inet mine others'])).code).toBe(0)
  await call(0, 'start', PARAMETERS)
  const made = await rules()
  expect(made).toMatch(/table inet mine \{[^]*chain shared-instances \{[^]*chain shared \{/)
  expect(made).toMatch(/table arp mine \{[^]*chain shared \{/)
  await call(0, 'stop', PARAMETERS)
  expect((await rules()).replace(/\s+/g, ' ').trim()).toBe('table inet mine { chain others { } }')
})

test('two instances that are stopped at the same time leave nothing', async () => {
  for (const instance of [0, 1]) await call(instance, 'start')
  const results = await Promise.all([0, 1].map((instance) => call(instance, 'stop')))
  expect(results.map(({ code }) => code)).toEqual([0, 0])
  expect(link.node.addresses()).toEqual(OWN)
  expect(await rules()).toBe('')
})

describe('what goes wrong', () => {
  test('the address has gone', async () => {
    await call(0, 'start')
    link.node.ip('address', 'delete', `${IP}/24`, 'dev', CABLE)
    expect(await call(0, 'monitor', {}, RECURRING)).toMatchObject({
      code: 1,
      reason: `${IP} is on no interface, while its instance 0 is set up: restart it`,
    })
    expect((await call(0, 'stop')).code).toBe(0)
    expect(await rules()).toBe('')
  })

  test.each(['start', 'validate-all'])('there is no nft: %s', async (action) => {
    // The namespace has mounts of its own; ip is in /usr/bin too.
    const script = 'mount -t tmpfs none /usr/sbin && exec "$@"'
    const argv = ['sh', '-c', script, '-', process.execPath, executable, action]
    const result = await link.node.run(argv, {
      PATH: '/usr/bin:/bin',
      OCF_RESKEY_ip: IP,
      OCF_RESKEY_CRM_meta_clone_max: '2',
      OCF_RESKEY_CRM_meta_globally_unique: 'true',
    })
    expect(result).toMatchObject({
      code: 5,
      reason: 'a cluster IP needs the program nft: install it (Debian: nftables), or use a primitive',
    })
    expect(link.node.addresses()).toEqual(OWN)
  })

  test.each([
    ['mac', '02:00:5e:00:00:05'],
    ['clusterip_hash', 'destip'],
    ['clusterip_firewall', 'iptables'],
    ['clusterip_hash_seed', '-1'],
    ['clusterip_table', 'a b'],
    ['clusterip_chain', '-F'],
    ['clusterip_mac_mangle', 'maybe'],
  ])('%s=%s', async (name, value) => {
    expect(await call(0, 'start', { [name]: value })).toMatchObject({
      code: 6,
      reason: expect.stringMatching(new RegExp(`^${name}: '${value}' is not allowed; set ${name} to `)),
    })
    expect(link.node.addresses()).toEqual(OWN)
  })

  test('a clone whose instances have no numbers', async () => {
    const anonymous = { OCF_RESKEY_CRM_meta_globally_unique: 'false' }
    expect(await call(0, 'start', {}, anonymous)).toMatchObject({
      code: 6,
      reason: expect.stringMatching(
        /^ip: only instances with numbers share an address; set meta globally-unique=true, or nic=lo/,
      ),
    })
  })
})

test('the parameters do no harm to an address of one node', async () => {
  const alone = { OCF_RESKEY_CRM_meta_clone_max: '1' }
  expect((await call(0, 'start', PARAMETERS, alone)).code).toBe(0)
  expect(link.node.addresses()).toContain(`${IP}/24`)
  expect((await call(0, 'monitor', PARAMETERS, { ...alone, ...RECURRING })).code).toBe(0)
  expect(await rules()).toBe('')
})
