/** Where the address belongs, and what is done about it. */
import { describe, expect, test } from '@jest/globals'
import { type Values } from '../../agents/IPaddr2/agent'
import { decideMonitor } from '../../agents/IPaddr2/decide-monitor'
import { decideStart, type StartFacts } from '../../agents/IPaddr2/decide-start'
import { decideStop } from '../../agents/IPaddr2/decide-stop'
import { type Facts } from '../../agents/IPaddr2/observe'
import { parameters } from '../../agents/IPaddr2/parameters'
import { wantedOf } from '../../agents/IPaddr2/place'
import { type Step } from '../../agents/IPaddr2/steps'
import { parseAddress } from '../../lib/network/address'
import { type Interface, type InterfaceAddress, placesOf } from '../../lib/network/interfaces'
import { type Route } from '../../lib/network/routes'
import { ExitCode } from '../../lib/ocf'
import { readParameters } from '../../lib/ocf/parameters'

function values(texts: Readonly<Record<string, string>>): Values {
  const { values: read, problems } = readParameters(parameters, texts)
  expect(problems).toEqual([])
  return read
}

function address(text: string) {
  const parsed = parseAddress(text)
  if (!parsed) throw new Error(`${text} is no address`)
  return parsed
}

/** `10.0.0.1/24`, and what else is to be known of it. */
function on(prefix: string, rest: Partial<InterfaceAddress> = {}): InterfaceAddress {
  const [text = '', length] = prefix.split('/')
  return {
    address: address(text),
    prefixLength: Number(length),
    label: '',
    broadcast: undefined,
    tentative: false,
    duplicate: false,
    ...rest,
  }
}

function nic(name: string, addresses: readonly InterfaceAddress[], rest: Partial<Interface> = {}): Interface {
  return {
    name,
    altNames: [],
    up: true,
    link: true,
    loopback: name === 'lo',
    linkType: 'ether',
    addresses,
    ...rest,
  }
}

function route(prefix: string, name: string): Route {
  const [text = '', length] = prefix.split('/')
  return { interface: name, network: address(text), prefixLength: Number(length) }
}

const LO = nic('lo', [on('127.0.0.1/8'), on('::1/128')])
const ROUTES = [route('10.0.0.0/24', 'eth0'), route('10.0.0.0/16', 'eth1'), route('fd00::/64', 'eth0')]
const ETH1 = nic('eth1', [on('10.0.9.1/16')])

/** The host's own address on eth0, and those given. */
function host(...more: InterfaceAddress[]): Facts {
  const own = on('10.0.0.1/24', { broadcast: '10.0.0.255' })
  return { interfaces: [LO, nic('eth0', [own, ...more]), ETH1], routes: ROUTES }
}

const PLAIN = { refresh: false, checkLink: false } as const
const REFRESH = { ...PLAIN, refresh: true } as const
const CHECK_LINK = { ...PLAIN, checkLink: true } as const

/** The host whose eth0 has lost its cable. */
function unplugged(...addresses: InterfaceAddress[]): Facts {
  return { interfaces: [LO, nic('eth0', addresses, { link: false }), ETH1], routes: ROUTES }
}

const NO_LINK = 'eth0 has no link: check its cable, switch or lower interface, or set check_link_status=false'

function placed({ interfaces }: Facts): boolean {
  return placesOf(address('10.0.0.5'), interfaces).length > 0
}

