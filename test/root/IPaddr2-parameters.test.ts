/** What single parameters of the address agent do, on real interfaces. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, jest, test } from '@jest/globals'
import {
  directory,
  executable,
  GONE,
  IP,
  IP6,
  link,
  OWN,
  prepareAddressAgent,
  RECURRING,
  state,
  type Texts,
} from './support/address'
import { type AgentResult } from './support/agent'
import { CABLE, type End, eventually } from './support/link'

jest.setTimeout(180_000)

prepareAddressAgent()

function callFrom(
  end: End,
  action: string,
  params: Texts = {},
  env: Texts = {},
): Promise<AgentResult & { readonly ms: number }> {
  return end.call(executable, action, {
    params: { ip: IP, ...params },
    env: { HA_RSCTMP: state, ...env },
  })
}

/** Runs an action on the node's end of the cable. */
function call(action: string, params: Texts = {}, env: Texts = {}) {
  return callFrom(link.node, action, params, env)
}

test('netmask: the old name of cidr_netmask', async () => {
  expect((await call('start', { nic: CABLE, netmask: '255.255.255.128' })).code).toBe(0)
  expect(link.node.addresses()).toContain(`${IP}/25`)
  expect((await call('monitor', { nic: CABLE, netmask: '25' }, RECURRING)).code).toBe(0)
  expect((await call('monitor', { nic: CABLE, netmask: '24' }, RECURRING)).code).toBe(1)
})

describe('proto: the place is taken from the routes of one protocol', () => {
  test.each([
    ['IPv4', IP, '24', '10.9.0.0/28'],
    ['IPv6', IP6, '64', 'fd00:9::/96'],
  ])('%s', async (_, ip, length, other) => {
    link.node.ip('link', 'add', 'other', 'type', 'veth', 'peer', 'name', 'other-end')
    link.node.ip('link', 'set', 'other-end', 'up')
    link.node.ip('link', 'set', 'other', 'up')
    link.node.ip('route', 'add', other, 'dev', 'other', 'proto', 'static')
    const params = { ip, proto: 'kernel', nodad: 'true' }
    expect((await call('start', params)).code).toBe(0)
    expect(link.node.addresses()).toContain(`${ip}/${length}`)
    expect((await call('monitor', params, RECURRING)).code).toBe(0)
    // By the most specific of all routes it belongs on the other interface; but start has put it here.
    expect((await call('monitor', { ip }, RECURRING)).code).toBe(0)
    expect((await call('stop', params)).code).toBe(0)
    expect(link.node.addresses()).toEqual(OWN)
  })

  test('no route of that protocol', async () => {
    expect(await call('start', { proto: 'static' })).toMatchObject({
      code: 1,
      reason: expect.stringMatching(/^this node has no route to the network of 10\.9\.0\.5: set nic/),
    })
  })

  test('no such protocol', async () => {
    expect(await call('start', { proto: 'kernal' })).toMatchObject({
      code: 2,
      reason:
        "proto: this node lists no routes of protocol 'kernal': set proto to one that it has, such as kernel or static",
    })
    expect((await call('monitor', { proto: 'kernal' })).code).toBe(7)
    await call('start')
    expect((await call('stop', { proto: 'kernal' })).code).toBe(0)
    expect(link.node.addresses()).toEqual(OWN)
  })
})

describe('announcements, as the neighbour gets them', () => {
  /** Has the neighbour count the ARP replies that come in about the address. */
  const count = async (): Promise<void> => {
    const rules = `table arp seen {
      chain in { type filter hook input priority 0; arp operation reply arp saddr ip ${IP} counter; }
    }`
    expect((await link.peer.run(['nft', rules])).code).toBe(0)
  }
  const counted = async (): Promise<number> => {
    const { stdout } = await link.peer.run(['nft', 'list', 'table', 'arp', 'seen'])
    return Number(/packets (\d+)/.exec(stdout)?.[1])
  }

  test('arp_count of them, arp_interval apart', async () => {
    await count()
    const { code, ms } = await call('start', { arp_count: '4', arp_interval: '250', arp_bg: 'false' })
    expect(code).toBe(0)
    // send_arp sends a request and a reply each time.
    // The kernel delivers them when it gets to it.
    expect(await eventually(counted, 4, 3000)).toBe(4)
    expect(ms).toBeGreaterThan(3 * 250)
  })

  test('send_arp_opts: replies in place of requests', async () => {
    await count()
    const params = { arp_sender: 'iputils_arping', arp_count: '1', arp_bg: 'false' }
    expect((await call('start', params)).code).toBe(0)
    expect(await counted()).toBe(0)
    await call('stop')
    expect((await call('start', { ...params, send_arp_opts: '-A' })).code).toBe(0)
    expect(await counted()).toBe(1)
  })
})

