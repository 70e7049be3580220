/** What the doctor asks PostgreSQL is understood by the oldest version, by the newest, and where the answers changed. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { Client } from 'pg'
import { askSettings } from '../../cli/doctor/own/server'

const NPM_PACKAGES = join(__dirname, '../postgres/node_modules')
/** 12: recovery settings in postgresql.conf; 13: wal_keep_size, wal_status; 16: pg_hba.conf with included files. */
const VERSIONS = process.arch === 'x64' ? [10, 12, 13, 16, 18] : []

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-questions-'))
})
afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

const asPostgres = (program: string, ...args: readonly string[]): void => {
  const native = join(directory, 'native')
  execFileSync('runuser', ['-u', 'postgres', '--', join(native, 'bin', program), ...args], {
    cwd: directory,
    env: { PATH: process.env['PATH'], LD_LIBRARY_PATH: join(native, 'lib') },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

test.each(VERSIONS)(
  'PostgreSQL %p',
  async (version) => {
    const source = join(NPM_PACKAGES, `postgres-${version}/native`)
    if (!existsSync(source)) throw new Error(`run scripts/setup: there is no ${source}`)
    // The account postgres need not reach the checkout.
    execFileSync('cp', ['--archive', '--dereference', source, join(directory, 'native')])
    execFileSync('chown', ['-R', 'postgres:', directory])
    const data = join(directory, 'data')
    asPostgres('initdb', '-A', 'trust', '-N', '-D', data)
    const keep = version >= 13 ? 'wal_keep_size=64MB' : 'wal_keep_segments=4'
    const options = `-c unix_socket_directories=${directory} -c listen_addresses= -c ${keep} -c wal_level=replica`
    asPostgres('pg_ctl', 'start', '-w', '-D', data, '-l', join(directory, 'log'), '-o', options)
    const client = new Client({ host: directory, user: 'postgres', database: 'postgres' })
    try {
      await client.connect()
      await client.query('create role repl replication login')
      await client.query('alter role repl in database postgres set synchronous_commit = off')
      await client.query("select pg_create_physical_replication_slot('a', true)")
      const rows = async <R>(sql: string, parameters: readonly unknown[] = []): Promise<readonly R[]> =>
        (await client.query(sql, [...parameters])).rows as R[]
      const facts = await askSettings({ rows, close: () => undefined }, version, false, 'repl', 'postgres')
      expect(facts).toMatchObject({
        walKeptBytes: 64 * 2 ** 20,
        ownCommits: [{ whose: 'role repl in database postgres', value: 'off' }],
        archiver: { archived: 0, failed: 0, lastArchived: null, lastFailed: null },
        slots: [{ name: 'a', active: false, walStatus: version >= 13 ? 'reserved' : null }],
        role: { replication: true, login: true },
        database: { name: 'postgres', owner: 'postgres', ownerIsSuperuser: true, open: true },
        standbys: [],
        settings: { fsync: 'on', hot_standby: 'on', synchronous_commit: 'on', listen_addresses: '' },
      })
      expect(facts.slots[0]?.keptBytes).toBeGreaterThan(0)
      expect(facts.hba).toContainEqual({
        line: expect.any(Number),
        type: 'host',
        databases: ['replication'],
        users: ['all'],
        address: '127.0.0.1',
        netmask: '255.255.255.255',
        method: 'trust',
        error: null,
      })
    } finally {
      await client.end()
      asPostgres('pg_ctl', 'stop', '-w', '-m', 'immediate', '-D', data)
    }
  },
  30_000,
)
