/** An address that the instances of a clone have together: what is decided, and what nft is told. */
import { describe, expect, test } from '@jest/globals'
import { type Values } from '../../agents/IPaddr2/agent'
import {
  decideSharedMonitor,
  decideSharedStart,
  decideSharedStop,
  type SharedFacts,
} from '../../agents/IPaddr2/cluster-ip/decide'
import { sharedAddress } from '../../agents/IPaddr2/cluster-ip/shared-address'
import { parameters } from '../../agents/IPaddr2/parameters'
import { parseAddress } from '../../lib/network/address'
import {
  isEmptyTable,
  joinCommands,
  leaveCommands,
  multicastMac,
  parseShares,
  type Share,
} from '../../lib/network/cluster-ip'
import { type Interface } from '../../lib/network/interfaces'
import { ExitCode } from '../../lib/ocf'
import { readEnvironment } from '../../lib/ocf/environment'
import { readParameters } from '../../lib/ocf/parameters'

function values(texts: Readonly<Record<string, string>> = {}): Values {
  const read = readParameters(parameters, { ip: '10.0.0.5', ...texts })
  expect(read.problems).toEqual([])
  return read.values
}

function address(text: string) {
  const parsed = parseAddress(text)
  if (!parsed) throw new Error(`${text} is no address`)
  return parsed
}

function eth0(there: boolean, rest: Partial<Interface> = {}): Interface {
  const base = { label: '', broadcast: undefined, tentative: false, duplicate: false, prefixLength: 24 }
  return {
    name: 'eth0',
    altNames: [],
    up: true,
    link: true,
    loopback: false,
    linkType: 'ether',
    addresses: [
      { ...base, address: address('10.0.0.1') },
      ...(there ? [{ ...base, address: address('10.0.0.5') }] : []),
    ],
    ...rest,
  }
}

const MINE: Share = { instance: 1, total: 3, handle: 7 }
const OTHER: Share = { instance: 0, total: 3, handle: 4 }

function facts(shares: readonly Share[], host = eth0(true), rest: Partial<SharedFacts> = {}): SharedFacts {
  return {
    interfaces: [host],
    routes: [{ interface: 'eth0', network: address('10.0.0.0'), prefixLength: 24 }],
    root: true,
    nft: true,
    shares,
    instance: 1,
    total: 3,
    ...rest,
  }
}

const JOIN = { step: 'join', interface: 'eth0' }
const ADD = { step: 'add', interface: 'eth0', prefixLength: 24, flags: [] }

describe('start', () => {
  test.each<[string, SharedFacts, readonly object[]]>([
    ['the first of this node: the rules before the address', facts([], eth0(false)), [JOIN, ADD]],
    ['one more', facts([OTHER]), [JOIN]],
    ['it is there', facts([OTHER, MINE]), []],
    ['its share is of another number of instances', facts([{ ...MINE, total: 2 }]), [JOIN]],
    ['the address alone is missing', facts([MINE], eth0(false)), [ADD]],
    [
      'its interface is down',
      facts([], eth0(false, { up: false })),
      [JOIN, ADD, { step: 'bring up', interface: 'eth0' }],
    ],
  ])('%s', (_, given, steps) => {
    expect(decideSharedStart(values(), { ...given, chosen: 'eth0' })).toEqual({
      exit: ExitCode.SUCCESS,
      steps,
    })
  })

  test.each<[string, SharedFacts, number, RegExp]>([
    ['not root', facts([], eth0(false), { root: false }), ExitCode.ERR_PERM, /^only root can/],
    [
      'no nft',
      facts([], eth0(false), { nft: false }),
      ExitCode.ERR_INSTALLED,
      /^a cluster IP needs the program nft/,
    ],
    ['no route', facts([], eth0(false), { routes: [] }), ExitCode.ERR_GENERIC, /^this node has no route/],
    ['no link', facts([], eth0(false, { link: false })), ExitCode.ERR_GENERIC, /^eth0 has no link/],
  ])('refuses: %s', (_, given, exit, reason) => {
    const plan = decideSharedStart(values({ check_link_status: 'true' }), given)
    expect(plan).toEqual({ exit, reason: expect.stringMatching(reason), steps: [] })
  })
})

