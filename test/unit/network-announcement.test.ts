import { describe, expect, test } from '@jest/globals'
import { parseAddress } from '../../lib/network/address'
import {
  advertisementArguments,
  ARP_SENDERS,
  arpArguments,
  type ArpSender,
  defaultSender,
  programOf,
} from '../../lib/network/announcement'

const NONE = { sendArp: undefined, arping: undefined, ipoibarping: undefined, sendUa: undefined }
const ALL = {
  sendArp: '/h/send_arp',
  arping: '/b/arping',
  ipoibarping: '/b/ipoibarping',
  sendUa: '/h/send_ua',
}

const address = parseAddress('10.9.0.5')
if (!address) throw new Error('no address')
const announcement = {
  interface: 'eth0',
  address,
  prefixLength: 24,
  count: 5,
  intervalMs: 200,
  options: ['-A'],
}

describe('the sender where none is configured', () => {
  test.each([
    ['everything', ALL, 'ether', 'send_arp'],
    ['everything, on InfiniBand', ALL, 'infiniband', 'ipoibarping'],
    ['no ipoibarping, on InfiniBand', { ...ALL, ipoibarping: undefined }, 'infiniband', 'send_arp'],
    ['no resource-agents', { ...ALL, sendArp: undefined }, 'ether', 'iputils_arping'],
    ['nothing', NONE, 'ether', 'send_arp'],
  ])('with %s', (_, announcers, linkType, sender) => {
    expect(defaultSender(announcers, linkType)).toBe(sender)
  })
})

test('every sender has a program', () => {
  expect(ARP_SENDERS.map((sender) => programOf(sender, ALL))).toEqual([
    '/h/send_arp',
    '/b/arping',
    '/b/arping',
    '/b/ipoibarping',
  ])
})

test.each<[ArpSender, string]>([
  ['send_arp', '-A -i 200 -r 5 eth0 10.9.0.5 auto not_used not_used'],
  ['iputils_arping', '-A -q -U -c 5 -I eth0 10.9.0.5'],
  ['libnet_arping', '-A -q -U -c 5 -i eth0 -S 10.9.0.5 10.9.0.5'],
  ['ipoibarping', '-q -c 5 -U -I eth0 10.9.0.5'],
])('the arguments of %s', (sender, expected) => {
  expect(arpArguments(sender, announcement).join(' ')).toBe(expected)
})

test('the arguments of send_ua', () => {
  const v6 = parseAddress('fd00:9::5')
  if (!v6) throw new Error('no address')
  expect(advertisementArguments({ ...announcement, address: v6, prefixLength: 64 }).join(' ')).toBe(
    '-i 200 -c 5 fd00:9::5 64 eth0',
  )
})
