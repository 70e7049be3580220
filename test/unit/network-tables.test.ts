/** What the kernel and iproute2 print, recorded on Debian 12. */
import { describe, expect, test } from '@jest/globals'
import { parseAddress } from '../../lib/network/address'
import { interfaceCalled, placesOf } from '../../lib/network/interfaces'
import { parseIpv6States } from '../../lib/network/ipv6-states'
import { parseInterfaces } from '../../lib/network/list-interfaces'
import { parseListedRoutes } from '../../lib/network/list-routes'
import { mostSpecificRoute, parseIpv4Routes, parseIpv6Routes } from '../../lib/network/routes'
import { interfacesFrom } from '../../lib/network/visible-interfaces'

function address(text: string) {
  const parsed = parseAddress(text)
  if (!parsed) throw new Error(`${text} is no address`)
  return parsed
}

const ROUTE = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0100A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0064A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth2\t0002A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
tun0\t0000A8C0\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
eth3\t0064A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0
eth4\t8064A8C0\t0100A8C0\t0003\t0\t0\t0\t80FFFFFF\t0\t0\t0
eth5\tA364A8C0\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t0\t0\t0
`

const IPV6_ROUTE = `fd000009000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001       v0
fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000002 00000000 00000001       v0
20010db8000000000000000000000000 20 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003       v0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
fd000009000000000000000000000001 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80200001       v0
fd000009000000000000000000000000 80 00000000000000000000000000000000 00 00000000000000000000000000000000 00000000 00000002 00000000 80300001       v0
`

describe('routes', () => {
  const routes = parseIpv4Routes(ROUTE, 'LE')

  test('only connected networks are read', () => {
    expect(
      routes.map(({ interface: name, network, prefixLength }) => [name, network.text, prefixLength]),
    ).toEqual([
      ['eth0', '192.168.100.0', 24],
      ['eth2', '192.168.2.0', 24],
      ['tun0', '192.168.0.0', 16],
      ['eth3', '192.168.100.0', 24],
    ])
    expect(
      parseIpv6Routes(IPV6_ROUTE).map(({ interface: name, network, prefixLength }) => [
        name,
        network.text,
        prefixLength,
      ]),
    ).toEqual([
      ['v0', 'fd00:9::', 64],
      ['v0', 'fe80::', 64],
    ])
  })

  test('a host with the other byte order writes the same network the other way round', () => {
    const text = 'header\neth0\tC0A86400\t00000000\t0001\t0\t0\t0\tFFFFFF00\t0\t0\t0\n'
    expect(parseIpv4Routes(text, 'BE')).toEqual([
      { interface: 'eth0', network: address('192.168.100.0'), prefixLength: 24 },
    ])
  })

  test.each([
    ['192.168.100.163', {}, 'eth0', 24],
    ['192.168.2.3', {}, 'eth2', 24],
    ['192.168.7.7', {}, 'tun0', 16],
    ['192.168.100.163', { interface: 'eth3' }, 'eth3', 24],
    ['192.168.100.163', { interface: 'tun0' }, 'tun0', 16],
    ['192.168.100.163', { prefixLength: 24 }, 'eth0', 24],
    ['192.168.100.163', { prefixLength: 20 }, 'tun0', 16],
  ])('the route to %s, with %j, is on %s with %i bits', (ip, limits, name, length) => {
    expect(mostSpecificRoute(routes, address(ip), limits)).toMatchObject({
      interface: name,
      prefixLength: length,
    })
  })

  test.each([
    ['10.0.0.1', {}],
    ['192.168.2.3', { interface: 'eth0' }],
    ['192.168.2.3', { prefixLength: 8 }],
    ['fd00:9::5', {}],
  ])('there is no route to %s, with %j', (ip, limits) => {
    expect(mostSpecificRoute(routes, address(ip), limits)).toBeUndefined()
  })
})

test('routes as ip lists them', () => {
  const listed = [
    { dst: 'default', gateway: '10.9.0.2', dev: 'eth0', flags: [] },
    { dst: '10.9.0.0/24', dev: 'eth0', scope: 'link', prefsrc: '10.9.0.1', flags: [] },
    { dst: '10.8.0.0/16', gateway: '10.9.0.2', dev: 'eth0', flags: [] },
    { dst: '10.7.0.0/16', via: { family: 'inet6', host: 'fe80::1' }, dev: 'eth0', flags: [] },
    { dst: '10.6.0.1', dev: 'eth0', scope: 'link', flags: [] },
    { type: 'unreachable', dst: '10.5.0.0/16', dev: 'lo', flags: [] },
    { dst: 'fd00:9::/64', dev: 'eth1', metric: 256, flags: [], pref: 'medium' },
  ]
  expect(
    parseListedRoutes(JSON.stringify(listed)).map(({ interface: name, network, prefixLength }) => [
      name,
      network.text,
      prefixLength,
    ]),
  ).toEqual([
    ['eth0', '10.9.0.0', 24],
    ['eth1', 'fd00:9::', 64],
  ])
  expect(parseListedRoutes('')).toEqual([])
})

const LISTED = JSON.stringify([
  {
    ifname: 'lo',
    flags: ['LOOPBACK', 'UP', 'LOWER_UP'],
    operstate: 'UNKNOWN',
    link_type: 'loopback',
    addr_info: [{ family: 'inet', local: '127.0.0.1', prefixlen: 8, label: 'lo' }],
  },
  {},
  {
    ifname: 'eth0',
    flags: ['NO-CARRIER', 'BROADCAST', 'MULTICAST', 'UP'],
    operstate: 'LOWERLAYERDOWN',
    link_type: 'ether',
    altnames: ['enp9s9', 'enx020000000001'],
    addr_info: [
      { family: 'inet', local: '10.9.0.5', prefixlen: 24, broadcast: '10.9.0.255', label: 'eth0:vip' },
      { family: 'inet6', local: 'fd00:9::2', prefixlen: 64, tentative: true, dadfailed: true },
      { family: 'inet6', local: 'fd00:9::3', prefixlen: 64, tentative: true },
    ],
  },
  { ifname: 'eth1', flags: ['BROADCAST'], operstate: 'DOWN', link_type: 'ether', addr_info: [] },
])

describe('interfaces', () => {
  const interfaces = parseInterfaces(LISTED)

  test('as ip lists them', () => {
    expect(
      interfaces.map(({ name, up, link, loopback, linkType }) => [name, up, link, loopback, linkType]),
    ).toEqual([
      ['lo', true, true, true, 'loopback'],
      ['eth0', true, false, false, 'ether'],
      ['eth1', false, false, false, 'ether'],
    ])
    expect(interfaceCalled('enp9s9', interfaces)?.name).toBe('eth0')
    expect(interfaceCalled('eth1', interfaces)?.name).toBe('eth1')
    expect(interfaceCalled('eth2', interfaces)).toBeUndefined()
    expect(placesOf(address('10.9.0.5'), interfaces)).toMatchObject([
      { interface: 'eth0', label: 'eth0:vip', prefixLength: 24, broadcast: '10.9.0.255', up: true },
    ])
    expect(placesOf(address('fd00:9::2'), interfaces)).toMatchObject([{ duplicate: true, tentative: false }])
    expect(placesOf(address('fd00:9::3'), interfaces)).toMatchObject([{ duplicate: false, tentative: true }])
    expect(placesOf(address('10.9.0.6'), interfaces)).toEqual([])
  })

  test('as Node shows them: by label, IPv6 without its state', () => {
    const info = { netmask: '', mac: '', internal: false } as const
    const byLabel = {
      eth0: [
        { ...info, family: 'IPv4', address: '10.9.0.1', cidr: '10.9.0.1/24' },
        { ...info, family: 'IPv6', address: 'fd00:9::2', cidr: 'fd00:9::2/64', scopeid: 0 },
      ],
      'eth0:vip': [{ ...info, family: 'IPv4', address: '10.9.0.5', cidr: '10.9.0.5/24' }],
      eth1: [{ ...info, family: 'IPv6', address: 'fd00:9::3', cidr: 'fd00:9::3/64', scopeid: 0 }],
    } as const
    const states = parseIpv6States('fd000009000000000000000000000002 02 40 00 c8     eth0\n')
    const visible = interfacesFrom(byLabel, states)
    expect(visible.map(({ name }) => name)).toEqual(['eth0', 'eth1'])
    expect(placesOf(address('10.9.0.5'), visible)).toMatchObject([
      { interface: 'eth0', label: 'eth0:vip', prefixLength: 24, up: true },
    ])
    expect(placesOf(address('FD00:9::0:2'), visible)).toMatchObject([{ prefixLength: 64, duplicate: true }])

    const shown = (family: 4 | 6) =>
      interfacesFrom(byLabel, states, family).map(({ name, addresses }) => [
        name,
        ...addresses.map((one) => one.address.text),
      ])
    expect(shown(4)).toEqual([['eth0', '10.9.0.1', '10.9.0.5'], ['eth1']])
    expect(shown(6)).toEqual([
      ['eth0', 'fd00:9::2'],
      ['eth1', 'fd00:9::3'],
    ])
  })

  test.each([
    ['82', { tentative: false, duplicate: false }],
    ['c0', { tentative: true, duplicate: false }],
    ['c8', { tentative: true, duplicate: true }],
  ])('IPv6 flags %s', (flags, state) => {
    const states = parseIpv6States(`fe8000000000000060f72bfffedfb454 02 40 20 ${flags}       v0\n`)
    expect(states.get('v0 fe8000000000000060f72bfffedfb454')).toEqual(state)
  })
})
