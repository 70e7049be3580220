/** What can be wrong with a configuration, whatever the host. */
import { describe, expect, test } from '@jest/globals'
import { agent } from '../../agents/IPaddr2/agent'
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
    { ip: '2001:db8:DC28:0:0:FC57:D4C8:1FFF', cidr_netmask: '128' },
    { ip: 'fe80::5', nic: 'eth0' },
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
    [{ ip: '10.0.0.1', nic: 'sixteencharacter' }, /^nic: 'sixteencharacter' is not allowed/],
    [{ ip: 'fe80::5' }, /^nic is not set: the link-local address fe80::5 needs it/],
    [{ ip: '10.0.0.1', broadcast: 'x' }, /^broadcast: 'x' is not allowed; set broadcast to an IPv4 address/],
    [{ ip: 'fd00::1', broadcast: '+' }, /^broadcast: IPv6 has no broadcast; leave broadcast empty/],
    [{ ip: '10.0.0.1', iflabel: 'a:b' }, /^iflabel: 'a:b' is not allowed/],
    [
      { ip: '10.0.0.1', nic: 'eth0', iflabel: 'elevenchars' },
      /^iflabel: the label 'eth0:elevenchars' is longer/,
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
    [{ ip: 'fd00::1', lvs_support: 'true' }, /^lvs_support is for IPv4 only/],
    [{ ip: '10.0.0.1', lvs_ipv6_addrlabel: 'true' }, /^lvs_ipv6_addrlabel is for IPv6 only/],
  ])('%j', (texts, reason) => {
    const [first = ''] = problems(texts)
    expect(first).toMatch(reason)
    expect(first.length).toBeLessThanOrEqual(127)
  })

  test('a clone, which would put the address on several nodes', () => {
    expect(problems({ ip: '10.0.0.1' }, { OCF_RESKEY_CRM_meta_clone_max: '2' })).toEqual([
      expect.stringMatching(/^ip: a clone would put 10\.0\.0\.1 on several nodes/),
    ])
  })
})
