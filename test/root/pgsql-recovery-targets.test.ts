/** What a point-in-time restore has left in the configuration does not end the recovery of a standby. */
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { readReplicatedSite } from '../../agents/pgsql/site'
import { startStandby } from '../../agents/pgsql/start-standby'
import { INSTALLATIONS, PlainServer, type Programs } from '../security/support/plain-server'
import { memberContext } from './support/context'

jest.setTimeout(120_000)

describe.each(INSTALLATIONS)('%s', (_, install) => {
  let programs: Programs
  let server: PlainServer

  beforeAll(() => {
    programs = install()
    server = PlainServer.create(programs)
    server.start()
    server.sql('create table public.filler as select 1 as id')
    server.sql('select pg_switch_wal()')
    server.stop()
  })
  afterAll(() => {
    server.destroy()
    programs.remove()
  })

  test('in both files, with another timeline and an action', async () => {
    // Before version 12, they are in recovery.conf, which the agent writes whole.
    if (programs.version < 12) return
    server.configure("recovery_target_name = 'before the accident'")
    appendFileSync(
      join(server.data, 'postgresql.auto.conf'),
      "recovery_target_time = '2001-01-01 00:00:00+00'\nrecovery_target_action = 'promote'\nrecovery_target_timeline = '7'\n",
    )
    const { context, messages } = memberContext({ ...server.params, master_ip: '/nowhere' })
    await startStandby(context, await readReplicatedSite(context), programs.version)
    expect(server.sql('select pg_is_in_recovery()')).toBe('t')
    expect(
      server.sql(
        "select string_agg(setting, ',' order by name) from pg_settings where name like 'recovery\\_target\\_ti%' or name = 'recovery_target_name'",
      ),
    ).toBe(',,latest')
    expect(messages.find((message) => message.startsWith('left over'))).toMatch(
      /^left over from a restore, and without effect on a standby of the cluster: recovery_target_time \(.*postgresql\.auto\.conf, line \d+\), recovery_target_timeline \(.*line \d+\); take it out: ALTER SYSTEM RESET recovery_target_time$/,
    )
  })
})