describe('monitor', () => {
  const BY_ROUTE = { ip: '10.0.0.5' }
  const FULL = { ip: '10.0.0.5', nic: 'eth0', cidr_netmask: '24' }
  const DOWN: Facts = { interfaces: [LO, nic('eth0', [on('10.0.0.5/24')], { up: false })], routes: [] }

  test.each<[string, Readonly<Record<string, string>>, Facts, number]>([
    ['it is there', FULL, host(on('10.0.0.5/24')), 0],
    ["it is there, the place is the route's", BY_ROUTE, host(on('10.0.0.5/24')), 0],
    ['it is there as IPv6, written in another way', { ip: 'FD00:0::5' }, host(on('fd00::5/64')), 0],
    [
      'it is there, not yet certain to be unique',
      { ip: 'fd00::5' },
      host(on('fd00::5/64', { tentative: true })),
      0,
    ],
    ['it is nowhere', FULL, host(), 7],
    ['it is nowhere, and no route leads to it', { ip: '172.16.0.1' }, host(), 7],
    ['nic is not there', { ...FULL, nic: 'eth7' }, host(on('10.0.0.5/24')), 7],
    ['it is on another interface', { ...FULL, nic: 'eth1' }, host(on('10.0.0.5/24')), 7],
    [
      'it is on an interface that the route does not lead to',
      BY_ROUTE,
      { interfaces: [LO, nic('eth0', []), nic('dummy0', [on('10.0.0.5/32')])], routes: ROUTES },
      7,
    ],
    [
      'it is on loopback, for a load balancer',
      BY_ROUTE,
      { interfaces: [nic('lo', [on('10.0.0.5/32')]), nic('eth0', [])], routes: [] },
      7,
    ],
    ['a prefix length that is not configured may be any', BY_ROUTE, host(on('10.0.0.5/32')), 0],
    ['twice, once as configured', FULL, host(on('10.0.0.5/32'), on('10.0.0.5/24')), 0],
    [
      'a loopback address',
      { ip: '127.0.0.7' },
      { interfaces: [nic('lo', [on('127.0.0.7/8')])], routes: [] },
      0,
    ],
  ])('%s', (_, texts, facts, exit) => {
    expect(decideMonitor(wantedOf(values(texts)), facts, PLAIN)).toEqual({ exit, steps: [] })
  })

  test.each<[string, Readonly<Record<string, string>>, Facts, RegExp]>([
    [
      'with another prefix length than configured',
      FULL,
      host(on('10.0.0.5/32')),
      /^10\.0\.0\.5 is on eth0, but with prefix length 32 instead of 24: /,
    ],
    ['its interface is down', FULL, DOWN, /^10\.0\.0\.5 is on eth0, which is down: ip link set eth0 up$/],
    ['its interface is down, and the route has gone with it', BY_ROUTE, DOWN, /which is down/],
    [
      'another machine has it',
      { ip: 'fd00::5' },
      host(on('fd00::5/64', { duplicate: true })),
      /^another machine on the network of eth0 has fd00::5: /,
    ],
  ])('fails: %s', (_, texts, facts, reason) => {
    expect(decideMonitor(wantedOf(values(texts)), facts, PLAIN)).toEqual({
      exit: ExitCode.ERR_GENERIC,
      reason: expect.stringMatching(reason),
      steps: [],
    })
  })

  test.each<[string, Facts, object]>([
    ['with a link', host(on('10.0.0.5/24')), { exit: ExitCode.SUCCESS }],
    ['without one', unplugged(on('10.0.0.5/24')), { exit: ExitCode.ERR_GENERIC, reason: NO_LINK }],
    ['it is not there', unplugged(), { exit: ExitCode.NOT_RUNNING }],
  ])('check_link_status: %s', (_, facts, plan) => {
    const wanted = wantedOf(values(FULL))
    expect(decideMonitor(wanted, facts, CHECK_LINK)).toEqual({ ...plan, steps: [] })
    const exit = placed(facts) ? ExitCode.SUCCESS : ExitCode.NOT_RUNNING
    expect(decideMonitor(wanted, facts, PLAIN)).toEqual({ exit, steps: [] })
  })

  test('announces again where it is asked to, and only IPv4', () => {
    const here = host(on('10.0.0.5/24'), on('fd00::5/64'))
    expect(decideMonitor(wantedOf(values(FULL)), here, REFRESH).steps).toEqual([
      { step: 'announce again', interface: 'eth0', prefixLength: 24 },
    ])
    expect(decideMonitor(wantedOf(values({ ip: 'fd00::5' })), here, REFRESH).steps).toEqual([])
    expect(decideMonitor(wantedOf(values(FULL)), host(), REFRESH).steps).toEqual([])
  })
})

