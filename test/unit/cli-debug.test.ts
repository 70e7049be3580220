/** Which program is run for `ocf-ts debug`, and with what. */
import { describe, expect, test } from '@jest/globals'
import { callScript, findPrimitive, makeCall, type Wanted } from '../../cli/debug/call'
import { type Configuration, type Primitive } from '../../lib/cluster/configuration'
import { traceLine } from '../../lib/ocf/trace'

const primitive = (id: string, agent: string): Primitive => ({
  id,
  agent,
  parameters: {},
  meta: {},
  operations: [],
  clone: id === 'pgsql' ? { id: 'msPostgresql', promotable: true } : undefined,
  group: undefined,
})
const primitives = [
  primitive('pgsql', 'ocf:ts:pgsql'),
  primitive('vip-master', 'ocf:ts:IPaddr2'),
  primitive('vip-rep', 'ocf:ts:IPaddr2'),
]
const configuration = { primitives } as Pick<Configuration, 'primitives'> as Configuration

describe('the resource that is meant', () => {
  test.each([
    ['pgsql', 'pgsql'],
    ['msPostgresql', 'pgsql'],
    ['vip-rep', 'vip-rep'],
  ])('%s', (wanted, id) => {
    expect(findPrimitive(configuration, wanted).id).toBe(id)
  })
  test.each([
    ['IPaddr2', 'several resources have the agent IPaddr2', 'name one: vip-master, vip-rep'],
    ['nginx', `the cluster has no resource 'nginx'`, 'it has pgsql, vip-master, vip-rep'],
  ])('%s is refused', (wanted, message, advice) => {
    expect(() => findPrimitive(configuration, wanted)).toThrow(
      expect.objectContaining({ exit: 2, message, advice }),
    )
  })
})

const wanted: Wanted = {
  action: 'monitor',
  act: false,
  trace: true,
  timeout: undefined,
  ocfRoot: '/usr/lib/ocf',
}
const ours = { id: 'pgsql', agent: 'ocf:ts:pgsql' }
const shell = { id: 'pgsql', agent: 'ocf:heartbeat:pgsql' }
const variables = { OCF_RESOURCE_INSTANCE: 'pgsql', OCF_RESKEY_pgdata: '/data' }

test.each<[string, Partial<Wanted>, readonly string[]]>([
  ['explains by default', {}, ['monitor', '--resource', 'pgsql', '--explain', '--trace']],
  ['acts when told to', { act: true, trace: false }, ['monitor', '--resource', 'pgsql']],
  [
    'with a timeout',
    { timeout: '5' },
    ['monitor', '--resource', 'pgsql', '--explain', '--trace', '--timeout', '5'],
  ],
  ['changes nothing anyway', { action: 'validate-all' }, ['validate-all', '--resource', 'pgsql', '--trace']],
])('our agent %s', (_, change, args) => {
  const { argv, env } = makeCall(ours, variables, { ...wanted, ...change })
  expect(argv).toEqual(['/usr/lib/ocf/resource.d/ts/pgsql', ...args])
  expect(env).toEqual({ OCF_ROOT: '/usr/lib/ocf' })
})

test('a shell agent cannot explain itself: it is run only when told to', () => {
  expect(() => makeCall(shell, variables, wanted)).toThrow(
    expect.objectContaining({ exit: 3, advice: 'say --act to do it' }),
  )
  const { argv, env } = makeCall(shell, variables, { ...wanted, act: true, timeout: '7' })
  expect(argv).toEqual(['/usr/lib/ocf/resource.d/heartbeat/pgsql', 'monitor'])
  expect(env).toMatchObject({ ...variables, OCF_RESKEY_CRM_meta_timeout: '7000', OCF_TRACE_RA: '1' })
  expect(makeCall(shell, variables, { ...wanted, action: 'meta-data' }).argv[1]).toBe('meta-data')
})

test('on another node, a shell is given no name of a parameter that it could take for a command', () => {
  const odd = ['x;touch /tmp/owned;', 'a$(id)', '1', 'OCF_RESKEY_a-b', 'a\nid', '']
  const { script, leftOut } = callScript({
    argv: ['/agent', 'monitor'],
    env: { ...Object.fromEntries(odd.map((name) => [name, 'x'])), OCF_RESKEY_a_1: `it's` },
  })
  expect(script).toBe(`export OCF_RESKEY_a_1='it'\\''s'\nexec /agent monitor </dev/null\n`)
  expect([...leftOut].sort()).toEqual([...odd].sort())
})

test('agents of another standard are not run by hand', () => {
  expect(() => makeCall({ id: 'web', agent: 'systemd:nginx' }, {}, wanted)).toThrow(
    'web is systemd:nginx: only agents of the standard ocf can be run by hand',
  )
})

test('a line of the trace', () => {
  const call = {
    what: 'query',
    text: 'select\n   1',
    beganMs: 3.14159,
    tookMs: 0.5,
    outcome: '1 rows',
  } as const
  expect(traceLine(call)).toBe('trace     3.1 ms     0.5 ms  query       select 1: 1 rows')
})