test('flush_routes: what the node has learned of paths is forgotten', async () => {
  // Behind the neighbour is a network with short packets; the node learns that by the neighbour's answer.
  const FAR = '10.77.0.5'
  link.peer.ip('link', 'add', 'far', 'mtu', '1300', 'type', 'veth', 'peer', 'name', 'far-end')
  link.peer.ip('link', 'set', 'far-end', 'up')
  link.peer.ip('link', 'set', 'far', 'up')
  link.peer.ip('route', 'add', `${FAR}/32`, 'dev', 'far')
  expect((await link.peer.run(['sysctl', '-qw', 'net.ipv4.ip_forward=1'])).code).toBe(0)
  link.node.ip('route', 'add', `${FAR}/32`, 'via', '10.9.0.2')
  const knows = (): boolean => /\bmtu 1300\b/.test(link.node.ip('route', 'get', FAR))
  await call('start')
  await link.node.run(['ping', '-c', '1', '-W', '1', '-M', 'do', '-s', '1400', FAR])
  expect(knows()).toBe(true)
  expect((await call('stop')).code).toBe(0)
  expect(knows()).toBe(true)
  await call('start', { flush_routes: 'true' })
  expect((await call('stop', { flush_routes: 'true' })).code).toBe(0)
  expect(knows()).toBe(false)
})

test('noprefixroute: the address brings no route', async () => {
  const params = { nic: CABLE, ip: '10.50.0.5', cidr_netmask: '24' }
  await call('start', params)
  expect(link.node.ip('route', 'show')).toContain('10.50.0.0/24')
  await call('stop', params)
  expect((await call('start', { ...params, noprefixroute: 'true' })).code).toBe(0)
  expect(link.node.addresses()).toContain('10.50.0.5/24')
  expect(link.node.ip('route', 'show')).not.toContain('10.50.0.0/24')
})

test('lvs_ipv6_addrlabel, lvs_ipv6_addrlabel_value: the address is no source', async () => {
  const source = (): string | undefined =>
    / src (\S+)/.exec(link.node.ip('-6', 'route', 'get', 'fd00:9::4'))?.[1]
  // Without its label it is the best source there is: it shares the most bits with the destination.
  const params = { ip: IP6, nodad: 'true', cidr_netmask: '64' }
  await call('start', { ...params, lvs_ipv6_addrlabel: 'false' })
  expect(source()).toBe(IP6)
  await call('stop', { ...params, lvs_ipv6_addrlabel: 'false' })
  // By default it is none.
  await call('start', params)
  expect(link.node.ip('addrlabel', 'list')).toMatch(/fd00:9::5\/128 .*label 99/)
  expect(source()).toBe('fd00:9::1')
  await call('stop', params)
  expect(link.node.ip('addrlabel', 'list')).not.toContain('fd00:9::5')

  const labelled = { ...params, lvs_ipv6_addrlabel: 'true', lvs_ipv6_addrlabel_value: '77' }
  expect((await call('start', labelled)).code).toBe(0)
  expect(link.node.ip('addrlabel', 'list')).toMatch(/fd00:9::5\/128 .*label 77/)
  expect(source()).toBe('fd00:9::1')
  expect((await call('stop', labelled)).code).toBe(0)
  expect(link.node.ip('addrlabel', 'list')).not.toContain('fd00:9::5')
})

