/**
 * Every action and every parameter of every agent with values that nobody should write: no stack, no hang, no exit code
 * that OCF does not know, nothing that steers a terminal, and nothing written where nothing is to be written.
 *
 * FUZZ_SEED and FUZZ_CALLS for another run, and a longer one.
 */
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { agent as pgsql } from '../../agents/pgsql/agent'
import { agent as IPaddr2 } from '../../agents/IPaddr2/agent'
import { agent as ping } from '../../agents/ping/agent'
import { ExitCode } from '../../lib/ocf'
import { actionNames } from '../../lib/ocf/dispatch'
import { agentPath } from '../root/support/agent'
import { emptyCib } from '../root/support/cib'
import { removeTemplate, TestServer } from '../root/support/server'
import { Random } from './support/random'
import { directoriesOf, SealedRoot } from './support/sealed-root'
import { whatSteers } from './support/readable'

const SEED = Number(process.env['FUZZ_SEED'] ?? 20261130)
const CALLS = Number(process.env['FUZZ_CALLS'] ?? 450)
/** At the same time. */
const WORKERS = 3
/** What pacemaker gives an action, and after how long one hangs. */
const TIMEOUT_MS = 6000
const HANG_MS = 30_000

jest.setTimeout(Math.max(300_000, CALLS * 2000))

type Params = Readonly<Record<string, string>>

/** Bytes that are no UTF-8, as printf understands them. */
interface Bytes {
  readonly printf: string
}

/** @param directory - of the server's owner, with links and a pipe in it */
function hostileValues(directory: string): readonly (string | Bytes)[] {
  return [
    ...[
      '',
      ' ',
      '\t',
      '\n',
      'a\nb',
      '\r\n',
      '\r',
      '\x01',
      '\x7f',
      '\x1b]0;x\x07',
      '\x1b[2J',
      '\x9b2J',
      '\u202ex',
      '\u2028',
    ],
    ...[
      '0',
      '-1',
      '+1',
      '1.5',
      '1e309',
      '0x10',
      'NaN',
      'Infinity',
      '-INFINITY',
      '2147483648',
      '99999999999999999999',
      '٣',
    ],
    ...[
      'yes',
      'maybe',
      'null',
      'undefined',
      '__proto__',
      'constructor',
      'toString',
      '[]',
      '{}',
      '*',
      '?',
      '~',
      '%s%n%d',
    ],
    ...[
      "'",
      '"',
      '`',
      '\\',
      "it's",
      '"a',
      "'a",
      '$HOME',
      '$(touch /pwned)',
      '`touch /pwned`',
      '; touch /pwned',
      '| touch /pwned',
    ],
    ...[
      '&& touch /pwned',
      "'; touch /pwned; '",
      '"; touch /pwned; "',
      '\n touch /pwned',
      '-rf',
      '--help',
      '-',
      '--',
      '-o/pwned',
    ],
    ...[
      '.',
      '..',
      '../..',
      '../../../../../../etc/passwd',
      '/',
      '//',
      '/..',
      '/.',
      '/dev/full',
      '/dev/zero',
      '/dev/null/x',
    ],
    ...[
      '/proc/self/environ',
      '/proc/self/mem',
      '/etc/shadow',
      `${directory}/link`,
      `${directory}/link/x`,
      `${directory}/loop`,
    ],
    ...[
      `${directory}/pipe`,
      `${directory}/file`,
      `${directory}/file/x`,
      `${directory}/a/../b`,
      `${directory}/ends/`,
      `${directory}/a\nb`,
    ],
    ...[
      '0.0.0.0',
      '255.255.255.256',
      '1.2.3',
      '::',
      '[::1',
      'fe80::1',
      '::ffff:1.2.3.4',
      '192.0.2.3/33',
      'localhost',
      'a b c',
      'é',
      '备份 "x"',
    ],
    ...[
      'é"/><node_state id="x"/>',
      '<a>&amp;',
      ']]>',
      '<!--',
      'password=s3cret sslmode',
      "password='s3cret",
      'postgres://u:s3cret@h/d',
    ],
    ...[
      'select pg_sleep(100)',
      'select',
      ';',
      "do $$ begin raise exception E'\\x1b[2J\\u202e'; end $$",
      'drop database postgres',
    ],
    ...[
      'a'.repeat(100_000),
      ' '.repeat(100_000),
      'a '.repeat(40_000),
      '\n'.repeat(50_000),
      '9'.repeat(5000),
      '/x'.repeat(3000),
    ],
    ...[
      'password'.repeat(12_000),
      "password='".repeat(9000),
      '://a:'.repeat(15_000),
      '"'.repeat(60_000),
      '\\'.repeat(60_000),
    ],
    ...['\\377\\376', '\\303\\050', '\\355\\240\\200', 'a\\300\\257b', '/tmp/\\377'].map((printf) => ({
      printf,
    })),
  ]
}

