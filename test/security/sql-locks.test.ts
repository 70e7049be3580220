/**
 * Locks that the owner of a database, or a user who may make copies of template1, holds for as long as he likes: they
 * delay every session that starts there. The agent's own questions are asked elsewhere.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { Client } from 'pg'
import { callAgent } from '../root/support/agent'
import { serverWithMallory } from './support/mallory'

jest.setTimeout(60_000)

const ground = serverWithMallory('login createdb', ({ dataDirectory }) => {
  const hba = join(dataDirectory, 'pg_hba.conf')
  writeFileSync(hba, `local all mallory trust\n${readFileSync(hba, 'utf8')}`)
})
const { call } = ground

let clients: Client[] = []
afterEach(() => {
  for (const client of clients) void client.end().catch(() => undefined)
  clients = []
})

async function asMallory(database: string): Promise<Client> {
  const client = new Client({ host: ground.server.directory, user: 'mallory', database })
  client.on('error', () => undefined)
  clients.push(client)
  await client.connect()
  return client
}

/** Waits for locks that are so, asked where nobody delays the question. */
async function locksAre(condition: string): Promise<void> {
  const end = Date.now() + 20_000
  const count = (): string =>
    ground.server.sql(`select count(*) > 0 from pg_locks where ${condition}`, 'inherit', 'postgres')
  while (count() !== 't') {
    if (Date.now() > end) throw new Error(`no lock: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Every session that reads a catalog for the first time waits behind the lock that waits for the transaction. */
async function lock(catalog: 'pg_proc' | 'pg_type'): Promise<void> {
  const reader = await asMallory('app')
  await reader.query('begin')
  await reader.query(`select count(*) from ${catalog}`)
  const rewriter = await asMallory('app')
  rewriter.query(`vacuum full ${catalog}`).catch(() => undefined)
  await locksAre("mode = 'AccessExclusiveLock' and not granted")
}

describe('a catalog of pgdb is locked by its owner', () => {
  const limited = { pgdb: 'app', monitor_timeout: '2' }

  test('the monitor asks elsewhere', async () => {
    await lock('pg_proc')
    expect(await call('monitor', limited)).toMatchObject({ code: 0, reason: undefined })
  })

  test('a start that asks a server for its answer asks elsewhere', async () => {
    await lock('pg_type')
    const pidFile = join(ground.server.dataDirectory, 'postmaster.pid')
    const lines = readFileSync(pidFile, 'utf8').split('\n')
    expect(lines[7]?.trim()).toBe('ready')
    writeFileSync(pidFile, [...lines.slice(0, 7), 'starting', ...lines.slice(8)].join('\n'))
    const { code, reason } = await callAgent('pgsql', 'start', {
      params: { ...ground.server.params, pgdb: 'app' },
      env: { OCF_RESKEY_CRM_meta_timeout: '10000' },
    })
    expect({ code, reason }).toEqual({ code: 0, reason: undefined })
  })

  test('what is left: a statement of the site has to run there', async () => {
    await lock('pg_proc')
    const { code, reason } = await call('monitor', { ...limited, monitor_sql: 'select now()' })
    expect(code).toBe(1)
    expect(reason).toMatch(/does not answer within 2 s \(monitor_timeout\)/)
  })
})

test('template1 is locked while somebody tries to copy it: the monitor asks elsewhere', async () => {
  await asMallory('template1')
  const copier = await asMallory('postgres')
  // It waits some seconds for the other session in template1 to end, and keeps new ones out until then.
  copier.query('create database copy template template1').catch(() => undefined)
  await locksAre(
    "locktype = 'object' and classid = 'pg_database'::regclass and mode = 'ShareLock' and granted",
  )
  expect(await call('monitor', { monitor_timeout: '2' })).toMatchObject({ code: 0, reason: undefined })
})