const SEND_ARP = { sender: 'send_arp', program: '/h/send_arp' } as const
const SEND_UA = { sender: 'send_ua', program: '/h/send_ua' } as const

function startFacts(facts: Facts, rest: Partial<StartFacts> = {}): StartFacts {
  return { root: true, announcerFor: () => SEND_ARP, ...facts, ...rest }
}

function add(rest: Partial<Extract<Step, { step: 'add' }>> = {}): Step {
  return { step: 'add', interface: 'eth0', prefixLength: 24, flags: [], ...rest }
}

function announce(rest: object = {}): Step {
  return { step: 'announce', interface: 'eth0', prefixLength: 24, announcer: SEND_ARP, ...rest }
}

describe('start', () => {
  const BROADCAST = { broadcast: '10.0.0.255' }

  test.each<[string, Readonly<Record<string, string>>, Facts, readonly Step[]]>([
    [
      'interface, prefix length and broadcast from the route and the neighbour address',
      { ip: '10.0.0.5' },
      host(),
      [add(BROADCAST), announce()],
    ],
    [
      'as configured',
      { ip: '10.0.0.5', nic: 'eth1', cidr_netmask: '255.255.0.0' },
      host(),
      [add({ interface: 'eth1', prefixLength: 16 }), announce({ interface: 'eth1', prefixLength: 16 })],
    ],
    [
      'a shorter prefix length leads to the interface of the shorter route',
      { ip: '10.0.0.5', cidr_netmask: '16' },
      host(),
      [add({ interface: 'eth1', prefixLength: 16 }), announce({ interface: 'eth1', prefixLength: 16 })],
    ],
    [
      'without any route, when nothing is left to find',
      { ip: '172.16.0.1', nic: 'eth0', cidr_netmask: '24' },
      host(),
      [add(), announce()],
    ],
    [
      'a label',
      { ip: '10.0.0.5', iflabel: 'vip' },
      host(),
      [add({ ...BROADCAST, label: 'eth0:vip' }), announce()],
    ],
    [
      'a label in nic comes first',
      { ip: '10.0.0.5', nic: 'eth0:0', iflabel: 'vip' },
      host(),
      [add({ ...BROADCAST, label: 'eth0:0' }), announce()],
    ],
    [
      'a broadcast address',
      { ip: '10.0.0.5', broadcast: '+' },
      host(),
      [add({ broadcast: '+' }), announce()],
    ],
    [
      'a broadcast address of the network around its own',
      { ip: '10.0.0.5', cidr_netmask: '28' },
      host(),
      [add({ ...BROADCAST, prefixLength: 28 }), announce({ prefixLength: 28 })],
    ],
    [
      'no prefix route',
      { ip: '10.0.0.5', noprefixroute: 'true' },
      host(),
      [add({ ...BROADCAST, flags: ['noprefixroute'] }), announce()],
    ],
    [
      'asking first',
      { ip: '10.0.0.5', run_arping: 'true' },
      host(),
      [{ step: 'ask for another owner', interface: 'eth0', prefixLength: 24 }, add(BROADCAST), announce()],
    ],
    ['it is there already', { ip: '10.0.0.5' }, host(on('10.0.0.5/24')), []],
    [
      'it is there with another prefix length: added beside it',
      { ip: '10.0.0.5', cidr_netmask: '24' },
      host(on('10.0.0.5/32')),
      [add(BROADCAST), announce()],
    ],
    [
      'it is there, but its interface is down',
      { ip: '10.0.0.5' },
      { interfaces: [LO, nic('eth0', [on('10.0.0.5/24')], { up: false })], routes: [] },
      [{ step: 'bring up', interface: 'eth0' }, announce()],
    ],
    [
      'its interface is down',
      { ip: '10.0.0.5', nic: 'eth0', cidr_netmask: '24' },
      { interfaces: [LO, nic('eth0', [], { up: false })], routes: [] },
      [add(), { step: 'bring up', interface: 'eth0' }, announce()],
    ],
    [
      'check_link_status: a link is waited for where the interface is brought up',
      { ip: '10.0.0.5', nic: 'eth0', cidr_netmask: '24', check_link_status: 'true' },
      { interfaces: [LO, nic('eth0', [], { up: false, link: false })], routes: [] },
      [
        add(),
        { step: 'bring up', interface: 'eth0' },
        { step: 'await link', interface: 'eth0', prefixLength: 24 },
        announce(),
      ],
    ],
    [
      'no link, and nobody asks for one',
      { ip: '10.0.0.5', cidr_netmask: '24' },
      unplugged(),
      [add(), announce()],
    ],
    [
      'on loopback nobody is told',
      { ip: '127.0.0.7' },
      { interfaces: [LO], routes: [] },
      [add({ interface: 'lo', prefixLength: 8 })],
    ],
    [
      'LVS: taken from loopback first',
      { ip: '10.0.0.5', lvs_support: 'true' },
      { interfaces: [nic('lo', [on('10.0.0.5/32', { label: 'lo:vip' })]), nic('eth0', [])], routes: ROUTES },
      [{ step: 'take from loopback', as: { label: 'lo:vip' } }, add(), announce()],
    ],
  ])('IPv4: %s', (_, texts, facts, steps) => {
    const { exit, steps: found } = decideStart(values(texts), startFacts(facts))
    expect({ exit, steps: found.filter(({ step }) => step !== 'note interface') }).toEqual({
      exit: ExitCode.SUCCESS,
      steps,
    })
  })

  const V6 = { interface: 'eth0', prefixLength: 64 } as const
  const TOLD: Step = { step: 'announce', ...V6, announcer: SEND_UA }
  const DETECTED: Step = { step: 'await detection', ...V6 }

  test.each<[string, Readonly<Record<string, string>>, Facts, readonly Step[]]>([
    ['by the route', { ip: 'fd00::5' }, host(), [add(V6), DETECTED, TOLD]],
    ['a link-local address', { ip: 'fe80::5', nic: 'eth0' }, host(), [add(V6), DETECTED, TOLD]],
    ['a label has no effect', { ip: 'fd00::5', iflabel: 'vip' }, host(), [add(V6), DETECTED, TOLD]],
    [
      'without detection, never preferred',
      { ip: 'fd00::5', nodad: 'true', preferred_lft: '0' },
      host(),
      [add({ ...V6, flags: ['nodad', 'preferred_lft', '0'] }), TOLD],
    ],
    [
      'with an address label',
      { ip: 'fd00::5', lvs_ipv6_addrlabel: 'true' },
      host(),
      [{ step: 'add address label' }, add(V6), DETECTED, TOLD],
    ],
    [
      'what another machine had is added again',
      { ip: 'fd00::5' },
      host(on('fd00::5/64', { duplicate: true })),
      [{ step: 'remove', ...V6 }, add(V6), DETECTED, TOLD],
    ],
    [
      'another prefix length makes room',
      { ip: 'fd00::5', cidr_netmask: '64' },
      host(on('fd00::5/128')),
      [{ step: 'remove', interface: 'eth0', prefixLength: 128 }, add(V6), DETECTED, TOLD],
    ],
    ['it is there already', { ip: 'fd00::5' }, host(on('fd00::5/64')), []],
  ])('IPv6: %s', (_, texts, facts, steps) => {
    const facts6 = startFacts(facts, { chosen: 'eth0', announcerFor: () => SEND_UA })
    const plan = decideStart(values({ lvs_ipv6_addrlabel: 'false', ...texts }), facts6)
    expect(plan).toEqual({ exit: ExitCode.SUCCESS, steps })
  })

  test.each<[string, Readonly<Record<string, string>>, Partial<StartFacts>, number, RegExp]>([
    ['not root', { ip: '10.0.0.5' }, { root: false }, 4, /^only root can put 10\.0\.0\.5 on an interface/],
    [
      'no such interface',
      { ip: '10.0.0.5', nic: 'eth7' },
      {},
      2,
      /^nic: this node has no interface 'eth7'; set nic to one of lo, eth0, eth1$/,
    ],
    [
      'no route',
      { ip: '172.16.0.1' },
      {},
      1,
      /^this node has no route to the network of 172\.16\.0\.1: set nic and/,
    ],
    [
      'no route on that interface',
      { ip: '172.16.0.1', nic: 'eth0' },
      {},
      1,
      /^eth0 has no route to the network of 172\.16\.0\.1: set cidr_netmask$/,
    ],
    [
      'no link, with check_link_status',
      { ip: '10.0.0.5', check_link_status: 'true' },
      unplugged(),
      1,
      /^eth0 has no link: check its cable/,
    ],
    [
      'no link, with check_link_status, though the address is there',
      { ip: '10.0.0.5', check_link_status: 'true' },
      unplugged(on('10.0.0.5/24')),
      1,
      /^eth0 has no link: check its cable/,
    ],
    [
      'a label that is too long with the interface of the route',
      { ip: '10.0.0.5', iflabel: 'elevenchars' },
      {},
      6,
      /^iflabel: the label 'eth0:elevenchars' is longer than 15 characters/,
    ],
    [
      'the configured sender is not installed',
      { ip: '10.0.0.5', arp_sender: 'ipoibarping' },
      { announcerFor: () => ({ sender: 'ipoibarping', program: undefined }) },
      5,
      /^arp_sender: ipoibarping is not installed on this node/,
    ],
  ])('refuses: %s', (_, texts, rest, exit, reason) => {
    const plan = decideStart(values(texts), startFacts(rest.interfaces ? (rest as Facts) : host(), rest))
    expect(plan).toEqual({ exit, reason: expect.stringMatching(reason), steps: [] })
    // Pacemaker keeps no more of it.
    expect(plan.reason?.length).toBeLessThanOrEqual(127)
  })
})