/** What pacemaker and its users may do that is no parameter. */
const STRANGE_VARIABLES: readonly Params[] = [
  { OCF_RESOURCE_INSTANCE: '' },
  { OCF_RESOURCE_INSTANCE: 'a:b:c\x1b[2J' },
  { OCF_RESOURCE_INSTANCE: '../../x' },
  { OCF_RESKEY_CRM_meta_timeout: '-1' },
  { OCF_RESKEY_CRM_meta_timeout: 'x' },
  { OCF_RESKEY_CRM_meta_interval: '-5' },
  { OCF_RESKEY_CRM_meta_on_node: 'n\x1b[2J\u202e "x"' },
  { OCF_RESKEY_CRM_meta_notify_type: 'post', OCF_RESKEY_CRM_meta_notify_operation: 'promote' },
  { OCF_RESKEY_CRM_meta_notify_type: 'x', OCF_RESKEY_CRM_meta_clone_max: '-3' },
  { OCF_CHECK_LEVEL: '99999999999999999999' },
  { OCF_EXIT_REASON_PREFIX: '' },
  { HA_logfile: '/proc/self/mem' },
  { HA_debug: '1' },
  { OCF_RESKEY_crm_feature_set: 'x.y.z' },
]

interface Call {
  readonly agent: string
  readonly action: string
  readonly params: Readonly<Record<string, string | Bytes>>
  readonly env: Params
}

interface Ending {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
}

const AGENTS = { pgsql, IPaddr2, ping } as const

/** With each of these an agent can do its work. */
function baseOf(agent: keyof typeof AGENTS, server: TestServer, random: Random): Params {
  switch (agent) {
    case 'IPaddr2':
      return { ip: '192.0.2.10', nic: 'eth9', cidr_netmask: '24', arp_count: '1', arp_interval: '1' }
    case 'ping':
      return {
        host_list: '127.0.0.1',
        dampen: '0',
        attempts: '1',
        timeout: '1',
        pidfile: join(server.directory, 'ping'),
      }
    case 'pgsql':
      return {
        ...server.params,
        ...(random.below(2) === 0 && {
          rep_mode: random.pick(['async', 'sync', 'slave']),
          node_list: 'n1 n2',
          master_ip: '192.0.2.2',
        }),
        monitor_user: 'watcher',
        monitor_password: 'geh3imnis',
      }
  }
}

/** Calls in which each parameter, and each action, has its turn. */
function makeCalls(servers: readonly TestServer[], random: Random): readonly Call[][] {
  const targets = Object.entries(AGENTS).flatMap(([name, agent]) => {
    const actions = [...actionNames(agent as never), 'help', 'nonsense', '']
    // These read no parameter.
    const reading = actions.filter((name) => !/^(?:meta-data|methods|usage|help|nonsense|)$/.test(name))
    const parameters = Object.keys(agent.parameters)
    const turns = [
      ...parameters.map((parameter) => ({ parameter })),
      ...actions.map((action) => ({ action })),
    ]
    return turns.map((turn) => ({ name: name as keyof typeof AGENTS, reading, parameters, turn }))
  })
  const calls: Call[][] = servers.map(() => [])
  for (let number = 0; number < CALLS; number++) {
    const { name, reading, parameters, turn } = targets[number % targets.length] ?? random.pick(targets)
    const worker = number % servers.length
    const server = servers[worker]
    if (server === undefined) throw new Error('no server')
    const values = hostileValues(server.directory)
    const action = 'action' in turn ? turn.action : random.pick(reading)
    const chosen = [
      ...('parameter' in turn ? [turn.parameter] : []),
      ...Array.from({ length: random.below(3) }, () => random.pick(parameters)),
    ]
    const params: Record<string, string | Bytes> = { ...baseOf(name, server, random) }
    for (const parameter of chosen) params[parameter] = random.pick(values)
    // Pacemaker gives a variable no more, and so does the kernel.
    const env = {
      OCF_RESOURCE_INSTANCE: name,
      OCF_RESKEY_CRM_meta_on_node: 'n1',
      OCF_RESKEY_CRM_meta_timeout: String(TIMEOUT_MS),
      ...(random.below(2) === 0 && {
        OCF_RESKEY_CRM_meta_promoted_max: '1',
        OCF_RESKEY_CRM_meta_notify: 'true',
      }),
      ...(random.below(2) === 0 && { OCF_RESKEY_CRM_meta_interval: '10000' }),
      ...(random.below(3) === 0 && random.pick(STRANGE_VARIABLES)),
    }
    calls[worker]?.push({ agent: name, action, params, env })
  }
  return calls
}

let root: SealedRoot | undefined
let servers: TestServer[]
let cib: Params

beforeAll(async () => {
  servers = Array.from({ length: WORKERS }, () => TestServer.create())
  for (const { directory } of servers) {
    const asOwner = (...argv: string[]): void => {
      execFileSync('runuser', ['-u', 'postgres', '--', ...argv])
    }
    symlinkSync('/etc', join(directory, 'link'))
    symlinkSync('loop', join(directory, 'loop'))
    asOwner('mkfifo', join(directory, 'pipe'))
    asOwner('touch', join(directory, 'file'))
    mkdirSync(join(directory, 'rsctmp'))
  }
  cib = emptyCib()
  const shared = [
    ...servers.map(({ directory }) => directory),
    dirname(cib['CIB_file'] ?? ''),
    ...directoriesOf(process.execPath, agentPath('pgsql')),
  ]
  root = await SealedRoot.create([...new Set(shared)])
})
afterAll(() => {
  root?.close()
  for (const server of servers) server.destroy()
  removeTemplate()
})

