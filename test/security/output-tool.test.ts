/** What logs, node attributes, exit reasons and names say steers no terminal of the operator's tool. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { escape, jsonForScript } from '../../cli/drill/report/escape'
import { PrivateMounts } from '../root/support/private-mounts'
import { HOSTILE, HOSTILE_NAME, whatSteers } from './support/readable'

jest.setTimeout(60_000)

const TOOL = join(__dirname, '../../dist/bin/ocf-ts')

const xml = (text: string): string =>
  text.replace(/[^ !#-%'-;=?-~]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0
    // XML 1.0 has no other control characters.
    return code < 0x20 && ![9, 10, 13].includes(code) ? ' ' : `&#${code};`
  })

/** The reason of a failed action; pacemaker's executor keeps no C0 character, and all others. */
const REASON = `${HOSTILE}\nforged: all is well`

let directory: string
let mounts: PrivateMounts
let env: NodeJS.ProcessEnv

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-output-tool-'))
  const cib = join(directory, 'cib.xml')
  const node = hostname()
  const empty = execFileSync('cibadmin', ['--empty'], { encoding: 'utf8' })
  const pair = (id: string, name: string, value: string): string =>
    `<nvpair id="${id}" name="${xml(name)}" value="${xml(value)}"/>`
  const operation = `<lrm_rsc_op id="pgsql_last_0" operation_key="pgsql_start_0" operation="start" crm-debug-origin="x" crm_feature_set="3.16.1" transition-key="5:1:0:00000000-0000-0000-0000-000000000000" transition-magic="0:1;5:1:0:00000000-0000-0000-0000-000000000000" exit-reason="${xml(REASON)}" on_node="${node}" call-id="5" rc-code="1" op-status="0" interval="0" last-rc-change="1700000000" exec-time="1" queue-time="0" op-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8"/>`
  writeFileSync(
    cib,
    empty
      .replace('<cib ', '<cib have-quorum="1" dc-uuid="1" ')
      .replace(
        '<nodes/>',
        `<nodes><node id="1" uname="${node}"/><node id="2" uname="${xml(HOSTILE_NAME)}"/></nodes>`,
      )
      .replace(
        '<resources/>',
        `<resources><clone id="cl"><meta_attributes id="m">${pair('m1', 'promotable', 'true')}</meta_attributes><primitive id="pgsql" class="ocf" provider="ts" type="pgsql"><instance_attributes id="p">${pair('p1', 'rep_mode', 'sync')}${pair('p2', 'node_list', `${node} n2`)}</instance_attributes></primitive></clone></resources>`,
      )
      .replace(
        '<status/>',
        `<status><node_state id="1" uname="${node}" in_ccm="true" crmd="online" join="member" expected="member"><transient_attributes id="1"><instance_attributes id="t">${pair('t1', 'pgsql-status', 'PRI')}${pair('t2', 'pgsql-refused', HOSTILE)}${pair('t3', 'pgsql-waiting', HOSTILE)}</instance_attributes></transient_attributes><lrm id="1"><lrm_resources><lrm_resource id="pgsql" type="pgsql" class="ocf" provider="ts">${operation}</lrm_resource></lrm_resources></lrm></node_state></status>`,
      ),
  )
  const logs = join(directory, 'log')
  mkdirSync(join(logs, 'pacemaker'), { recursive: true })
  mkdirSync(join(logs, 'postgresql'))
  const now = new Date(Date.now() - 60_000)
  const two = (number: number): string => String(number).padStart(2, '0')
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`
  const day = `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`
  const month = now.toLocaleString('en', { month: 'short' })
  writeFileSync(
    join(logs, 'pacemaker/pacemaker.log'),
    `${month} ${two(now.getDate())} ${time}.000 ${node} pacemaker-controld [1] (f) error: ${HOSTILE}\n` +
      `pgsql(pgsql\x1b[35m)[1]:\t${day.replaceAll('-', '/')}_${time} ERROR: ${HOSTILE} password=s3cret x\n`,
  )
  writeFileSync(join(logs, 'postgresql/a.log'), `${day} ${time}.000 UTC [1] ERROR:  ${HOSTILE}\n`)
  mounts = await PrivateMounts.create('mount --bind "$1" /var/log', logs)
  env = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    TERM: 'xterm',
    CIB_file: cib,
    OCF_TS_SSH: 'false',
  }
})
afterAll(() => {
  mounts.close()
  rmSync(directory, { recursive: true })
})

interface Said {
  readonly stdout: string
  readonly stderr: string
}

function run(...args: readonly string[]): Said {
  const [program = '', ...rest] = [...mounts.through, TOOL, ...args].map(String)
  const { stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8', env })
  return { stdout, stderr }
}

/** Both streams, as a terminal is sent them. */
function inTerminal(...args: readonly string[]): string {
  const file = join(directory, 'in-terminal')
  const words = [TOOL, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
  writeFileSync(file, `exec ${words.join(' ')}\n`)
  const [program = '', ...rest] = [...mounts.through, 'script', '-qec', `sh ${file}`, '/dev/null'].map(String)
  return spawnSync(program, rest, { encoding: 'utf8', env }).stdout.replaceAll('\r\n', '\n')
}

const withoutColours = (text: string): string => text.replace(/\x1b\[(?:[1239]|2[1-9]|3[1-69]|0)m/g, '')

describe.each([
  ['status', ['status'], '\\u202egpj'],
  ['logs', ['logs', '--since', '1h', '--all'], '\\x1b]0;title\\x07'],
  ['doctor', ['doctor', '--all'], ''],
  ['a command line that is wrong', ['status', HOSTILE], ''],
  ['a resource that is not there', ['debug', HOSTILE, 'monitor'], '\\x1b[31mred'],
  ['a file that is not there', ['configure', '--file', `/x${HOSTILE}`], '\\x1b[31mred'],
] as [string, readonly string[], string][])('%s', (_, args, shown) => {
  test('in a pipe', () => {
    const { stdout, stderr } = run(...args)
    expect(whatSteers(stdout)).toBeUndefined()
    expect(whatSteers(stderr)).toBeUndefined()
    expect(stdout + stderr).toContain(shown)
    expect(stdout + stderr).not.toMatch(/^forged/m)
    expect(stdout + stderr).not.toContain('s3cret')
  })

  test('in a terminal, where its own colours are', () => {
    const said = inTerminal(...args)
    expect(said).toContain(shown)
    expect(whatSteers(withoutColours(said))).toBeUndefined()
  })
})

test('status has colours in a terminal', () => {
  expect(inTerminal('status')).toMatch(/\x1b\[33m.*refused: .*\x1b\[39m/)
})

test.each([['status'], ['logs', '--since', '1h', '--all'], ['doctor']])(
  '%s --json: all of it, as escapes',
  (...args) => {
    const { stdout } = run(...args, '--json')
    expect(whatSteers(stdout)).toBeUndefined()
    expect(() => JSON.parse(stdout) as unknown).not.toThrow()
    expect(stdout).not.toContain('s3cret')
    if (args[0] === 'logs') expect(JSON.stringify(JSON.parse(stdout))).toContain('\u202egpj')
  },
)

test('metrics', () => {
  expect(whatSteers(run('metrics').stdout)).toBeUndefined()
})

test("the drill's report", () => {
  expect(whatSteers(escape(`${HOSTILE}\nx`))).toBeUndefined()
  expect(whatSteers(jsonForScript({ errors: { [HOSTILE]: 1 } }))).toBeUndefined()
  expect(escape('password=s3cret x')).toBe('password=*** x')
})
