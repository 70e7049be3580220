import { hasFailed } from '../../agents/IPaddr2/announced'
import { type Announcer } from '../../agents/IPaddr2/announce'
import { type ArpingKind, arpingKindOf } from '../../lib/network/arping-kind'
import { readOwners } from '../../lib/network/duplicate-address'
import { type ProgramResult } from '../../lib/system/run-program'
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

describe('the two programs called arping', () => {
  test.each([
    ['arping from iputils 20221126\nlibcap: yes', 'iputils_arping'],
    ['arping utility, iputils-s20160308', 'iputils_arping'],
    ['ARPing 2.23, by Thomas Habets <thomas@habets.se>\nusage: arping', 'libnet_arping'],
  ])('%j', (text, kind) => {
    expect(arpingKindOf(text)).toBe(kind)
  })

  const ended = (code: number, stdout: string, stderr = '') => ({ code, stdout, stderr, timedOut: false })
  const TAKEN = { kind: 'taken', macs: ['92:d2:14:95:ff:98'] }

  test.each<[string, ArpingKind, ProgramResult, unknown]>([
    [
      'iputils, an answer',
      'iputils_arping',
      ended(
        1,
        'ARPING 10.9.0.2 from 0.0.0.0 eth0\nUnicast reply from 10.9.0.2 [92:D2:14:95:FF:98]  0.521ms\nSent 1 probes (1 broadcast(s))\nReceived 1 response(s)\n',
      ),
      TAKEN,
    ],
    [
      'iputils, silence, with whatever code',
      'iputils_arping',
      ended(
        1,
        'ARPING 10.9.0.77 from 0.0.0.0 eth0\nSent 2 probes (2 broadcast(s))\nReceived 0 response(s)\n',
      ),
      { kind: 'nobody' },
    ],
    [
      'iputils, an error',
      'iputils_arping',
      ended(1, '', 'arping: sendto: Network is down\n'),
      { kind: 'unknown', why: 'arping failed with exit code 1: arping: sendto: Network is down' },
    ],
    [
      'libnet, an answer',
      'libnet_arping',
      ended(0, 'ARPING 10.9.0.2\n42 bytes from 92:d2:14:95:ff:98 (10.9.0.2): index=0 time=9.264 usec\n'),
      TAKEN,
    ],
    [
      'libnet, silence',
      'libnet_arping',
      ended(
        1,
        'ARPING 10.9.0.77\nTimeout\n\n2 packets transmitted, 0 packets received, 100% unanswered (0 extra)\n',
      ),
      { kind: 'nobody' },
    ],
  ])('who has an address: %s', (_, kind, result, owners) => {
    expect(readOwners(kind, result)).toEqual(owners)
  })

  test.each<[Announcer['sender'], ProgramResult, boolean]>([
    ['send_arp', ended(0, ''), false],
    ['send_arp', ended(1, '', 'ERROR: Cannot find mac address for eth7'), true],
    ['send_ua', ended(0, '', 'ERROR: bind() failed: Invalid argument'), true],
    ['iputils_arping', ended(2, '', 'arping: Device eth7 not available.'), true],
    ['libnet_arping', ended(1, ''), false],
    ['libnet_arping', ended(1, '', 'arping: libnet_init(): No such device'), true],
    ['libnet_arping', ended(139, ''), true],
  ])('%s has failed, by %j: %s', (sender, result, failed) => {
    expect(hasFailed(sender, result)).toBe(failed)
  })
})