/** Runs a call in there; a value that is no text is made by printf. */
function run({ agent, action, params, env }: Call, server: TestServer): Promise<Ending> {
  const texts = Object.entries(params).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
  const bytes = Object.entries(params).flatMap(([name, value]) =>
    typeof value === 'string' ? [] : [`export OCF_RESKEY_${name}=$(printf '${value.printf}')\n`],
  )
  const [program = '', ...args] = [
    ...(root?.through ?? []),
    ...[
      'bash',
      '--norc',
      '-c',
      `cd / && ${bytes.join('')}exec "$@"`,
      'call',
      process.execPath,
      agentPath(agent),
    ],
    ...(action === '' ? [] : [action]),
  ]
  const variables = {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    OCF_ROOT: '/usr/lib/ocf',
    HA_RSCTMP: join(server.directory, 'rsctmp'),
    ...cib,
    ...Object.fromEntries(texts.map(([name, value]) => [`OCF_RESKEY_${name}`, value])),
    ...env,
  }
  const begun = performance.now()
  return new Promise((resolve) => {
    const options = { env: variables, timeout: HANG_MS, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 } as const
    const child = execFile(program, args, options, (_, stdout, stderr) => {
      resolve({
        code: child.exitCode,
        signal: child.signalCode,
        stdout,
        stderr,
        ms: performance.now() - begun,
      })
    })
  })
}

const STACK =
  /\bat (?:[\w.<>]+ \()?(?:file:|node:|\/)\S+:\d+:\d+|Unhandled|node:internal|FATAL ERROR|JavaScript heap/

/** What is wrong with how a call ended. */
function wrongWith({ code, signal, stdout, stderr, ms }: Ending): readonly string[] {
  const said = stdout + stderr
  const steers = whatSteers(said)
  return [
    ...(signal === null && Object.values(ExitCode).includes(code as ExitCode)
      ? []
      : [`exit code ${code} ${signal}`]),
    ...(ms > HANG_MS - 1000 ? [`it hung: ${Math.round(ms)} ms`] : []),
    ...(STACK.test(said) ? [`a stack: ${STACK.exec(said)?.[0]}: ${stderr.slice(0, 1500)}`] : []),
    ...(steers === undefined ? [] : [`it steers a terminal: ${steers}`]),
    ...(/geh3imnis|s3cret/.test(said) ? [`it tells a password: ${said.slice(0, 1500)}`] : []),
  ]
}

const short = (value: string | Bytes): string => {
  const text = JSON.stringify(value)
  return text.length > 120 ? `${text.slice(0, 100)}… (${text.length})` : text
}

/** The server of a worker as it was: stopped, with its data. */
async function putBack(server: TestServer): Promise<void> {
  const call = {
    agent: 'pgsql',
    action: 'stop',
    params: server.params,
    env: { OCF_RESOURCE_INSTANCE: 'pgsql' },
  }
  await run(call, server)
}

test('hostile calls', async () => {
  const random = new Random(SEED)
  const all = makeCalls(servers, random)
  const failures: string[] = []
  const slowest: { ms: number; what: string }[] = []
  await Promise.all(
    all.map(async (calls, worker) => {
      const server = servers[worker]
      if (server === undefined) return
      for (const [number, call] of calls.entries()) {
        const ending = await run(call, server)
        const { agent, action, params, env } = call
        const what = `call ${number} of worker ${worker}: ${agent} '${action}' ${Object.entries(params)
          .map(([name, value]) => `${name}=${short(value)}`)
          .join(' ')} ${JSON.stringify(env)}`
        failures.push(...wrongWith(ending).map((wrong) => `${wrong}\n    ${what}`))
        slowest.push({ ms: Math.round(ending.ms), what })
        if (agent === 'pgsql' && action === 'start') await putBack(server)
      }
    }),
  )
  if (process.env['FUZZ_TELL'] !== undefined) {
    const told = slowest.sort((a, b) => b.ms - a.ms).slice(0, 15)
    process.stderr.write(`${told.map(({ ms, what }) => `${ms} ms  ${what}`).join('\n')}\n`)
  }
  expect(failures).toEqual([])
})

test('nothing was written outside', () => {
  if (root === undefined) throw new Error('there is no root')
  const changed = (): readonly string[] =>
    // The default of tmpdir, for a value that is empty; and what send_arp, a program of resource-agents, writes by itself.
    (root?.changed() ?? []).filter(
      (path) => !/^\/var\/lib\/pgsql\b|^\/run\/resource-agents(?:\/send_arp-\S+)? /.test(path),
    )
  expect(changed()).toEqual([])
  const [program, ...args] = [...root.through, 'touch', '/etc/changed'] as const
  execFileSync(program, args)
  expect(changed()).toContainEqual(expect.stringMatching(/^\/etc\/changed /))
})
