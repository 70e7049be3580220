/**
 * `ocf-ts configure` with the crmsh, pcs and pacemaker of each system, on files: no cluster runs.
 *
 * @systems debian12 debian13
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { readmeBlock } from '../../unit/support/readme-blocks'
import { semanticsOf } from '../../root/support/semantics'
import { Lab, type LabNode } from '../lab'

const MINUTE = 60_000
const DIRECTORY = '/run/root'
const PLAN = `${DIRECTORY}/plan.yaml`

jest.setTimeout(5 * MINUTE)

let lab: Lab
let node: LabNode

beforeAll(async () => {
  lab = await Lab.create({ nodes: ['node1'], tool: true })
  node = lab.node('node1')
  await node.initdb()
  await node.writeFile(
    PLAN,
    `
nodes: [node1, node2, node3]
writer: 192.168.100.163/24,eth0
replication: {ip: 192.168.2.3, netmask: 255.255.255.0, nic: eth2}
reader: 2001:db8::164/64,eth0
ping: 192.168.100.1 192.168.100.2
pgsql:
  pgctl: ${node.pgBin}/pg_ctl
  pgdata: ${node.pgData}
  rejoin: rewind
  restore_command: |-
    cp "/archive/a b"/'%f' %p && echo \\$x = #y
`,
  )
}, MINUTE)

afterAll(() => lab.destroy(), MINUTE)

/** What these programs say of every configuration without fencing, and of every default for resources. */
const NO_NEWS = /Blind faith: not fencing unseen nodes|Defaults do not apply to resources which override/

/** Every warning, of whatever kind. */
const warningsIn = (text: string): readonly string[] =>
  text
    .replace(/\x1b\[[\d;]*m/g, '')
    .split('\n')
    .filter((line) => /warn|error|deprecat/i.test(line) && !NO_NEWS.test(line))

/** Runs a script of the shell on the node, beside an empty CIB (with a device, where fencing is on). */
async function load(script: string, fenced: boolean): Promise<{ warnings: readonly string[]; cib: string }> {
  const empty = (await node.must(['cibadmin', '--empty'])).replace('<cib ', '<cib have-quorum="1" ')
  const device = '<resources><primitive id="fence" class="stonith" type="fence_dummy"/></resources>'
  const cib = `${DIRECTORY}/pgsql.cib.xml`
  await node.writeFile(cib, fenced ? empty.replace('<resources/>', device) : empty)
  const { code, stdout, stderr } = await node.run(['sh', '-c', `cd ${DIRECTORY}; ${script}`], {
    timeoutMs: 4 * MINUTE,
  })
  const verified = await node.run(['crm_verify', '--verbose', '--xml-file', cib])
  expect({ code, stderr: code === 0 ? '' : stderr, verified: verified.code }).toEqual({
    ...{ code: 0, stderr: '', verified: 0 },
  })
  return {
    warnings: warningsIn(stdout + stderr + verified.stdout + verified.stderr),
    cib: await node.must(['cat', cib]),
  }
}

const loadCrm = async (text: string): Promise<{ warnings: readonly string[]; cib: string }> => {
  await node.writeFile(`${DIRECTORY}/pgsql.crm`, text)
  return load('CIB_file=pgsql.cib.xml crm -F configure load update pgsql.crm', false)
}

test.each(['none', 'stonith'])(
  'with fencing=%s: what it writes is loaded without a warning, and means the same to both',
  async (fencing) => {
    const texts: string[] = []
    for (const format of ['crm', 'pcs']) {
      const args = ['--file', PLAN, '--fencing', fencing, '--format', format]
      const { code, stdout, stderr } = await node.run(['ocf-ts', 'configure', ...args], {
        timeoutMs: 2 * MINUTE,
      })
      const said = stderr.split('\n').filter((line) => !line.startsWith('  - '))
      expect({ code, said: said.filter((line) => !line.startsWith('warning: no fencing: ')) }).toEqual({
        code: 0,
        said: [`checked: the meta-data of the agents, ${format}, crm_verify`, ''],
      })
      texts.push(stdout)
    }
    const [crmText = '', pcsText = ''] = texts
    // Only fetching from a cluster, and pushing to it, are left out.
    await node.writeFile(`${DIRECTORY}/pgsql.sh`, pcsText.replace(/^(?:pcs cluster|cp) .*$/gm, ''))
    const pcs = await load('sh -e pgsql.sh', fencing === 'stonith')
    expect(pcs.warnings).toEqual([])
    if (fencing === 'stonith') {
      expect(pcs.cib).toMatch(/name="stop"[^>]* on-fail="fence"|on-fail="fence"[^>]* name="stop"/)
      return
    }
    const crm = await loadCrm(crmText)
    expect(crm.warnings).toEqual([])
    expect(semanticsOf(pcs.cib)).toEqual(semanticsOf(crm.cib))
  },
)

test('what pcs has the agent say of this node is a warning, and no refusal', async () => {
  const args = ['--file', PLAN, '--format', 'pcs', '--pgdata', '/var/lib/postgresql/none']
  const { code, stderr } = await node.run(['ocf-ts', 'configure', ...args], { timeoutMs: 2 * MINUTE })
  expect(code).toBe(0)
  const said = /^.*on this node: .*$/m.exec(stderr)?.[0]
  if (lab.system.name === 'debian12') expect(said).toBeUndefined()
  else expect(said).toMatch(/WARNING: on this node: pgdata: \/var\/lib\/postgresql\/none /)
})

test('the configuration of README is loaded without a warning', async () => {
  const { warnings, cib } = await loadCrm(readmeBlock('configure-1/3'))
  expect(warnings).toEqual([])
  expect(cib).toContain('name="promotable" value="true"')
  expect(cib).not.toMatch(/<master |role="Master"/)
})
