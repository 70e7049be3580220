/** What the tool reads of a configuration is what pacemaker means by it: compared with pacemaker's own tools. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { resourceEnvironmentFrom } from '../../lib/cluster/resource-environment'
import { wellFormed } from '../../lib/cluster/cib-text'

const TOOL = join(__dirname, '../../dist/bin/ocf-ts')

const directory = mkdtempSync(join(tmpdir(), 'ocf-ts-cib-text-'))
afterAll(() => {
  rmSync(directory, { recursive: true })
})

/** Values of parameters by what is special about them; pacemaker writes line breaks and tabs in ASCII in its own way. */
const VALUES: Readonly<Record<string, string>> = {
  restore_command: 'cp "/备份/%f" "%p"',
  quotes: `é'"`,
  blanks: '  pw  ',
  'blanks-beyond': '  密  ',
  entity: 'é &quot" &',
  ascii: `a"b<c>d&e'f &amp;`,
  attribute: 'é" x="1',
  'own-attribute': 'é" id="b" name="c" value="d',
  element: 'é"/><nvpair id="b" name="c" value="d',
  closing: 'é"/></instance_attributes></primitive><primitive id="evil" class="ocf" provider="ts" type="pgsql',
  emoji: '\u{1f600}"\u{1f600}',
  control: 'a\u0085b\u007f"c',
  bidi: '\u202e"gpj',
  combining: 'e\u0301"',
}

const escape = (text: string): string =>
  text.replace(/[&<>"]/g, (found) => `&#${String(found.charCodeAt(0))};`)

/** The configuration in a file, with the attributes of an nvpair in that order. */
function configuration(order: readonly ('id' | 'name' | 'value')[]): string {
  const pairs = Object.entries(VALUES).map(([name, value]) => {
    const attributes = { id: `i-${name}`, name, value: escape(value) }
    return `<nvpair ${order.map((one) => `${one}="${attributes[one]}"`).join(' ')}/>`
  })
  const file = join(directory, `${order.join('-')}.xml`)
  const empty = execFileSync('cibadmin', ['--empty'], { encoding: 'utf8' })
  const primitive = `<primitive id="pgsql" class="ocf" provider="ts" type="pgsql"><instance_attributes id="set">${pairs.join('')}</instance_attributes></primitive>`
  writeFileSync(file, empty.replace('<resources/>', `<resources>${primitive}</resources>`))
  return file
}

const run = (file: string, program: string, ...args: string[]): string =>
  execFileSync(program, args, { encoding: 'utf8', env: { ...process.env, CIB_file: file } })

const ORDERS: readonly [readonly ('id' | 'name' | 'value')[]][] = [
  [['id', 'name', 'value']],
  [['name', 'value', 'id']],
  [['value', 'name', 'id']],
]

describe.each(ORDERS)('with attributes in the order %j', (order) => {
  const file = configuration(order)
  const xml = run(file, 'cibadmin', '--query')

  test('every value is read as it is', () => {
    const environment = resourceEnvironmentFrom(xml, 'pgsql')
    for (const [name, value] of Object.entries(VALUES)) {
      expect([name, environment[`OCF_RESKEY_${name}`]]).toEqual([name, value])
    }
  })

  test("pacemaker's own tool says the same", () => {
    for (const [name, value] of Object.entries(VALUES)) {
      const said = run(file, 'crm_resource', '--resource', 'pgsql', '--get-parameter', name)
      expect([name, said]).toEqual([name, `${value}\n`])
    }
  })

  test('and takes what the tool makes of it for the same configuration', () => {
    const repaired = join(directory, `repaired-${order.join('-')}.xml`)
    writeFileSync(repaired, wellFormed(xml))
    expect(run(repaired, 'cibadmin', '--query')).toBe(xml)
  })
})

test('configure refuses a value that this pacemaker would cut', () => {
  const answers = {
    nodes: 'n1 n2',
    writer: '192.0.2.1/24,eth0',
    pgctl: '/usr/lib/postgresql/15/bin/pg_ctl',
    pgdata: '/var/lib/postgresql/15/main',
    'restore-command': 'cp "/备份/%f" "%p"',
  }
  const options = Object.entries(answers).flatMap(([name, value]) => [`--${name}`, value])
  const { status, stdout, stderr } = spawnSync(TOOL, ['configure', '--format', 'crm', ...options], {
    encoding: 'utf8',
  })
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(/restore_command: pacemaker 2\.1\.5 cuts a value at the first "/)
})
