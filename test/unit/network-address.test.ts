import { describe, expect, test } from '@jest/globals'
import { addressFromHex, isLinkLocal, isLoopback, isUnicast, parseAddress } from '../../lib/network/address'
import { parsePrefixLength, shareNetwork } from '../../lib/network/prefix'

function address(text: string) {
  const parsed = parseAddress(text)
  if (!parsed) throw new Error(`${text} is no address`)
  return parsed
}

describe('parseAddress', () => {
  test.each([
    ['192.168.100.163', '192.168.100.163'],
    ['0.0.0.0', '0.0.0.0'],
    ['2001:db8:DC28:0:0:FC57:D4C8:1FFF', '2001:db8:dc28::fc57:d4c8:1fff'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['fe80::1', 'fe80::1'],
    // RFC 5952: a single group of zeros is written out; the longest run is shortened, the first of two alike.
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s is %s', (text, canonical) => {
    expect(address(text).text).toBe(canonical)
    expect(parseAddress(canonical)).toEqual(address(text))
    expect(addressFromHex(address(text).hex)).toEqual(address(text))
  })

  test.each([
    '',
    'eth0',
    '192.168.1',
    '192.168.1.256',
    '192.168.1.1.1',
    '192.168.01.1',
    '192.168.1.1/24',
    ' 192.168.1.1',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    ':1',
    '1:',
    ':::',
    '12345::',
    'g::1',
    'fe80::1%eth0',
    '1.2.3.4::',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:8::',
  ])("'%s' is none", (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })
})

test.each([
  ['127.0.0.1', { loopback: true, linkLocal: false, unicast: true }],
  ['::1', { loopback: true, linkLocal: false, unicast: true }],
  ['fe80::1', { loopback: false, linkLocal: true, unicast: true }],
  ['febf::1', { loopback: false, linkLocal: true, unicast: true }],
  ['fec0::1', { loopback: false, linkLocal: false, unicast: true }],
  ['10.0.0.1', { loopback: false, linkLocal: false, unicast: true }],
  ['0.0.0.0', { loopback: false, linkLocal: false, unicast: false }],
  ['224.0.0.1', { loopback: false, linkLocal: false, unicast: false }],
  ['255.255.255.255', { loopback: false, linkLocal: false, unicast: false }],
  ['ff02::1', { loopback: false, linkLocal: false, unicast: false }],
  ['::', { loopback: false, linkLocal: false, unicast: false }],
])('kinds of %s', (text, kinds) => {
  const parsed = address(text)
  expect({
    loopback: isLoopback(parsed),
    linkLocal: isLinkLocal(parsed),
    unicast: isUnicast(parsed),
  }).toEqual(kinds)
})

test.each([
  ['24', 24],
  ['1', 1],
  ['128', 128],
  ['255.255.255.0', 24],
  ['255.255.255.255', 32],
  ['255.128.0.0', 9],
  ['0', undefined],
  ['129', undefined],
  ['-1', undefined],
  ['24.5', undefined],
  ['255.0.255.0', undefined],
  ['0.0.0.0', undefined],
  ['255.255.255', undefined],
  ['', undefined],
])("the prefix length of '%s' is %s", (text, length) => {
  expect(parsePrefixLength(text)).toBe(length)
})

test.each([
  ['10.0.0.1', '10.0.0.254', 24, true],
  ['10.0.0.1', '10.0.1.1', 24, false],
  ['10.0.0.1', '10.0.1.1', 23, true],
  ['10.0.0.1', '11.0.0.1', 0, true],
  ['2001:db8::1', '2001:db8::ffff:0:0:1', 64, true],
  ['2001:db8::1', '2001:db8:0:1::1', 64, false],
  ['10.0.0.1', '::1', 0, false],
])('%s and %s share a network of %i bits: %s', (one, other, length, shared) => {
  expect(shareNetwork(address(one), address(other), length)).toBe(shared)
})
