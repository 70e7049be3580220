/** What a database's user, a file or a parameter can make the agents say steers no terminal, and forges no line. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { agentPath, type AgentResult, callAgent } from '../root/support/agent'
import { emptyCib } from '../root/support/cib'
import { removeTemplate, TestServer } from '../root/support/server'
import { HOSTILE, reasonAsPacemaker, whatSteers } from './support/readable'

jest.setTimeout(60_000)

let directory: string
let server: TestServer
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-output-'))
  server = TestServer.create()
  expect((await callAgent('pgsql', 'start', { params: server.params })).code).toBe(0)
})
afterAll(() => {
  server.destroy()
  removeTemplate()
  rmSync(directory, { recursive: true })
})

/** As a string in SQL. */
const literal = (text: string): string =>
  `U&'${Array.from(text)
    .map((character) => `\\+${(character.codePointAt(0) ?? 0).toString(16).padStart(6, '0')}`)
    .join('')}'`

const FORGED = 'ocf-exit-reason:all is well'

/** What a user of the database has a query fail with. */
const raising = (text: string): string =>
  `do $body$ begin raise exception using message = ${literal(text)}, detail = ${literal(text)}; end $body$`

const MONITOR = { OCF_RESKEY_CRM_meta_interval: '10000', OCF_RESKEY_CRM_meta_timeout: '20000' }

function expectReadable({ stdout, stderr }: Pick<AgentResult, 'stdout' | 'stderr'>): void {
  expect(whatSteers(stdout)).toBeUndefined()
  expect(whatSteers(stderr)).toBeUndefined()
}

describe('an error of the server', () => {
  const text = `${HOSTILE}\nERROR: forged\n${FORGED}\nx`

  test('on standard error and as the exit reason', async () => {
    const params = { ...server.params, monitor_sql: raising(text) }
    const result = await callAgent('pgsql', 'monitor', { params, env: MONITOR })
    expect(result.code).toBe(1)
    expectReadable(result)
    expect(result.stderr).toContain('\\x1b]0;title\\x07')
    expect(result.stderr).not.toMatch(/^ERROR: forged/m)
    // It would be shown beside the resource, in place of what is wrong.
    expect(reasonAsPacemaker(result.stderr)).toMatch(/monitor_sql/)
  })

  test('in the log file', async () => {
    const log = join(directory, 'ha-log')
    const params = { ...server.params, monitor_sql: raising(text) }
    await callAgent('pgsql', 'monitor', { params, env: { ...MONITOR, HA_logfile: log } })
    const lines = readFileSync(log, 'utf8')
    expect(lines).toContain('\\u202egpj')
    expect(whatSteers(lines)).toBeUndefined()
    for (const line of lines.trimEnd().split('\n')) expect(line).toMatch(/^pgsql\(pgsql\)\[\d+\]:\t/)
  })

  test('of a megabyte fills no log', async () => {
    const params = {
      ...server.params,
      monitor_sql: `do $$ begin raise exception '%', repeat('x ', 500000); end $$`,
    }
    const { stderr } = await callAgent('pgsql', 'monitor', { params, env: MONITOR })
    expect(stderr.length).toBeLessThan(40_000)
  })

  test('beside a character beyond ASCII it cannot end an attribute of the CIB', async () => {
    const params = { ...server.params, monitor_sql: raising('é"/><node_state id="x" uname="evil"/>') }
    const { stderr } = await callAgent('pgsql', 'monitor', { params, env: MONITOR })
    expect(reasonAsPacemaker(stderr)).toContain('é')
    expect(reasonAsPacemaker(stderr)).not.toMatch(/["<>&]/)
  })
})

describe.each([
  ['pgsql', { pgdata: `/x${HOSTILE}` }],
  ['pgsql', { pgport: HOSTILE }],
  ['pgsql', { rep_mode: 'sync', node_list: `a ${HOSTILE}`, master_ip: HOSTILE }],
  ['IPaddr2', { ip: HOSTILE }],
  ['IPaddr2', { ip: '192.0.2.1', nic: HOSTILE }],
  ['ping', { host_list: HOSTILE }],
  ['ping', { host_list: '127.0.0.1', dampen: HOSTILE }],
] as [string, Readonly<Record<string, string>>][])('a parameter of %s: %j', (agent, params) => {
  test.each(['validate-all', 'monitor', 'status'])('%s', async (action) => {
    const env = { ...MONITOR, ...emptyCib(), OCF_RESOURCE_INSTANCE: 'x\x1b[31m\u202e' }
    expectReadable(await callAgent(agent, action, { params, env }))
  })
})

test("the action's name", async () => {
  expectReadable(await callAgent('ping', `${HOSTILE}\n${FORGED}`))
})

describe('by hand, in a terminal', () => {
  /** What the terminal is sent. */
  function inTerminal(...args: readonly string[]): string {
    const file = join(directory, 'by-hand')
    const words = [process.execPath, agentPath('pgsql'), ...args].map(
      (word) => `'${word.replaceAll("'", `'\\''`)}'`,
    )
    writeFileSync(file, `exec ${words.join(' ')}\n`)
    const env: NodeJS.ProcessEnv = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', TERM: 'xterm', ...emptyCib() }
    const { stdout } = spawnSync('script', ['-qec', `sh ${file}`, '/dev/null'], { encoding: 'utf8', env })
    return stdout.replaceAll('\r\n', '\n')
  }

  const set = (name: string, value: string): readonly string[] => ['--set', `${name}=${value}`]
  const known = (): readonly string[] =>
    Object.entries(server.params).flatMap(([name, value]) => set(name, value))

  test('its own colours are there, and those of others are not', () => {
    const explained = inTerminal('monitor', '--explain', ...known())
    // inspect's colours of texts and numbers.
    expect(explained).toMatch(/\x1b\[3[23]m.*\x1b\[39m/)
    expect(whatSteers(explained.replace(/\x1b\[\d+m/g, ''))).toBeUndefined()
    const failed = inTerminal('monitor', '--explain', ...known(), ...set('monitor_sql', raising(HOSTILE)))
    expect(failed).toContain('\\x1b[31mred')
    expect(whatSteers(failed)).toBeUndefined()
  })

  test('the trace', () => {
    const said = inTerminal('monitor', '--trace', ...known(), ...set('monitor_sql', raising(HOSTILE)))
    expect(said).toMatch(/^trace .*query/m)
    expect(whatSteers(said)).toBeUndefined()
  })
})