test.each<[string, SharedFacts, readonly object[]]>([
  ['its own share goes', facts([OTHER, MINE]), [{ step: 'leave', share: MINE }]],
  [
    'also one of another number of instances',
    facts([{ ...MINE, total: 2 }]),
    [{ step: 'leave', share: { ...MINE, total: 2 } }],
  ],
  ['another one stays', facts([OTHER]), []],
  ['nothing is there', facts([], eth0(false)), []],
])('stop: %s', (_, given, steps) => {
  const held = given.interfaces[0]?.addresses.length === 2
  const release = { step: 'release', places: held ? [{ interface: 'eth0', prefixLength: 24 }] : [] }
  expect(decideSharedStop(values(), given)).toEqual({ exit: ExitCode.SUCCESS, steps: [...steps, release] })
})

test.each<[string, SharedFacts, number]>([
  ['served', facts([OTHER, MINE]), ExitCode.SUCCESS],
  ['another share is served', facts([OTHER]), ExitCode.NOT_RUNNING],
  ['a share of another number of instances is', facts([{ ...MINE, total: 2 }]), ExitCode.NOT_RUNNING],
  ['nothing is there', facts([], eth0(false)), ExitCode.NOT_RUNNING],
  ['the address has gone', facts([MINE], eth0(false)), ExitCode.ERR_GENERIC],
  ['the interface is down', facts([MINE], eth0(true, { up: false })), ExitCode.ERR_GENERIC],
  ['there is no link', facts([MINE], eth0(true, { link: false })), ExitCode.ERR_GENERIC],
])('monitor: %s', (_, given, exit) => {
  expect(decideSharedMonitor(values({ check_link_status: 'true' }), given)).toMatchObject({ exit, steps: [] })
})

describe('nft', () => {
  const env = readEnvironment({ OCF_RESKEY_CRM_meta_clone_max: '3' }, 'IPaddr2')

  test('is told of the share, and names are the configured ones', () => {
    const configured = values({
      mac: '03-00-00-00-00-0A',
      clusterip_hash_seed: '0xdeadbeef',
      clusterip_table: 'mine',
      clusterip_chain: 'shared',
    })
    const commands = joinCommands(sharedAddress(configured, env, 'eth0'), 1)
    expect(commands).toContain(
      'add rule inet mine shared-instances jhash ip saddr mod 3 seed 0xdeadbeef 1 meta pkttype set host accept comment "1 of 3"',
    )
    expect(commands).toContain('add rule inet mine shared iifname "eth0" ip daddr 10.0.0.5 drop')
    expect(commands).toContain('arp saddr ip 10.0.0.5 arp saddr ether set 03:00:00:00:00:0a')
  })

  test('is told nothing of ARP where that is left alone', () => {
    const configured = values({ ip: 'fd00::5', clusterip_mac_mangle: 'false' })
    const commands = joinCommands(sharedAddress(configured, env, 'eth0'), 0)
    expect(commands).toContain(
      'add rule inet ocf-ts-IPaddr2 vip-fd00__5 iifname "eth0" ip6 daddr fd00::5 drop',
    )
    expect(commands).not.toContain('arp')
  })

  test('gives a share no longer served by its number', () => {
    expect(leaveCommands(sharedAddress(values(), env, 'eth0'), MINE)).toBe(
      'delete rule inet ocf-ts-IPaddr2 vip-10.0.0.5-instances handle 7',
    )
  })

  test('says which shares are served', () => {
    const listed = {
      nftables: [
        { metainfo: { version: '1.0.6' } },
        { chain: { name: 'x' } },
        { rule: { handle: 4, comment: '0 of 3' } },
        { rule: { handle: 5 } },
        { rule: { handle: 7, comment: '1 of 3' } },
      ],
    }
    expect(parseShares(JSON.stringify(listed))).toEqual([OTHER, MINE])
  })

  test.each([
    [[{ metainfo: {} }, { table: {} }], true],
    [[{ metainfo: {} }, { table: {} }, { chain: {} }], false],
  ])('the table of %j is empty: %s', (nftables, empty) => {
    expect(isEmptyTable(JSON.stringify({ nftables }))).toBe(empty)
  })

  test('every node makes the same hardware address, and another one for another address', () => {
    const mac = multicastMac(address('10.0.0.5'))
    expect(mac).toMatch(/^[\da-f][37bf](:[\da-f]{2}){5}$/)
    expect(multicastMac(address('10.0.0.5'))).toBe(mac)
    expect(multicastMac(address('10.0.0.6'))).not.toBe(mac)
  })
})
