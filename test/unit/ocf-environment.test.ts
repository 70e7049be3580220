import { describe, expect, test } from '@jest/globals'
import { readEnvironment } from '../../lib/ocf/environment'

const read = (env: Record<string, string> = {}) => readEnvironment(env, 'pgsql')
const meta = (attributes: Record<string, string>) =>
  read(
    Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [`OCF_RESKEY_CRM_meta_${name}`, value]),
    ),
  )

test('by hand nothing is there, and everything has a meaning', () => {
  expect(read()).toEqual({
    resource: 'pgsql',
    instance: undefined,
    node: undefined,
    intervalMs: 0,
    timeoutMs: undefined,
    role: undefined,
    expectedCode: undefined,
    promotable: false,
    cloneMax: undefined,
    cloneInstance: undefined,
    globallyUnique: false,
    anonymousClone: false,
    notification: undefined,
    members: {
      known: false,
      promoted: [],
      unpromoted: [],
      starting: [],
      stopping: [],
      promoting: [],
      demoting: [],
    },
    featureSet: undefined,
    checkLevel: 0,
    ocfRoot: '/usr/lib/ocf',
  })
})

test.each([
  ['db', { resource: 'db', instance: undefined }],
  ['pgsql:0', { resource: 'pgsql', instance: 0 }],
  ['pgsql:12', { resource: 'pgsql', instance: 12 }],
])('the instance %s', (instance, expected) => {
  expect(read({ OCF_RESOURCE_INSTANCE: instance })).toMatchObject(expected)
})

test.each([
  [{}, { globallyUnique: false, anonymousClone: false }],
  [{ globally_unique: 'false' }, { globallyUnique: false, anonymousClone: true }],
  [{ globally_unique: 'true' }, { globallyUnique: true, anonymousClone: false }],
])('a resource, an ordinary clone or one of unique instances: %j', (given, expected) => {
  expect(meta(given)).toMatchObject(expected)
})

test('the code that is expected of a monitor', () => {
  expect(meta({ op_target_rc: '8' })).toMatchObject({ expectedCode: 8 })
})

test('the node, the times, the check level and the root', () => {
  expect(meta({ on_node: 'node1', interval: '7000', timeout: '60000', clone_max: '2' })).toMatchObject({
    node: 'node1',
    intervalMs: 7000,
    timeoutMs: 60000,
    cloneMax: 2,
  })
  expect(read({ OCF_CHECK_LEVEL: '10', OCF_ROOT: '/opt/ocf' })).toMatchObject({
    checkLevel: 10,
    ocfRoot: '/opt/ocf',
  })
  expect(meta({ interval: 'often', timeout: '' })).toMatchObject({ intervalMs: 0, timeoutMs: undefined })
})

test("a clone's instance", () => {
  expect(meta({ clone: '2', clone_max: '3', globally_unique: 'true' })).toMatchObject({
    cloneInstance: 2,
    cloneMax: 3,
    globallyUnique: true,
  })
  expect(meta({ 'globally-unique': 'false' }).globallyUnique).toBe(false)
})

describe('both spellings', () => {
  test.each([
    ['Master', 'Promoted'],
    ['Promoted', 'Promoted'],
    ['Slave', 'Unpromoted'],
    ['unpromoted', 'Unpromoted'],
    ['Started', 'Started'],
    ['Stopped', 'Stopped'],
    ['King', undefined],
  ])('of the role %s', (role, expected) => {
    expect(meta({ role }).role).toBe(expected)
  })

  test.each([{ promoted_max: '1' }, { master_max: '1' }, { 'master-max': '1' }, { promotable: 'true' }])(
    'of a promotable clone: %j',
    (attributes) => {
      expect(meta(attributes).promotable).toBe(true)
    },
  )

  test('a clone without masters is not promotable', () => {
    expect(meta({ master_max: '0', clone_max: '2' }).promotable).toBe(false)
  })

  test.each([
    ['notify_promoted_uname', 'notify_unpromoted_uname'],
    ['notify_master_uname', 'notify_slave_uname'],
  ])('of the members: %s, %s', (promoted, unpromoted) => {
    expect(meta({ [promoted]: 'node1', [unpromoted]: 'node2 node3 ' }).members).toMatchObject({
      promoted: ['node1'],
      unpromoted: ['node2', 'node3'],
    })
  })
})

describe('a notification', () => {
  test('says when, of what, and who takes part', () => {
    const env = meta({
      notify_type: 'pre',
      notify_operation: 'promote',
      notify_promote_uname: 'node2',
      notify_demote_uname: 'node1',
      notify_start_uname: ' ',
      notify_stop_uname: ' ',
      notify_master_uname: ' ',
    })
    expect(env.notification).toEqual({ type: 'pre', operation: 'promote' })
    expect(env.members).toEqual({
      known: true,
      promoted: [],
      unpromoted: [],
      starting: [],
      stopping: [],
      promoting: ['node2'],
      demoting: ['node1'],
    })
  })

  test.each([
    { notify_type: 'post' },
    { notify_type: 'during', notify_operation: 'stop' },
    { notify_operation: 'stop' },
  ])('is none without a type and an operation that are known: %j', (attributes) => {
    expect(meta(attributes).notification).toBeUndefined()
  })
})
