/** `ocf-ts configure` with the real crmsh, pcs and crm_verify, on files. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { readPlanFile } from '../../cli/configure/plan-file'
import { type PrivateMounts } from './support/private-mounts'
import { withInstalledAgents } from './support/installed-agents'
import { semanticsOf } from './support/semantics'
import { PG_BIN, PG_MAJOR } from './support/server'

jest.setTimeout(180_000)

const TOOL = resolve(__dirname, '../../dist/bin/ocf-ts')
const directory = mkdtempSync(join(tmpdir(), 'ocf-ts-test-'))
const PLAN = `
nodes: [node1, node2, node3]
writer: 192.168.100.163/24,eth0
replication: {ip: 192.168.2.3, netmask: 255.255.255.0, nic: eth2}
reader: 2001:db8::164/64,eth0
ping: 192.168.100.1 192.168.100.2
pgsql:
  pgctl: ${PG_BIN}/pg_ctl
  pgdata: /var/lib/postgresql/${PG_MAJOR}/main
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

const parse = (file: string) => readPlanFile(readFileSync(file, 'utf8'), file)

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

/** Somebody at a terminal: waits for each question, and answers it. */
async function converse(args: readonly string[], answers: readonly (readonly [RegExp, string])[]) {
  const command = [process.execPath, TOOL, 'configure', ...args].join(' ')
  const terminal = ['script', '--quiet', '--return', '--command', command, '/dev/null']
  const [nsenter = '', ...through] = machine.through
  const child = spawn(nsenter, [...through, ...terminal], {
    env: { PATH: process.env['PATH'], HOME: directory, LC_ALL: 'C.UTF-8', TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let [all, unread, next] = ['', '', 0]
  const deadline = setTimeout(() => child.kill('SIGKILL'), 30_000)
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    all += text
    unread += text.replace(/\x1b\[[\d;?]*[A-Za-z]/g, '')
    const expected = answers[next]
    if (expected?.[0].test(unread) !== true) return
    next += 1
    unread = ''
    child.stdin.write(expected[1])
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  clearTimeout(deadline)
  return { code, all, asked: next }
}

describe('in a terminal', () => {
  const ENTER = '\r'
  const DOWN = '\x1b[B'
  const CLEAR = '\x15'

  test('it asks, and makes of the answers what options make of them', async () => {
    const [asked, told, saved] = ['asked.crm', 'told.crm', 'asked.yaml'].map((name) =>
      join(directory, name),
    ) as [string, string, string]
    const answers: readonly (readonly [RegExp, string])[] = [
      [/nodes: /, `node1 node2${ENTER}`],
      [/pgctl: /, ENTER],
      [/writer: /, `192.168.100.163${ENTER}`],
      [/replication: /, `192.168.2.3 24${ENTER}`],
      // It is said what is wrong, and asked again.
      [/ADDRESS\/PREFIX,INTERFACE such as/, `${CLEAR}192.168.2.3/24,eth2${ENTER}`],
      [/reader: /, ENTER],
      [/rep_mode: /, DOWN + ENTER],
      [/max_lag: /, `16MB${ENTER}`],
      [/fencing: two nodes that do not see each other/, DOWN + ENTER],
      [/ping: /, `192.168.100.1${ENTER}`],
      [/rejoin: /, DOWN + ENTER],
    ]
    // Not the machine's own.
    const data = ['--pgdata', `/var/lib/postgresql/${PG_MAJOR}/none`]
    const talk = await converse([...data, '--format', 'crm', '--output', asked, '--save', saved], answers)
    expect(talk).toMatchObject({ code: 0, asked: answers.length })
    expect(talk.all).toContain('sync: the primary waits for a standby')
    expect(talk.all).not.toContain('sync_policy=strict')

    const plain = configure(
      ...['--nodes', 'node1 node2', '--writer', '192.168.100.163', '--replication', '192.168.2.3/24,eth2'],
      ...[
        '--rep-mode',
        'async',
        '--max-lag',
        '16MB',
        '--fencing',
        'qdevice',
        '--ping',
        '192.168.100.1',
        '--rejoin',
        'rewind',
      ],
      ...['--pgctl', parse(saved).pgsql['pgctl'] ?? '', ...data],
      ...['--format', 'crm', '--output', told],
    )
    expect({ code: plain.code, stdout: plain.stdout }).toEqual({ code: 0, stdout: '' })
    expect(readFileSync(asked, 'utf8')).toBe(readFileSync(told, 'utf8'))
  })

  test('Ctrl-C changes nothing; what was said is not asked', async () => {
    const output = join(directory, 'interrupted.crm')
    const talk = await converse(
      ['--file', plan, '--pgdata', '/none', '--writer', '""', '--output', output],
      [[/writer: /, '\x03']],
    )
    expect(talk).toMatchObject({ code: 3, asked: 1 })
    expect(talk.all).not.toContain('nodes: ')
    expect(talk.all).toContain('nothing was changed')
    expect(existsSync(output)).toBe(false)
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
      expect.stringMatching(/^ {2}\(this node has .*\/usr\/lib\/postgresql\/\d+\/bin\/pg_ctl/),
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
