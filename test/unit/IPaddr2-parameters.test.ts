/** What can be wrong with a configuration, whatever the host. */
import { describe, expect, test } from '@jest/globals'
import { agent, type Context } from '../../agents/IPaddr2/agent'
import { forInstance } from '../../agents/IPaddr2/instance'
import { readEnvironment } from '../../lib/ocf/environment'
import { readParameters } from '../../lib/ocf/parameters'

function problems(texts: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
  const read = readParameters(agent.parameters, texts)
  const found =
    read.problems.length > 0 ? read.problems : agent.validate?.(read.values, readEnvironment(env, 'IPaddr2'))
  return (found ?? []).map(({ reason }) => reason)
}

describe('accepted', () => {
  test.each<Readonly<Record<string, string>>>([
    { ip: '192.168.100.163', nic: 'eth0', cidr_netmask: '24' },
    { ip: '192.168.100.163', nic: 'eth0', cidr_netmask: '255.255.255.0' },
    { ip: '192.168.100.163', nic: 'eth0:0' },
    { ip: '192.168.100.163', lvs_ipv6_addrlabel: 'true' },
    { ip: '2001:db8:DC28:0:0:FC57:D4C8:1FFF', cidr_netmask: '128' },
    { ip: 'fe80::5', nic: 'eth0' },
    { ip: '10.0.0.1', proto: 'kernel', network_namespace: 'red', check_link_status: 'yes' },
    { ip: '10.0.0.1', proto: '186' },
    { ip: '10.0.0.1', broadcast: '+', iflabel: 'vip', arp_sender: 'iputils_arping', send_arp_opts: '-A' },
  ])('%j', (texts) => {
    expect(problems(texts)).toEqual([])
  })
})

describe('refused', () => {
  test.each<[Readonly<Record<string, string>>, RegExp]>([
    [{}, /^ip is not set: it is required/],
    [
      { ip: '10.0.0.300' },
      /^ip: '10\.0\.0\.300' is not allowed; set ip to an address such as 192\.168\.1\.1/,
    ],
    [{ ip: 'db.example' }, /^ip: 'db\.example' is not allowed/],
    [{ ip: '10.0.0.1/24' }, /^ip: '10\.0\.0\.1\/24' is not allowed/],
    [{ ip: '224.0.0.1' }, /^ip: '224\.0\.0\.1' is not allowed/],
    [
      { ip: '10.0.0.1', cidr_netmask: '33' },
      /^cidr_netmask: 33 is too long for the IPv4 address 10\.0\.0\.1; set it to 1 to 32/,
    ],
    [{ ip: '10.0.0.1', cidr_netmask: '0' }, /^cidr_netmask: '0' is not allowed/],
    [{ ip: '10.0.0.1', cidr_netmask: '255.0.255.0' }, /^cidr_netmask: '255\.0\.255\.0' is not allowed/],
    [{ ip: 'fd00::1', cidr_netmask: '129' }, /^cidr_netmask: '129' is not allowed/],
    [{ ip: '10.0.0.1', nic: 'a b' }, /^nic: 'a b' is not allowed; set nic to the name of an interface/],
    [{ ip: '10.0.0.1', nic: 'eth0/1' }, /^nic: 'eth0\/1' is not allowed/],
    [{ ip: 'fe80::5' }, /^nic is not set: the link-local address fe80::5 needs it/],
    [{ ip: '10.0.0.1', broadcast: 'x' }, /^broadcast: 'x' is not allowed; set broadcast to an IPv4 address/],
    [{ ip: 'fd00::1', broadcast: '+' }, /^broadcast: IPv6 has no broadcast; leave broadcast empty/],
    [{ ip: '10.0.0.1', iflabel: 'a:b' }, /^iflabel: 'a:b' is not allowed/],
    [
      { ip: '10.0.0.1', nic: 'eth0', iflabel: 'fourteenlength' },
      /^iflabel: 'fourteenlength' with an interface's name before it is longer than 15 characters/,
    ],
    [
      { ip: '10.0.0.1', arp_count: '0' },
      /^arp_count: '0' is not allowed; set arp_count to a whole number of 1/,
    ],
    [
      { ip: '10.0.0.1', arp_sender: 'x' },
      /^arp_sender: 'x' is not allowed; set arp_sender to one of send_arp,/,
    ],
    [{ ip: '10.0.0.1', arp_bg: 'maybe' }, /^arp_bg: 'maybe' is not allowed/],
    [{ ip: 'fd00::1', preferred_lft: 'soon' }, /^preferred_lft: 'soon' is not allowed/],
    [{ ip: '10.0.0.1', proto: '-6' }, /^proto: '-6' is not allowed; set proto to the name or number/],
    [{ ip: '10.0.0.1', network_namespace: '../x' }, /^network_namespace: '\.\.\/x' is not allowed/],
    [{ ip: '10.0.0.1', network_namespace: '-x' }, /^network_namespace: '-x' is not allowed/],
    [{ ip: '10.0.0.1', check_link_status: 'x' }, /^check_link_status: 'x' is not allowed/],
    [{ ip: 'fd00::1', lvs_support: 'true' }, /^lvs_support is for IPv4 only/],
  ])('%j', (texts, reason) => {
    const [first = ''] = problems(texts)
    expect(first).toMatch(reason)
    expect(first.length).toBeLessThanOrEqual(127)
  })
})

