import { describe, expect, test } from '@jest/globals'
import { askedTogether, fpingArguments, readAnswers } from '../../lib/network/fping-hosts'
import { hasAnswer, pingArguments } from '../../lib/network/ping-hosts'
import { refusedOptions } from '../../lib/network/reachability'

describe('ping', () => {
  test.each([
    ['10.0.0.1', { attempts: 3, timeout: 2 }, '-n -c 3 -W 2 -i 0.67 -- 10.0.0.1'],
    ['fd00::1', { attempts: 3, timeout: 2 }, '-6 -n -c 3 -W 2 -i 0.67 -- fd00::1'],
    ['router.example', { attempts: 1, timeout: 0.5 }, '-n -c 1 -W 0.5 -- router.example'],
    ['h', { attempts: 2, timeout: 20 }, '-n -c 2 -W 20 -i 1 -- h'],
    ['h', { attempts: 10, timeout: 1 }, '-n -c 10 -W 1 -i 0.2 -- h'],
  ])('asks %s with %j', (host, asking, expected) => {
    expect(pingArguments(host, { ...asking, options: [] }).join(' ')).toBe(expected)
  })

  test("takes configured options last, and the host for no option's value", () => {
    expect(pingArguments('h', { attempts: 1, timeout: 1, options: ['-I', 'eth0'] })).toEqual(
      '-n -c 1 -W 1 -I eth0 -- h'.split(' '),
    )
  })

  test.each([
    ['64 bytes from 10.0.0.1: icmp_seq=1 ttl=64 time=0.028 ms\n', true],
    ['PING fd00::1(fd00::1) 56 data bytes\n64 bytes from fd00::1: icmp_seq=2 ttl=64 time=0.1 ms\n', true],
    ['PING 10.0.0.1 (10.0.0.1) 56(84) bytes of data.\n', false],
    ['From 10.0.0.2 icmp_seq=1 Destination Host Unreachable\n', false],
    ['', false],
  ])('an answer in %j: %s', (output, answered) => {
    expect(hasAnswer(output)).toBe(answered)
  })
})

describe('fping', () => {
  test.each([
    [{ attempts: 3, timeout: 2 }, '-r 2 -t 666 -B 1.0 -- a b'],
    [{ attempts: 1, timeout: 2 }, '-r 0 -t 2000 -B 1.0 -- a b'],
    [{ attempts: 100, timeout: 1 }, '-r 99 -t 50 -B 1.0 -- a b'],
  ])('asks with %j', (asking, expected) => {
    expect(fpingArguments(['a', 'b'], { ...asking, options: [] }).join(' ')).toBe(expected)
  })

  test.each([
    [['10.0.0.1', 'fd00::1', 'fe80::1%eth0'], [['10.0.0.1', 'fd00::1', 'fe80::1%eth0']]],
    [
      ['a', '10.0.0.1', 'b', '10.0.0.2'],
      [['10.0.0.1', '10.0.0.2'], ['a'], ['b']],
    ],
    [['a'], [['a']]],
  ])('%j: names wait for their name server by themselves', (hosts, together) => {
    expect(askedTogether(hosts)).toEqual(together)
  })

  test('some answer, some do not, one has no address', () => {
    const stdout = '10.9.0.1 is alive\n10.9.0.77 is unreachable\n'
    const stderr =
      'nosuch: Name or service not known\nICMP Host Unreachable from 10.9.0.1 for ICMP Echo sent\n'
    expect(readAnswers(['10.9.0.1', '10.9.0.77', 'nosuch'], stdout, stderr)).toEqual({
      reachable: 1,
      unreachable: ['10.9.0.77', 'nosuch'],
      complaints: ['nosuch: Name or service not known'],
    })
  })

  test('a host that is listed twice counts twice', () => {
    const stdout = 'a is alive\na is alive\n'
    expect(readAnswers(['a', 'a'], stdout, '').reachable).toBe(2)
  })

  test('with options that make it show other names, the number is right all the same', () => {
    expect(readAnswers(['localhost'], '127.0.0.1 is alive (0.05 ms)\n', '').reachable).toBe(1)
  })
})

test.each([
  ["ping: invalid option -- 'Z'\n\nUsage\n", true],
  ["ping: invalid argument: 'x'\n", true],
  ["fping: invalid option -- 'Z'\nsee 'fping -h' for usage information\n", true],
  ['Usage: fping [options] [targets...]\n', true],
  ['ping: nosuch: Name or service not known\n', false],
  ['ping: connect: Network is unreachable\n', false],
  ['ping: SO_BINDTODEVICE nosuch0: No such device\n', false],
])('refused options in %j: %s', (stderr, refused) => {
  expect(refusedOptions(stderr)).toBe(refused)
})
