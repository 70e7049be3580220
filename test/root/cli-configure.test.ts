/** `ocf-ts configure` with the real crmsh, pcs and crm_verify, on files. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { type PrivateMounts } from './support/private-mounts'
import { withInstalledAgents } from './support/installed-agents'
import { semanticsOf } from './support/semantics'

jest.setTimeout(90_000)

const TOOL = resolve(__dirname, '../../dist/bin/ocf-ts')
const directory = mkdtempSync(join(tmpdir(), 'ocf-ts-test-'))
const PLAN = `
nodes: [node1, node2, node3]
writer: 192.168.100.163/24,eth0
replication: {ip: 192.168.2.3, netmask: 255.255.255.0, nic: eth2}
reader: 2001:db8::164/64,eth0
ping: 192.168.100.1 192.168.100.2
pgsql:
  pgctl: /usr/lib/postgresql/15/bin/pg_ctl
  pgdata: /var/lib/postgresql/15/main
  rejoin: rewind
  sync_method: quorum
  restore_command: |-
    cp "/archive/a b"/'%f' %p && echo \\$x = #y
  monitor_sql: select 'a\\b' as "c"
`
const plan = join(directory, 'plan.yaml')
let machine: PrivateMounts

beforeAll(async () => {
  writeFileSync(plan, PLAN)
  machine = await withInstalledAgents()
})
afterAll(() => {
  machine.close()
  rmSync(directory, { recursive: true, force: true })
})

function run(argv: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const [program = '', ...args] = [...machine.through, 'env', '-C', directory, ...argv]
  const { status, stdout, stderr } = spawnSync(program, args, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: directory, LC_ALL: 'C.UTF-8', TERM: 'dumb', ...env },
  })
  return { code: status, stdout, stderr }
}

const configure = (...args: string[]) => run([process.execPath, TOOL, 'configure', ...args])

function emptyCib(name: string): string {
  const cib = join(directory, name)
  writeFileSync(
    cib,
    execFileSync('cibadmin', ['--empty'], { encoding: 'utf8' }).replace('<cib ', '<cib have-quorum="1" '),
  )
  return cib
}

/** What the operator makes of crmsh's text, by hand. */
function loadedByCrm(text: string): string {
  const cib = emptyCib('crm.xml')
  const file = join(directory, 'pgsql.crm')
  writeFileSync(file, text)
  const { code, stdout, stderr } = run(['crm', '-F', 'configure', 'load', 'update', file], { CIB_file: cib })
  expect({ code, errors: (stdout + stderr).match(/ERROR.*/g) }).toEqual({ code: 0, errors: null })
  return readFileSync(cib, 'utf8')
}

/** What becomes of the script, run by a shell: only fetching from a cluster, and pushing to it, are left out. */
function loadedByPcs(text: string): string {
  const cib = emptyCib('pgsql.cib.xml')
  const file = join(directory, 'pgsql.sh')
  writeFileSync(file, text.replace(/^(?:pcs cluster|cp) .*$/gm, ''))
  const { code, stderr } = run(['sh', '-e', file])
  expect({ code, errors: stderr.match(/Error.*/g) }).toEqual({ code: 0, errors: null })
  return readFileSync(cib, 'utf8')
}