describe('stop', () => {
  const END: Step = { step: 'end announcing' }
  const remove = (prefixLength: number, name = 'eth0'): Step => ({
    step: 'remove',
    interface: name,
    prefixLength,
  })

  test.each<[string, Readonly<Record<string, string>>, Facts, boolean, readonly Step[]]>([
    ['it is there', { ip: '10.0.0.5' }, host(on('10.0.0.5/24')), false, [END, remove(24)]],
    ['it is not there', { ip: '10.0.0.5' }, host(), false, [END]],
    ['its interface has gone', { ip: '10.0.0.5', nic: 'eth7' }, host(), false, [END]],
    [
      'with whatever prefix length',
      { ip: '10.0.0.5', cidr_netmask: '24' },
      host(on('10.0.0.5/32'), on('10.0.0.5/24')),
      false,
      [END, remove(32), remove(24)],
    ],
    [
      'on an interface that is down, with no route any more',
      { ip: '10.0.0.5' },
      { interfaces: [nic('eth0', [on('10.0.0.5/24')], { up: false })], routes: [] },
      false,
      [END, remove(24)],
    ],
    [
      'the one on loopback stays',
      { ip: '10.0.0.5' },
      { interfaces: [nic('lo', [on('10.0.0.5/32')])], routes: [] },
      false,
      [END],
    ],
    [
      'with the route cache',
      { ip: '10.0.0.5', flush_routes: 'yes' },
      host(on('10.0.0.5/24')),
      false,
      [END, remove(24), { step: 'flush route cache' }],
    ],
    [
      'with its address label',
      { ip: 'fd00::5', lvs_ipv6_addrlabel: 'yes' },
      host(on('fd00::5/64')),
      false,
      [END, remove(64), { step: 'remove address label' }],
    ],
    [
      'LVS: back on loopback',
      { ip: '10.0.0.5', lvs_support: 'yes' },
      host(on('10.0.0.5/24')),
      true,
      [END, remove(24), { step: 'give back to loopback' }],
    ],
    ['with nothing of IPv6', { ip: '10.0.0.5' }, host(on('10.0.0.5/24')), false, [END, remove(24)]],
    ['LVS: it was never there', { ip: '10.0.0.5', lvs_support: 'yes' }, host(), false, [END]],
  ])('%s', (_, texts, facts, takenFromLoopback, steps) => {
    expect(decideStop(values(texts), { ...facts, root: true, takenFromLoopback })).toEqual({
      exit: ExitCode.SUCCESS,
      steps,
    })
  })

  test('not root', () => {
    expect(
      decideStop(values({ ip: '10.0.0.5' }), { ...host(), root: false, takenFromLoopback: false }),
    ).toMatchObject({ exit: ExitCode.ERR_PERM, steps: [] })
  })
})

