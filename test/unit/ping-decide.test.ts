import { describe, expect, test } from '@jest/globals'
import { agent } from '../../agents/ping/agent'
import { decideMonitor, decideStart } from '../../agents/ping/decide'
import { ExitCode } from '../../lib/ocf'
import { readEnvironment } from '../../lib/ocf/environment'
import { readParameters } from '../../lib/ocf/parameters'

function settings(texts: Readonly<Record<string, string>>) {
  const { values, problems } = readParameters(agent.parameters, { host_list: 'a b', ...texts })
  expect(problems).toEqual([])
  return values
}

const publish = (value: number, name = 'pingd') => ({ step: 'publish', name, value, dampen: '5s' })
const ALL = { reachable: 2, unreachable: [] }
const ONE = { reachable: 1, unreachable: ['b'] }
const NONE = { reachable: 0, unreachable: ['a', 'b'] }

describe('monitor', () => {
  test.each([
    ['all answer', {}, ALL, 2],
    ['none answers', {}, NONE, 0],
    ['with a multiplier', { multiplier: '100' }, ONE, 100],
    ['as much as is needed', { failure_score: '100', multiplier: '100' }, ONE, 100],
  ])('%s', (_, texts, answer, value) => {
    expect(decideMonitor(settings(texts), answer)).toEqual({
      exit: ExitCode.SUCCESS,
      steps: [publish(value)],
    })
  })

  test('fails below failure_score, names the hosts, and publishes the value all the same', () => {
    expect(decideMonitor(settings({ name: 'net', failure_score: '2' }), ONE)).toEqual({
      exit: ExitCode.ERR_GENERIC,
      reason: 'net is 1, less than failure_score=2: no answer from b',
      steps: [publish(1, 'net')],
    })
  })
})

describe('start', () => {
  const note = { step: 'note start', file: '/run/ping-pingd' }

  test('makes the file, then publishes', () => {
    expect(decideStart(settings({}), false, ALL).steps).toEqual([note, publish(2)])
  })

  test('leaves the file alone when it is there', () => {
    expect(decideStart(settings({}), true, ALL).steps).toEqual([publish(2)])
  })

  test('fails below failure_score', () => {
    expect(decideStart(settings({ failure_score: '1' }), false, NONE)).toMatchObject({
      exit: ExitCode.ERR_GENERIC,
      reason: 'pingd is 0, less than failure_score=1: no answer from a, b',
    })
  })
})

describe('parameters', () => {
  test('the file is named after the attribute', () => {
    expect(settings({ name: 'default_ping_set' }).pidfile).toBe('/run/ping-default_ping_set')
    expect(settings({ pidfile: '/run/other' }).pidfile).toBe('/run/other')
  })

  test.each<[string, Readonly<Record<string, string>>, string]>([
    ['a primitive', {}, '/run/ping-pingd'],
    ['a clone', { globally_unique: 'false', clone: '0' }, '/run/ping-pingd'],
    ['a globally unique clone', { globally_unique: 'true', clone: '1' }, '/run/ping-gw:1'],
  ])('the file of %s is that of the shell agent', (_, meta, pidfile) => {
    const variables = Object.entries(meta).map(([name, value]) => [`OCF_RESKEY_CRM_meta_${name}`, value])
    const OCF_RESOURCE_INSTANCE = meta['globally_unique'] === 'true' ? 'gw:1' : 'gw'
    const given = Object.fromEntries(variables) as Readonly<Record<string, string>>
    const env = readEnvironment({ OCF_RESOURCE_INSTANCE, ...given }, 'ping')
    expect(readParameters(agent.parameters, { host_list: 'a' }, env).values.pidfile).toBe(pidfile)
  })

  test.each([
    ['3', 3],
    ['3s', 3],
    ['500ms', 0.5],
    ['1m', 60],
  ])('timeout=%s is %d seconds', (text, span) => {
    expect(settings({ timeout: text }).timeout).toBe(span)
  })

  test.each([
    ['false', 0],
    ['1', 1],
    ['True', 1],
    ['verbose', 2],
  ])('debug=%s', (text, verbosity) => {
    expect(settings({ debug: text }).debug).toBe(verbosity)
  })

  test.each<[Readonly<Record<string, string>>, RegExp]>([
    [{ host_list: '' }, /^host_list is not set: it is required \(Hosts to ask\)/],
    [{ host_list: '  ' }, /^host_list: '  ' is not allowed; set host_list to names or addresses of hosts/],
    [{ host_list: '10.0.0.1 -f' }, /^host_list: '10\.0\.0\.1 -f' is not allowed/],
    [{ host_list: '$(reboot)' }, /^host_list: '\$\(reboot\)' is not allowed/],
    [{ name: 'a b' }, /^name: 'a b' is not allowed/],
    [{ name: '../x' }, /^name: '\.\.\/x' is not allowed/],
    [{ pidfile: 'x' }, /^pidfile: 'x' is not allowed; set pidfile to an absolute path/],
    [{ dampen: 'long' }, /^dampen: 'long' is not allowed; set dampen to a time/],
    [{ attempts: '0' }, /^attempts: '0' is not allowed/],
    [{ timeout: '-1' }, /^timeout: '-1' is not allowed/],
    [{ failure_score: 'x' }, /^failure_score: 'x' is not allowed/],
    [{ debug: 'loud' }, /^debug: 'loud' is not allowed; set debug to false, true or verbose/],
    [{ use_fping: 'maybe' }, /^use_fping: 'maybe' is not allowed/],
  ])('%j is refused', (texts, reason) => {
    const { problems } = readParameters(agent.parameters, { host_list: 'a', ...texts })
    expect(problems.map((problem) => problem.reason)).toEqual([expect.stringMatching(reason)])
  })
})
