/** rep_mode=slave: a plain resource that follows a server outside of its cluster. */
import { writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeEach, expect, jest, test } from '@jest/globals'
import { setTimeout as pause } from 'node:timers/promises'
import { callAgent } from './support/agent'
import { removeTemplate, TestServer } from './support/server'

jest.setTimeout(180_000)

let primary: TestServer
let follower: TestServer

// Two servers made from one template are of one system: the second is a base backup of the first.
beforeEach(() => {
  primary = TestServer.create()
  follower = TestServer.create()
  primary.configure('wal_level = replica', 'wal_keep_size = 64MB')
})
afterEach(() => {
  follower.destroy()
  primary.destroy()
})
afterAll(removeTemplate)

const onPrimary = (action: string) => callAgent('pgsql', action, { params: primary.params })

const onFollower = (action: string, params: Record<string, string> = {}) =>
  callAgent('pgsql', action, {
    params: {
      ...follower.params,
      rep_mode: 'slave',
      // A host that is a directory is that of the unix socket.
      master_ip: primary.directory,
      replication_slot_name: 'dr',
      ...params,
    },
    env: { OCF_RESKEY_CRM_meta_on_node: 'Site-2.node' },
  })

/** Asks until the answer is as wanted. */
async function expectEventually(ask: () => string, wanted: string): Promise<void> {
  const deadline = Date.now() + 20_000
  while (ask() !== wanted && Date.now() < deadline) await pause(50)
  expect(ask()).toBe(wanted)
}

test('it follows its primary through its slot, under its name, and again after a restart', async () => {
  expect((await onPrimary('start')).code).toBe(0)
  primary.sql("select pg_create_physical_replication_slot('dr_site_2_node')")
  expect(await onFollower('validate-all')).toMatchObject({ code: 0 })
  expect(await onFollower('start')).toMatchObject({ code: 0, reason: undefined })
  expect((await onFollower('start')).code).toBe(0)
  expect((await onFollower('monitor')).code).toBe(0)
  expect(follower.sql('select pg_is_in_recovery()')).toBe('t')

  const standbys = 'select application_name, state from pg_stat_replication'
  await expectEventually(() => primary.sql(standbys), 'site-2.node|streaming')
  expect(primary.sql('select slot_name, active from pg_replication_slots')).toBe('dr_site_2_node|t')
  primary.sql('create table seen as select 1 as id')
  await expectEventually(() => follower.sql("select count(*) from pg_class where relname = 'seen'"), '1')

  expect((await onFollower('stop')).code).toBe(0)
  expect((await onFollower('monitor')).code).toBe(7)
  expect((await onFollower('start')).code).toBe(0)
  await expectEventually(() => primary.sql(standbys), 'site-2.node|streaming')
  expect((await onFollower('stop')).code).toBe(0)
  expect((await onPrimary('stop')).code).toBe(0)
})

test.each(['promote', 'demote'])('it takes no part in %s', async (action) => {
  expect((await onFollower('start')).code).toBe(0)
  const refused = await onFollower(action)
  expect(refused.code).toBe(6)
  expect(refused.reason).toMatch(/^rep_mode: 'slave' has no primary and standbys/)
  expect(follower.sql('select pg_is_in_recovery()')).toBe('t')
})

test('a version that lacks what is asked for is named', async () => {
  writeFileSync(`${follower.dataDirectory}/PG_VERSION`, '9.3\n')
  for (const [params, reason] of [
    [{}, /is of PostgreSQL 9.3: replication_slot_name needs 9.4 or newer/],
    [{ replication_slot_name: '', check_wal_receiver: '1' }, /9.3: check_wal_receiver needs 9.6/],
  ] as const) {
    const result = await onFollower('start', params)
    expect(result.code).toBe(5)
    expect(result.reason).toMatch(reason)
  }
})