describe('the interface that start has chosen by a route', () => {
  const moved = { interfaces: host(on('10.0.0.5/24')).interfaces, routes: [route('10.0.0.0/28', 'eth1')] }
  const wanted = wantedOf(values({ ip: '10.0.0.5' }))
  const noted = { step: 'note interface', interface: 'eth0' }

  test.each<[string, Readonly<Record<string, string>>, Facts, readonly unknown[]]>([
    ['is noted', {}, host(), [noted]],
    ['is noted for an address that is there', {}, host(on('10.0.0.5/24')), [noted]],
    ['is noted once', {}, { ...host(on('10.0.0.5/24')), chosen: 'eth0' }, []],
    ['is noted again', {}, { ...host(), chosen: 'eth1' }, [noted]],
    ['is not noted where it is configured', { nic: 'eth0' }, host(), []],
  ])('%s', (_, texts, facts, expected) => {
    const { steps } = decideStart(values({ ip: '10.0.0.5', ...texts }), startFacts(facts))
    expect(steps.filter(({ step }) => step === 'note interface')).toEqual(expected)
  })

  test('counts for monitor, start and stop beside the interface of the route', () => {
    const facts = { ...moved, chosen: 'eth0' }
    const plain = { refresh: false, checkLink: false }
    expect(decideMonitor(wanted, facts, plain)).toEqual({ exit: ExitCode.SUCCESS, steps: [] })
    expect(decideMonitor(wanted, moved, plain)).toEqual({ exit: ExitCode.NOT_RUNNING, steps: [] })
    expect(decideStart(values({ ip: '10.0.0.5' }), startFacts(facts)).steps).toEqual([])
    const stop = decideStop(values({ ip: '10.0.0.5' }), { ...facts, root: true, takenFromLoopback: false })
    expect(stop.steps).toEqual([
      { step: 'end announcing' },
      { step: 'remove', interface: 'eth0', prefixLength: 24 },
      { step: 'forget interface' },
    ])
  })
})