describe('crmsh and pcs', () => {
  test('make the same configuration, with whatever is in a value', () => {
    const asCrm = configure('--file', plan, '--format', 'crm')
    expect(asCrm.code).toBe(0)
    expect(asCrm.stderr).toContain('checked: the meta-data of the agents, crm, crm_verify\n')
    const asPcs = configure('--file', plan, '--format', 'pcs')
    expect(asPcs.code).toBe(0)
    expect(asPcs.stderr).toContain('checked: the meta-data of the agents, pcs, crm_verify\n')

    const [crm, pcs] = [semanticsOf(loadedByCrm(asCrm.stdout)), semanticsOf(loadedByPcs(asPcs.stdout))]
    expect(pcs).toEqual(crm)
    expect(crm).toMatchObject({
      properties: { 'no-quorum-policy': 'stop', 'stonith-enabled': 'false' },
      defaults: { 'resource-stickiness': 'INFINITY', 'migration-threshold': '1' },
      resources: {
        msPostgresql: {
          kind: 'clone',
          meta: {
            promotable: 'true',
            'promoted-max': '1',
            'clone-max': '3',
            notify: 'true',
            'failure-timeout': '50s',
          },
          children: [
            {
              id: 'pgsql',
              provider: 'ts',
              parameters: {
                restore_command: `cp "/archive/a b"/'%f' %p && echo \\$x = #y`,
                monitor_sql: `select 'a\\b' as "c"`,
                node_list: 'node1 node2 node3',
              },
            },
          ],
        },
        'master-group': { children: [{ id: 'vip-master' }, { id: 'vip-rep' }] },
        'vip-slave': { parameters: { ip: '2001:db8::164', cidr_netmask: '64', nic: 'eth0' } },
      },
      constraints: {
        'addresses-with-primary': { score: 'INFINITY', withRole: 'Promoted' },
        'demote-before-addresses-stop': { first: ['msPostgresql', 'demote'], then: ['master-group', 'stop'] },
      },
    })
  })
})

describe('the command', () => {
  test('--output, --save and back, --json; flags come before the file', () => {
    const [output, saved] = [join(directory, 'out.crm'), join(directory, 'saved.yaml')]
    const first = configure('--file', plan, '--format', 'crm', '--output', output, '--save', saved)
    expect(first).toMatchObject({ code: 0, stdout: '' })
    expect(statSync(output).mode & 0o777).toBe(0o600)
    const again = configure('--file', saved, '--format', 'crm', '--json')
    const { text, format } = JSON.parse(again.stdout) as { text: string; format: string }
    expect({ text, format }).toEqual({ text: readFileSync(output, 'utf8'), format: 'crm' })
    const other = configure(
      '--file',
      saved,
      '--format',
      'crm',
      '--stop-escalate',
      '50',
      '--pgsql',
      'pgport=5433',
    )
    expect(other.stdout).toContain('stop_escalate="50"')
    expect(other.stdout).toContain('pgport="5433"')
    expect(other.stdout).toContain('op stop timeout="80s"')
  })

  test('no fencing with two nodes is said, and what there is instead', () => {
    const { stderr } = configure(
      '--file',
      plan,
      '--nodes',
      'a b',
      '--format',
      'crm',
      '--pgsql',
      'sync_method=first',
    )
    expect(stderr).toMatch(/^warning: two nodes and no fencing: /m)
    for (const offer of ['fencing=stonith', 'fencing=qdevice', 'sync_policy=strict'])
      expect(stderr).toContain(offer)
  })

  test('every wrong answer is told; nothing is written', () => {
    const output = join(directory, 'none.crm')
    const { code, stdout, stderr } = configure('--nodes', 'node1', '--writer', '1.2.3', '--output', output)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr.split('\n')).toEqual([
      "  - nodes: 'node1' is one node: replication needs two or more, name them all",
      '  - pgctl: is not set: the path of pg_ctl',
      '  - pgdata: is not set: the data directory',
      "  - writer: ip: '1.2.3' is not allowed; set ip to an address such as 192.168.1.1 or 2001:db8::1",
      'ocf-ts: 4 answers are not right (see above)',
      expect.stringMatching(/^ {2}do: /),
      '',
    ])
    expect(existsSync(output)).toBe(false)
  })

  test.each([
    [['--file', '/none.yaml'], /^ocf-ts: --file: ENOENT/],
    [['--file', 'plan.yaml', '--pgsql', 'x'], /^ocf-ts: --pgsql: 'x' is not NAME=VALUE$/m],
    [['--file', 'plan.yaml', '--format', 'xml'], /Allowed choices are crm, pcs/],
  ])('%j', (args, reason) => {
    const { code, stderr } = configure(...args)
    expect(code).toBe(2)
    expect(stderr).toMatch(reason)
  })

  test('without a cluster nothing is loaded', () => {
    const { code, stderr } = configure('--file', plan, '--format', 'crm', '--apply')
    expect(code).toBe(4)
    expect(stderr).toContain('ocf-ts: pacemaker does not answer on this node')
  })
})
