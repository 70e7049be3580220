/** Asking a primary for WAL with everything that primary_conninfo allows: it means the same as to PostgreSQL. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { primarySettings } from '../../agents/pgsql/ask-primary'
import { makeTmpdir } from '../../agents/pgsql/make-tmpdir'
import { readReplicatedSite } from '../../agents/pgsql/site'
import { Deadline } from '../../lib/ocf'
import { askUpstream } from '../../lib/postgres/upstream'
import { isWalRemoved } from '../../lib/postgres/wal-probe'
import { PlainServer, Programs } from '../security/support/plain-server'
import { memberContext } from './support/context'

jest.setTimeout(120_000)

const programs = Programs.debian()
let primary: PlainServer
let standby: PlainServer

const own = (file: string, text: string): void => {
  writeFileSync(file, text, { mode: 0o600 })
  execFileSync('chown', ['postgres:', file])
}

beforeAll(() => {
  primary = PlainServer.create(programs)
  standby = PlainServer.create(programs)
  primary.start()
  primary.sql(
    "set password_encryption = 'scram-sha-256'; create role repl replication login password 'it''s secret'",
  )
  own(join(primary.data, 'pg_hba.conf'), 'local replication repl scram-sha-256\nlocal all postgres trust\n')
  primary.sql('select pg_reload_conf()')
  // Its first file is gone.
  primary.sql('alter system set wal_keep_size = 0')
  primary.sql("alter system set max_wal_size = '32MB'")
  primary.sql('select pg_reload_conf()')
  primary.sql('create table public.filler as select 1 as id')
  const first = primary.sql('select pg_walfile_name(pg_current_wal_lsn())')
  for (let round = 0; round < 20; round += 1) {
    primary.sql('insert into public.filler select 1; select pg_switch_wal()')
    primary.sql('checkpoint')
    if (primary.sql(`select count(*) from pg_ls_waldir() where name = '${first}'`) === '0') break
  }
  mkdirSync(join(standby.directory, 'home'))
  const service = `[other]\nuser=nobody\n[site]\n# the primary\nuser=repl\npassfile=${standby.directory}/pass word\nuser=second\n`
  own(join(standby.directory, 'services'), service)
  own(join(standby.directory, 'pass word'), "*:*:replication:repl:it's secret\n")
})
afterAll(() => {
  standby.destroy()
  primary.destroy()
})

test.each([
  [
    'passfile',
    (directory: string) => ({ repuser: 'repl', primary_conninfo_opt: `passfile='${directory}/pass word'` }),
  ],
  [
    'service, whose settings stand behind those beside it',
    (directory: string) => ({
      repuser: 'repl',
      primary_conninfo_opt: `service=site servicefile='${directory}/services'`,
    }),
  ],
  [
    'target_session_attrs and options',
    (directory: string) => ({
      repuser: 'repl',
      primary_conninfo_opt: `passfile='${directory}/pass word' target_session_attrs=read-write options='-c wal_sender_timeout=30s'`,
    }),
  ],
])('%s', async (_, given) => {
  const { context } = memberContext({
    ...standby.params,
    master_ip: primary.directory,
    ...given(standby.directory),
  })
  const site = await readReplicatedSite(context)
  makeTmpdir(site)
  const settings = primarySettings(site, context.values)
  const { timeline } = await askUpstream(
    site.instance,
    settings,
    '/usr/bin/psql',
    site.tmpdir,
    context.deadline,
  )
  expect(timeline).toBe(1)
  expect(await isWalRemoved(site.instance.owner, settings, '0000000001000000', 1, new Deadline(20_000))).toBe(
    true,
  )
})

test('a service that nobody has defined is named', async () => {
  const { context } = memberContext({
    ...standby.params,
    master_ip: primary.directory,
    primary_conninfo_opt: 'service=nowhere',
  })
  const site = await readReplicatedSite(context)
  expect(() => primarySettings(site, context.values)).toThrow(
    "no pg_service.conf that postgres can read has the service 'nowhere': define it in ~postgres/.pg_service.conf",
  )
})
