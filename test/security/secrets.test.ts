/** Passwords reach no message, no trace and no command line. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { makeTarget } from '../../cli/drill/target'
import { hideSecrets } from '../../cli/configure/hidden-secrets'
import { pcsCommands } from '../../cli/configure/pcs'
import { validatePlan } from '../../cli/configure/validate'
import { Deadline, messageOf } from '../../lib/ocf'
import { traceLine, traceWith } from '../../lib/ocf/trace'
import { readConninfo } from '../../lib/postgres/conninfo'
import { type Instance } from '../../lib/postgres/instance'
import { askUpstream } from '../../lib/postgres/upstream'
import { findUser } from '../../lib/system/users'
import { agentPath, type AgentResult, callAgent } from '../root/support/agent'
import { emptyCib } from '../root/support/cib'
import { PG_BIN, removeTemplate, TestServer } from '../root/support/server'

jest.setTimeout(120_000)

const TOOL = join(__dirname, '../../dist/bin/ocf-ts')

let directory: string
let server: TestServer
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-secrets-'))
  server = TestServer.create()
  expect((await callAgent('pgsql', 'start', { params: server.params })).code).toBe(0)
})
afterAll(() => {
  server.destroy()
  removeTemplate()
  rmSync(directory, { recursive: true })
})

const NODE = {
  OCF_RESKEY_CRM_meta_on_node: 'n1',
  OCF_RESKEY_CRM_meta_promoted_max: '1',
  OCF_RESKEY_CRM_meta_notify: 'true',
}
const REPLICATION = { rep_mode: 'sync', node_list: 'n1 n2', master_ip: '192.0.2.1' }

function expectNoSecret({ stdout, stderr }: AgentResult): void {
  expect(stdout + stderr).not.toMatch(/s3|cret/)
}

describe('primary_conninfo_opt', () => {
  const WRONG: readonly [string, RegExp][] = [
    ['password=s3cret sslmode', /primary_conninfo_opt: .*sslmode has no "=" and no value/],
    ['password=s3 cret', /word 2 has no "="/],
    ["password='s3cret sslmode=require", /the value of password has no closing quote/],
    ['postgres://u:s3cret@192.0.2.1/db', /it is a URI/],
    ['s3cret', /word 1 has no "="/],
    ['password=s3cret\nsslmode=x', /on one line/],
  ]

  test.each(WRONG)('%j is refused by every action that needs it, and not quoted', async (value, reason) => {
    const params = { ...server.params, ...REPLICATION, primary_conninfo_opt: value }
    for (const action of ['validate-all', 'start', 'promote', 'demote', 'notify']) {
      const log = join(directory, 'ha-log')
      const result = await callAgent('pgsql', action, {
        params,
        env: { ...NODE, ...emptyCib(), HA_logfile: log },
      })
      expect([action, result.code]).toEqual([action, 6])
      expect(result.reason).toMatch(reason)
      expectNoSecret(result)
      expect(existsSync(log) ? readFileSync(log, 'utf8') : '').not.toMatch(/s3|cret/)
    }
  })

  test('what libpq refuses is refused, and what it takes is taken', () => {
    const texts = [
      ...WRONG.map(([value]) => value).filter(
        (value) => !value.includes('\n') && !value.startsWith('postgres'),
      ),
      'password=a sslmode=disable',
      'password = a  sslmode=disable',
      "password='a b'sslmode=disable",
      "password='a\\'b' sslmode=disable",
      'password=a\\ b sslmode=disable',
      'password= sslmode=disable',
      'password=a\\',
      "password=a'b",
      'sslmode = disable ',
      '',
      '=a',
      'a',
      "password=''",
      "password='",
    ]
    for (const text of texts) {
      const connection = `dbname=template1 host=${server.directory} user=postgres ${text}`
      const psql = ['-u', 'postgres', '--', 'psql', '-XAtqw', '-d', connection, '-c', 'select 1']
      const { stderr } = spawnSync('runuser', psql, { encoding: 'utf8', cwd: '/' })
      const refused = /missing "=" after|unterminated quoted string|invalid connection option ""/.test(stderr)
      expect([text, readConninfo(connection).settings === undefined]).toEqual([text, refused])
    }
  })
})

test('while psql asks the primary, nothing of a password is on its command line or in the trace', async () => {
  // psql, which first writes down how it was called.
  const [psql, seen] = [join(directory, 'psql'), join(directory, 'seen')]
  writeFileSync(psql, `#!/bin/sh\ntr '\\0' ' ' </proc/$$/cmdline >>${seen}\nexec /usr/bin/psql "$@"\n`)
  chmodSync(psql, 0o755)
  chmodSync(directory, 0o777)
  const owner = await findUser('postgres', new Deadline(5000))
  if (owner === undefined) throw new Error('there is no account postgres')
  const traced: string[] = []
  traceWith((call) => traced.push(traceLine(call)))
  const { settings = {} } = readConninfo(
    `host=${server.directory} user=nobody password='s3 cret' connect_timeout=2`,
  )
  const instance = { owner, dataDirectory: server.dataDirectory } as Instance
  const asked = askUpstream(instance, settings, psql, server.directory, new Deadline(20_000))
  await expect(asked).rejects.toThrow(/psql failed/)
  await asked.catch((error: unknown) => {
    expect(messageOf(error)).not.toMatch(/s3|cret\b/)
  })
  const commandLine = readFileSync(seen, 'utf8')
  expect(commandLine).toContain('service=ocf-ts')
  expect(commandLine).not.toMatch(/s3|cret\b/)
  expect(traced.join('\n')).toContain('service=ocf-ts')
  expect(traced.join('\n')).not.toMatch(/s3|cret\b/)
})

test('a monitor by hand tells no password, whatever it explains and traces', () => {
  const params = {
    ...server.params,
    ...REPLICATION,
    primary_conninfo_opt: "password='s3 cret'",
    monitor_user: 'watcher',
    monitor_password: 's3cret',
  }
  const env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    ...NODE,
    ...emptyCib(),
    ...Object.fromEntries(Object.entries(params).map(([name, value]) => [`OCF_RESKEY_${name}`, value])),
  }
  const options = ['monitor', '--timeout', '20', '--explain', '--trace', '--debug']
  const { stdout, stderr } = spawnSync(process.execPath, [agentPath('pgsql'), ...options], {
    encoding: 'utf8',
    env,
  })
  expect(stderr).toMatch(/^trace/m)
  expect(stdout + stderr).not.toMatch(/s3|cret\b/)
})

describe('the tool', () => {
  test.each([
    ['password=s3cret sslmode'],
    ['postgres://u:s3cret@h/d'],
    ['password=s3cret'],
    ['sslpassword=s3cret'],
    ['password=s3 cret=x'],
    ["password='s3cret"],
  ])('drill --conninfo %j is refused, and not quoted', (conninfo) => {
    let message = ''
    try {
      makeTarget(conninfo, {}, '192.0.2.1', undefined)
    } catch (error) {
      message = messageOf(error)
    }
    expect(message).toMatch(/^--conninfo: /)
    expect(message).not.toMatch(/s3|cret/)
  })

  test.each([['monitor_password=s3cret'], ['primary_conninfo_opt=password=s3cret']])(
    'configure --pgsql %s: not on the command line',
    (pair) => {
      const { status, stderr } = spawnSync(TOOL, ['configure', '--pgsql', pair], { encoding: 'utf8' })
      expect(status).toBe(2)
      expect(stderr).toMatch(/a password on the command line can be seen by everybody/)
      expect(stderr).not.toContain('s3cret')
    },
  )

  test('configure gives pcs no password on a command line, and puts it in afterwards', () => {
    const { validated } = validatePlan({
      plan: { nodes: 'n1 n2', writer: '192.0.2.1/24,eth0' },
      pgsql: {
        pgctl: `${PG_BIN}/pg_ctl`,
        pgdata: '/d',
        monitor_user: 'watcher',
        monitor_password: `s3"cret$&`,
        primary_conninfo_opt: "password='s3 cret'",
      },
    })
    if (validated === undefined) throw new Error('no plan')
    const { shown, putBack } = hideSecrets(validated.model)
    const words = pcsCommands(shown).flatMap((command) => command.words)
    expect(words.join(' ')).not.toMatch(/s3|cret\b/)
    const word = words.find((one) => one.startsWith('monitor_password='))?.split('=')[1] ?? ''
    expect(putBack(`<nvpair value="${word}"/>`)).toBe(`<nvpair value="s3&quot;cret$&amp;"/>`)
  })
})
