/** The address agent beside Debian's shell agent: what one puts on an interface, the other puts there too. */
import { join } from 'node:path'
import { describe, expect, jest, test } from '@jest/globals'
import {
  directory,
  executable,
  IP,
  IP6,
  link,
  prepareAddressAgent,
  RECURRING,
  type Texts,
} from './support/address'
import { type AgentResult } from './support/agent'
import { CABLE } from './support/link'

jest.setTimeout(180_000)

const SHELL = '/usr/lib/ocf/resource.d/heartbeat/IPaddr2'

prepareAddressAgent()

/** Runs an action of either agent; /run/resource-agents, which the shell agent has built in, is its own. */
function call(program: string, action: string, params: Texts, env: Texts = {}): Promise<AgentResult> {
  const variables = Object.entries({ ip: IP, ...params }).map(([name, value]) => [
    `OCF_RESKEY_${name}`,
    value,
  ])
  const script =
    'mkdir -p "$1" && mount --bind "$1" /run && mkdir -p /run/resource-agents && shift && exec "$@"'
  return link.node.run(['sh', '-c', script, '-', join(directory, 'run'), program, action], {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    OCF_ROOT: '/usr/lib/ocf',
    OCF_RESOURCE_INSTANCE: 'vip',
    ...(Object.fromEntries(variables) as Texts),
    ...env,
  })
}

/** Everything that can be seen of the node's addresses, routes and address labels. */
function seen(): unknown {
  const links = JSON.parse(link.node.ip('-j', 'address', 'show')) as {
    ifname?: string
    addr_info?: Readonly<Record<string, unknown>>[]
  }[]
  const addresses = links.flatMap(({ ifname, addr_info = [] }) =>
    addr_info.filter(({ scope }) => scope !== 'link').map((info) => JSON.stringify({ ifname, ...info })),
  )
  return {
    addresses: addresses.sort(),
    routes: link.node.ip('route', 'show').split('\n').sort(),
    routes6: link.node.ip('-6', 'route', 'show').split('\n').sort(),
    labels: link.node.ip('addrlabel', 'list').split('\n').sort(),
  }
}

// Older shell agents have another default for the label.
const QUICK = { arp_count: '1', arp_interval: '10', lvs_ipv6_addrlabel: 'false' }
const UNIQUE = {
  OCF_RESKEY_CRM_meta_clone: '2',
  OCF_RESKEY_CRM_meta_clone_max: '3',
  OCF_RESKEY_CRM_meta_globally_unique: 'true',
}

describe.each<[Texts, Texts?]>([
  [{}],
  [{ nic: CABLE }],
  [{ nic: CABLE, cidr_netmask: '25' }],
  [{ cidr_netmask: '28' }],
  [{ cidr_netmask: '255.255.255.128', nic: CABLE }],
  [{ netmask: '26', nic: CABLE }],
  [{ broadcast: '10.9.0.77' }],
  [{ nic: CABLE, cidr_netmask: '20', broadcast: '+' }],
  [{ nic: CABLE, cidr_netmask: '20', broadcast: '-' }],
  [{ iflabel: 'vip' }],
  [{ nic: `${CABLE}:0`, iflabel: 'vip' }],
  [{ ip: '10.50.0.5', nic: CABLE, cidr_netmask: '24', noprefixroute: 'true' }],
  [{ ip: '127.0.0.7' }],
  [{ lvs_support: 'true' }],
  [{ unique_clone_address: 'true' }, UNIQUE],
  [{ flush_routes: 'true' }],
  [{ run_arping: 'true' }],
  [{ arp_sender: 'iputils_arping', send_arp_opts: '-A' }],
  [{ ip: IP6 }],
  [{ ip: 'FD00:9:0::0005', nodad: 'true' }],
  [{ ip: IP6, nic: CABLE, cidr_netmask: '80', nodad: 'true', noprefixroute: 'true' }],
  [{ ip: IP6, nodad: 'true', preferred_lft: '0' }],
  [{ ip: IP6, nodad: 'true', lvs_ipv6_addrlabel: 'true', lvs_ipv6_addrlabel_value: '77' }],
])('%j', (given, env = {}) => {
  const params = { ...QUICK, ...given }

  test('the same address by either agent, and each takes over from the other', async () => {
    // The shell agent gives it back with this broadcast address, whatever it had.
    if (given['lvs_support'] !== undefined)
      link.node.ip('address', 'add', `${IP}/32`, 'broadcast', '255.255.255.255', 'dev', 'lo')
    const before = seen()
    const after: unknown[] = []
    for (const [starter, stopper] of [
      [SHELL, executable],
      [executable, SHELL],
    ] as const) {
      // What lvs_support took from loopback, only the agent that took it can give back.
      const ender = given['lvs_support'] === undefined ? stopper : starter
      expect(await call(starter, 'start', params, env)).toMatchObject({ code: 0 })
      after.push(seen())
      for (const watcher of [SHELL, executable]) {
        expect(await call(watcher, 'monitor', params, { ...RECURRING, ...env })).toMatchObject({ code: 0 })
      }
      expect(await call(ender, 'stop', params, env)).toMatchObject({ code: 0 })
      expect(seen()).toEqual(before)
      for (const watcher of [SHELL, executable]) {
        expect(await call(watcher, 'monitor', params, { ...RECURRING, ...env })).toMatchObject({ code: 7 })
      }
    }
    expect(after[1]).toEqual(after[0])
    expect(after[0]).not.toEqual(before)
  })
})