const CLONE = { OCF_RESKEY_CRM_meta_clone_max: '3', OCF_RESKEY_CRM_meta_clone: '1' }
const UNIQUE = { ...CLONE, OCF_RESKEY_CRM_meta_globally_unique: 'true' }

describe('a clone', () => {
  test.each<[Readonly<Record<string, string>>, Readonly<Record<string, string>>, RegExp]>([
    [{}, CLONE, /^ip: only instances with numbers share an address; set meta globally-unique=true/],
    [{ ip: 'fd00::1' }, UNIQUE, /^clusterip_mac_mangle: there is no ARP with IPv6; set it to false/],
    [
      { clusterip_firewall: 'iptables' },
      UNIQUE,
      /^clusterip_firewall: 'iptables' is not allowed; .* auto, detect, nft$/,
    ],
    [{ lvs_support: 'true' }, CLONE, /^lvs_support: it does not go together with a cluster IP/],
    [{ mac: '02:00:00:00:00:01' }, CLONE, /^mac: '02:00:00:00:00:01' is not allowed; set mac to a multicast/],
    [
      { clusterip_hash: 'x' },
      CLONE,
      /^clusterip_hash: 'x' is not allowed; set clusterip_hash to one of sourceip,/,
    ],
    [{ clusterip_firewall: 'pf' }, CLONE, /^clusterip_firewall: 'pf' is not allowed; /],
    [{ clusterip_table: 'a b' }, CLONE, /^clusterip_table: 'a b' is not allowed/],
    [{ clusterip_chain: '-F' }, CLONE, /^clusterip_chain: '-F' is not allowed/],
    [{ clusterip_hash_seed: '0x100000000' }, CLONE, /^clusterip_hash_seed: '0x100000000' is not allowed/],
    [{ clusterip_mac_mangle: 'maybe' }, CLONE, /^clusterip_mac_mangle: 'maybe' is not allowed/],
    [{ unique_clone_address: 'yes' }, CLONE, /^unique_clone_address: .*; set meta globally-unique=true$/],
    [
      { ip: '10.0.0.254', unique_clone_address: 'yes' },
      UNIQUE,
      /^unique_clone_address: there are no 2 addresses after 10\.0\.0\.254; lower ip, or clone-max$/,
    ],
  ])('refused: %j, %j', (texts, env, reason) => {
    const [first = ''] = problems({ ip: '10.0.0.1', ...texts }, env)
    expect(first).toMatch(reason)
    expect(first.length).toBeLessThanOrEqual(127)
  })

  test.each<[Readonly<Record<string, string>>, Readonly<Record<string, string>>]>([
    [{ unique_clone_address: 'yes' }, UNIQUE],
    [{}, UNIQUE],
    [{ ip: 'fd00::1', clusterip_mac_mangle: 'false' }, UNIQUE],
    // What is not used may be anything, as with the shell agent.
    [{ mac: '02:00:00:00:00:01', clusterip_hash: 'x', clusterip_chain: '-F' }, {}],
    [{ clusterip_hash_seed: '0xdeadbeef', clusterip_mac_mangle: 'true', clusterip_firewall: 'nft' }, {}],
    [{}, { OCF_RESKEY_CRM_meta_clone_max: '1' }],
  ])('accepted: %j, %j', (texts, env) => {
    expect(problems({ ip: '10.0.0.1', ...texts }, env)).toEqual([])
  })

  test.each([
    ['10.0.0.7', '0', '10.0.0.7'],
    ['10.0.0.7', '2', '10.0.0.9'],
    ['fd00::fffe', '1', 'fd00::ffff'],
    ['fd00::', '10', 'fd00::a'],
  ])('the address after %s for instance %s is %s', (ip, clone, expected) => {
    const { values } = readParameters(agent.parameters, { ip, unique_clone_address: 'true' })
    const env = readEnvironment({ ...UNIQUE, OCF_RESKEY_CRM_meta_clone: clone }, 'IPaddr2')
    expect(forInstance({ values, env } as Context).values.ip.text).toBe(expected)
  })
})