describe('unique_clone_address', () => {
  const instance = (number: number): Texts => ({
    OCF_RESOURCE_INSTANCE: `vip:${number}`,
    OCF_RESKEY_CRM_meta_clone: `${number}`,
    OCF_RESKEY_CRM_meta_clone_max: '3',
    OCF_RESKEY_CRM_meta_globally_unique: 'true',
  })

  test.each([
    ['IPv4', IP, ['10.9.0.5/24', '10.9.0.7/24']],
    ['IPv6', IP6, ['fd00:9::5/64', 'fd00:9::7/64']],
  ])('%s: each instance has its own', async (_, ip, [first = '', third = '']) => {
    const params = { ip, unique_clone_address: 'true', nodad: 'true', arp_count: '300' }
    expect((await call('start', params, instance(0))).code).toBe(0)
    expect(link.node.addresses()).toContain(first)
    expect((await call('monitor', params, { ...RECURRING, ...instance(2) })).code).toBe(7)
    expect((await call('start', params, instance(2))).code).toBe(0)
    expect(link.node.addresses()).toEqual(expect.arrayContaining([first, third]))
    expect((await call('monitor', params, { ...RECURRING, ...instance(2) })).code).toBe(0)
    // What the first one announces is its own.
    expect((await call('stop', params, instance(0))).code).toBe(0)
    expect(link.node.addresses()).toEqual(expect.arrayContaining([third]))
    expect(link.node.addresses()).not.toContain(first)
    expect(readdirSync(state)).toHaveLength(2)
    expect((await call('stop', params, instance(2))).code).toBe(0)
    expect(link.node.addresses()).toEqual(OWN)
    expect(readdirSync(state)).toEqual([])
  })

  test.each<[string, Texts, Texts, RegExp]>([
    [
      'a clone that is not globally unique',
      {},
      { OCF_RESKEY_CRM_meta_globally_unique: 'false' },
      /globally-unique=true$/,
    ],
    [
      'more instances than addresses',
      { ip: '10.9.0.254' },
      {},
      /there are no 2 addresses after 10\.9\.0\.254/,
    ],
  ])('%s', async (_, params, env, reason) => {
    expect(
      await call('start', { unique_clone_address: 'true', ...params }, { ...instance(0), ...env }),
    ).toMatchObject({ code: 6, reason: expect.stringMatching(reason) })
    expect(link.node.addresses()).toEqual(OWN)
  })
})

describe('network_namespace', () => {
  /** Called from the other end of the cable. */
  const callOutside = (action: string, params: Texts = {}, env: Texts = {}) =>
    callFrom(link.peer, action, { network_namespace: link.node.namespace, ...params }, env)

  test.each([
    ['IPv4', IP, `${IP}/24`],
    ['IPv6', IP6, `${IP6}/64`],
  ])('%s: all is done in there', async (_, ip, prefix) => {
    const params = { ip, nodad: 'true', arp_count: '300' }
    expect((await callOutside('monitor', params)).code).toBe(7)
    expect((await callOutside('validate-all', params)).code).toBe(0)
    link.peer.believe(ip, GONE)
    expect((await callOutside('start', params)).code).toBe(0)
    expect(link.node.addresses()).toContain(prefix)
    expect(link.peer.addresses()).not.toContain(prefix)
    expect(await eventually(() => link.peer.neighbour(ip), link.node.mac, 1500)).toBe(link.node.mac)
    expect((await callOutside('start', params)).code).toBe(0)
    expect((await callOutside('monitor', params, RECURRING)).code).toBe(0)
    expect(await callOutside('status', params)).toMatchObject({ code: 0, stdout: 'running\n' })
    // Called in there it does the same.
    expect((await call('monitor', { ...params, network_namespace: link.node.namespace })).code).toBe(0)

    const note = join(state, `ts-IPaddr2-announcer-${link.node.namespace}-${ip}`)
    const pid = readFileSync(note, 'utf8').split(' ')[0] ?? ''
    expect((await callOutside('stop', params)).code).toBe(0)
    expect(await eventually(() => existsSync(`/proc/${pid}/exe`), false, 1000)).toBe(false)
    expect(link.node.addresses()).toEqual(OWN)
    expect(readdirSync(state)).toEqual([])
    expect((await callOutside('monitor', params, RECURRING)).code).toBe(7)
  })

  test('a failure in there is one out here, with its reason', async () => {
    expect(await callOutside('start', { nic: 'eth7' })).toMatchObject({
      code: 2,
      reason: "nic: this node has no interface 'eth7'; set nic to one of lo, eth0",
    })
  })

  test('a namespace that is not on this node', async () => {
    const params = { network_namespace: 'ocfts-nowhere' }
    for (const action of ['start', 'validate-all']) {
      expect(await callOutside(action, params)).toMatchObject({
        code: 2,
        reason:
          "network_namespace: this node has no 'ocfts-nowhere': make it (ip netns add ocfts-nowhere), or correct network_namespace",
      })
    }
    expect((await callOutside('monitor', params)).code).toBe(7)
    expect((await callOutside('monitor', params, RECURRING)).code).toBe(7)
    expect(await callOutside('status', params)).toMatchObject({ code: 7, stdout: 'stopped\n' })
    expect((await callOutside('stop', params)).code).toBe(0)
    expect((await callOutside('stop', params)).code).toBe(0)
  })

  test('a namespace that has gone while the address was in it', async () => {
    const params = { lvs_support: 'true', arp_count: '300' }
    link.node.ip('address', 'add', `${IP}/32`, 'dev', 'lo')
    expect((await callOutside('start', params)).code).toBe(0)
    expect(readdirSync(state)).toHaveLength(3)
    execFileSync('ip', ['netns', 'delete', link.node.namespace])
    expect((await callOutside('monitor', params, RECURRING)).code).toBe(7)
    expect((await callOutside('stop', params)).code).toBe(0)
    expect(readdirSync(state)).toEqual([])
  })

  test('not root', async () => {
    const argv = ['setpriv', '--reuid=65534', '--clear-groups', process.execPath, executable, 'monitor']
    const result = await link.peer.run(
      ['sh', '-c', 'chmod 755 "$1"; shift; exec "$@"', '-', directory, ...argv],
      {
        PATH: '/usr/bin:/bin',
        OCF_RESKEY_ip: IP,
        OCF_RESKEY_network_namespace: link.node.namespace,
      },
    )
    expect(result).toMatchObject({
      code: 4,
      reason: `only root can enter the network namespace ${link.node.namespace}: run the agent as root`,
    })
  })

  test('by hand, from outside', async () => {
    const options = ['--set', `ip=${IP}`, '--set', `network_namespace=${link.node.namespace}`]
    const shown = await link.peer.run([executable, 'start', ...options, '--explain'], {
      PATH: '/usr/bin:/bin',
    })
    expect(shown.code).toBe(0)
    expect(shown.stdout).toContain(`ip -4 address add ${IP}/24 broadcast 10.9.0.255 dev eth0`)
    expect(link.node.addresses()).toEqual(OWN)
  })
})