describe('the label of an address that is there', () => {
  const labelled = values({ ip: '10.0.0.5', nic: 'eth0', iflabel: 'vip' })
  const shownAs = (label: string): Facts => host(on('10.0.0.5/24', { label }))
  const monitor = (facts: Facts) =>
    decideMonitor(wantedOf(labelled), facts, { refresh: false, checkLink: false })

  test.each(['eth0', 'eth0:', 'eth0:other', 'vip'])('%s is not the configured one', (label) => {
    expect(monitor(shownAs(label))).toMatchObject({
      exit: ExitCode.ERR_GENERIC,
      reason: expect.stringContaining("instead of 'eth0:vip'"),
    })
    const { steps } = decideStart(labelled, startFacts(shownAs(label)))
    expect(steps.map(({ step }) => step)).toEqual(['remove', 'add', 'announce'])
    expect(steps).toContainEqual(
      expect.objectContaining({ step: 'add', label: 'eth0:vip', prefixLength: 24 }),
    )
  })

  test.each(['eth0:vip', 'enp9s9:vip'])('%s is', (label) => {
    expect(monitor(shownAs(label))).toEqual({ exit: ExitCode.SUCCESS, steps: [] })
    expect(decideStart(labelled, startFacts(shownAs(label))).steps).toEqual([])
  })

  test('can be any where none is configured', () => {
    const plain = wantedOf(values({ ip: '10.0.0.5', nic: 'eth0' }))
    expect(decideMonitor(plain, shownAs('eth0:x'), { refresh: false, checkLink: false }).exit).toBe(0)
  })
})