describe('check_link_status', () => {
  const CHECKED = { nic: CABLE, cidr_netmask: '24', check_link_status: 'true' }
  const NO_LINK =
    'eth0 has no link: check its cable, switch or lower interface, or set check_link_status=false'

  const lose = async (): Promise<void> => {
    link.peer.ip('link', 'set', CABLE, 'down')
    const lost = (): boolean => /state (LOWERLAYER)?DOWN/.test(link.node.ip('link', 'show', 'dev', CABLE))
    expect(await eventually(lost, true, 3000)).toBe(true)
  }

  test('a monitor fails without a link, and is well again with it', async () => {
    expect((await call('start', CHECKED)).code).toBe(0)
    expect((await call('monitor', CHECKED, RECURRING)).code).toBe(0)
    await lose()
    expect(await call('monitor', CHECKED, RECURRING)).toMatchObject({ code: 1, reason: NO_LINK })
    // Without the parameter it is ping that watches over that.
    expect((await call('monitor', { ...CHECKED, check_link_status: 'false' }, RECURRING)).code).toBe(0)
    expect((await call('start', CHECKED)).code).toBe(1)
    link.peer.ip('link', 'set', CABLE, 'up')
    await eventually(() => /state UP/.test(link.node.ip('link', 'show', 'dev', CABLE)), true, 3000)
    expect((await call('monitor', CHECKED, RECURRING)).code).toBe(0)
    expect((await call('stop', CHECKED)).code).toBe(0)
  })

  test('stop takes the address away without a link too', async () => {
    await call('start', CHECKED)
    await lose()
    expect((await call('stop', CHECKED)).code).toBe(0)
    expect(link.node.addresses()).toEqual(OWN)
    expect((await call('monitor', CHECKED, RECURRING)).code).toBe(7)
  })

  test('a start is refused without a link, and adds nothing', async () => {
    await lose()
    for (const action of ['start', 'validate-all']) {
      expect(await call(action, CHECKED)).toMatchObject({ code: 1, reason: NO_LINK })
    }
    expect(link.node.addresses()).toEqual(OWN)
  })

  test('an interface that start brings up gets time to find its link', async () => {
    link.node.ip('link', 'set', CABLE, 'down')
    expect((await call('start', CHECKED)).code).toBe(0)
    expect((await call('monitor', CHECKED, RECURRING)).code).toBe(0)
    await call('stop', CHECKED)

    link.node.ip('link', 'set', CABLE, 'down')
    link.peer.ip('link', 'set', CABLE, 'down')
    expect(await call('start', CHECKED, { OCF_RESKEY_CRM_meta_timeout: '4000' })).toMatchObject({
      code: 1,
      reason: NO_LINK,
    })
    expect(link.node.addresses()).not.toContain(`${IP}/24`)
  })
})
