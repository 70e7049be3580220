/** What administrators configure the agents with, and what it makes of them: crmsh, pcs, crm_resource, ocf-tester. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { XMLParser } from 'fast-xml-parser'
import { ADDRESS, everyParameter, type EveryParameter, NAMESPACE, prepareNode } from './every-parameter'
import { type CommandResult, Lab, type LabNode } from './lab'

const MINUTE = 60_000
const NAMES = ['IPaddr2', 'pgsql', 'ping'] as const
type Name = (typeof NAMES)[number]

let lab: Lab
let node: LabNode
let agents: Readonly<Record<Name, EveryParameter>>

beforeAll(async () => {
  lab = await Lab.create({ nodes: ['node1'] })
  node = lab.node('node1')
  agents = everyParameter(node)
  await lab.boot()
  await prepareNode(node)
}, 2 * MINUTE)

afterAll(async () => {
  await lab.destroy()
}, MINUTE)

interface Described {
  readonly name: string
  readonly required: boolean
  readonly group: string | undefined
  readonly type: string
  readonly default: string
  readonly shortdesc: string
  readonly longdesc: string
}

interface Operation {
  readonly name: string
  readonly timeout: string
  readonly interval?: string
  readonly depth?: string
  readonly role?: string
}

/** What an agent's committed meta-data says; a unit test holds it against the definition. */
function metadataOf(name: Name): {
  readonly parameters: readonly Described[]
  readonly actions: readonly Operation[]
} {
  type Text = Readonly<Record<'#text', string>>
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    htmlEntities: true,
    isArray: (tag) => ['parameter', 'action'].includes(tag),
  })
  const { 'resource-agent': agent } = parser.parse(metadataText(name)) as {
    'resource-agent': {
      parameters: {
        parameter: {
          name: string
          required: string
          'unique-group'?: string
          content: { type: string; default?: string }
          shortdesc: Text
          longdesc: Text
        }[]
      }
      actions: { action: Operation[] }
    }
  }
  return {
    parameters: agent.parameters.parameter.map((parameter) => ({
      name: parameter.name,
      required: parameter.required === '1',
      group: parameter['unique-group'],
      type: parameter.content.type,
      default: parameter.content.default ?? '',
      shortdesc: parameter.shortdesc['#text'],
      longdesc: parameter.longdesc['#text'],
    })),
    actions: agent.actions.action,
  }
}

const metadataText = (name: Name): string =>
  readFileSync(join(__dirname, '../../metadata', `${name}.xml`), 'utf8')

/** The actions that the tools show; crmsh and pcs leave the other two out. */
const operationsOf = (name: Name): readonly Operation[] =>
  metadataOf(name).actions.filter(({ name: action }) => !['meta-data', 'validate-all'].includes(action))

/** What stands between two texts; without the second, all that follows the first. */
function section(output: string, from: string, to = ''): string {
  const begin = output.indexOf(from)
  const end = to === '' ? -1 : output.indexOf(to, begin)
  if (begin < 0 || (to !== '' && end < 0)) throw new Error(`no '${from}' to '${to}' in:\n${output}`)
  return output.slice(begin + from.length, end < 0 ? undefined : end)
}

/** A program's output without what pacemaker 2.1.5 always says when stonith-enabled is false, and without colours. */
const said = ({ stdout, stderr }: CommandResult): string =>
  (stdout + stderr)
    .replace(/\x1b\[\d*m/g, '')
    .split('\n')
    .filter((line) => line !== '' && !line.includes('Blind faith: not fencing unseen nodes'))
    .join('\n')

/** The parameters of a resource, and its operations, as they are in the CIB. */
async function configured(id: string): Promise<{
  readonly params: Readonly<Record<string, string>>
  readonly operations: readonly string[]
}> {
  const xml = await node.must(['cibadmin', '--query', '--xpath', `//primitive[@id='${id}']`])
  const { primitive } = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseAttributeValue: false,
    isArray: (tag) => ['nvpair', 'op', 'operations'].includes(tag),
  }).parse(xml) as {
    primitive: {
      instance_attributes: { nvpair: { name: string; value: string }[] }
      operations: { op: { name: string }[] }[]
    }
  }
  return {
    params: Object.fromEntries(primitive.instance_attributes.nvpair.map(({ name, value }) => [name, value])),
    operations: primitive.operations.flatMap(({ op }) => op.map(({ name }) => name)).sort(),
  }
}

describe.each(NAMES)('what the tools show of %s', (name) => {
  test(
    'crm_resource --show-metadata: what was committed',
    async () => {
      expect(await node.run(['crm_resource', '--show-metadata', `ocf:ts:${name}`])).toMatchObject({
        code: 0,
        stdout: metadataText(name),
        stderr: '',
      })
    },
    MINUTE,
  )

  test(
    'crm ra info: every parameter with its default, and the advised timeouts',
    async () => {
      const { code, stdout, stderr } = await node.run(['crm', 'ra', 'info', `ocf:ts:${name}`])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const { parameters } = metadataOf(name)
      expect(parameters.map((one) => one.name)).toEqual(Object.keys(agents[name].agent.parameters))
      expect(
        section(stdout, 'default):\n\n', "\n\nOperations' defaults (advisory minimum):").split('\n\n'),
      ).toEqual(
        parameters.map((one) => {
          const kind = one.default === '' ? one.type : `${one.type}, [${one.default}]`
          return `${one.name}${one.required ? '*' : ''} (${kind}): ${one.shortdesc}\n    ${one.longdesc}`
        }),
      )
      const operations = section(stdout, "Operations' defaults (advisory minimum):\n\n")
      expect(
        operations
          .trimEnd()
          .split('\n')
          .map((line) => line.trim().split(/\s+/).sort()),
      ).toEqual(
        operationsOf(name).map(({ name: action, ...rest }) =>
          [action, ...Object.entries(rest).map(([key, value]) => `${key}=${value}`)].sort(),
        ),
      )
    },
    MINUTE,
  )

  test(
    'pcs resource describe: every parameter',
    async () => {
      const { code, stdout, stderr } = await node.run(['pcs', 'resource', 'describe', `ocf:ts:${name}`])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(
        section(stdout, 'Resource options:\n', '\n\nDefault operations:')
          .split('\n')
          .map((line) => line.trim()),
      ).toEqual(
        metadataOf(name).parameters.map((one) => {
          const notes = [
            ...(one.required ? ['required'] : []),
            ...(one.group === undefined ? [] : [`unique group: ${one.group}`]),
          ]
          return `${one.name}${notes.map((note) => ` (${note})`).join('')}: ${one.longdesc}`
        }),
      )
      expect(
        section(stdout, 'Default operations:\n')
          .split('\n')
          .filter((line) => /^ {2}\w/.test(line)),
      ).toEqual(
        // A `status` is what other cluster managers call.
        operationsOf(name).flatMap(({ name: action }) => (action === 'status' ? [] : [`  ${action}:`])),
      )
    },
    MINUTE,
  )
})

test(
  'the agents are listed: crm ra list, pcs resource list',
  async () => {
    expect((await node.must(['crm', 'ra', 'list', 'ocf', 'ts'])).split(/\s+/).filter(Boolean).sort()).toEqual(
      [...NAMES],
    )
    const listed = await node.must(['pcs', 'resource', 'list', 'ocf:ts'])
    expect(listed.trimEnd().split('\n')).toEqual(
      NAMES.map((name) => `ocf:ts:${name} - ${agents[name].agent.shortdesc}`),
    )
  },
  MINUTE,
)

test.each(NAMES)('%s: this test has a value for every parameter', (name) => {
  const { agent, values } = agents[name]
  expect(Object.keys(values).sort()).toEqual(Object.keys(agent.parameters).sort())
})

/** A resource in crmsh's words, disabled, with the timeouts that its agent advises. */
function primitive(id: string, name: Name, params: Readonly<Record<string, string>>, meta = ''): string {
  const operations = operationsOf(name)
    .filter(({ name: action }) => !['status', 'reload-agent'].includes(action))
    .map(
      ({ name: action, timeout, interval = '0s', role }) =>
        `op ${action} timeout=${timeout} interval=${interval}${role === undefined ? '' : ' role=Master'}`,
    )
  const pairs = Object.entries(params).map(([key, value]) => `${key}="${value}"`)
  const lines = [`primitive ${id} ocf:ts:${name}`, `params ${pairs.join(' ')}`, ...operations, meta]
  return `${lines.filter(Boolean).join(' \\\n    ')}\n`
}

const DISABLED = 'meta target-role=Stopped'

/** A database without replication, on the node's own server. */
const databaseAlone = (): Readonly<Record<string, string>> => ({
  pgctl: `${node.pgBin}/pg_ctl`,
  pgdata: node.pgData,
  logfile: '/var/log/postgresql/alone.log',
})

describe('crm configure', () => {
  test(
    'takes every parameter of each agent without a word, and so does crm_verify',
    async () => {
      const text = [
        'property stonith-enabled=false\n',
        primitive('all-IPaddr2', 'IPaddr2', agents.IPaddr2.values, DISABLED),
        primitive('all-pgsql', 'pgsql', agents.pgsql.values),
        'ms ms-pgsql all-pgsql meta notify=true target-role=Stopped\n',
        primitive('all-ping', 'ping', agents.ping.values),
        'clone clone-ping all-ping meta target-role=Stopped\n',
        primitive('alone', 'pgsql', databaseAlone(), DISABLED),
        primitive('away', 'IPaddr2', { ip: '192.168.100.93', nic: 'nosuch0' }, DISABLED),
      ]
      expect(await lab.configure(text.join(''))).toBe('')
      const verified = await node.run(['crm', 'configure', 'verify'])
      expect({ code: verified.code, said: said(verified) }).toEqual({ code: 0, said: '' })
      const checked = await node.run(['crm_verify', '--live-check', '--verbose'])
      expect({ code: checked.code, said: said(checked) }).toEqual({ code: 0, said: '' })
    },
    MINUTE,
  )

  test.each(NAMES)(
    '%s: the CIB has what was written',
    async (name) => {
      expect((await configured(`all-${name}`)).params).toEqual(agents[name].values)
    },
    MINUTE,
  )

  /** Loads without `-F`, with which crmsh would commit what it has complained about. */
  async function load(text: string): Promise<CommandResult> {
    await node.writeFile('/run/root/more.crm', text)
    return node.run(['crm', 'configure', 'load', 'update', '/run/root/more.crm'])
  }

  test.each<readonly [string, Readonly<Record<string, string>>, string]>([
    [
      'a parameter that is not there',
      { ip: '192.168.100.94', nosuch: '1' },
      'parameter "nosuch" is not known',
    ],
    ['no value where one is required', { nic: 'eth0' }, 'required parameter "ip" not defined'],
  ])(
    'refuses %s',
    async (_, params, complaint) => {
      const result = await load(primitive('bad', 'IPaddr2', params, DISABLED))
      expect({ code: result.code, said: said(result) }).toEqual({ code: 1, said: `ERROR: bad: ${complaint}` })
      expect(await node.must(['crm_resource', '--list-raw'])).not.toContain('bad')
    },
    MINUTE,
  )

  test(
    'warns of a timeout that is shorter than advised',
    async () => {
      const params = { host_list: '127.0.0.1', name: 'short', pidfile: '/run/short' }
      const text = primitive('short', 'ping', params, DISABLED).replace(
        'start timeout=60s',
        'start timeout=5s',
      )
      expect(said(await load(text))).toContain(
        'WARNING: short: specified timeout 5s for start is smaller than the advised 60s',
      )
    },
    MINUTE,
  )
})

describe('pcs resource create', () => {
  /** What must differ between two resources of an agent. */
  const others: Readonly<Record<Name, Readonly<Record<string, string>>>> = {
    IPaddr2: { ip: '10.9.9.8' },
    pgsql: {},
    ping: { name: 'conformance-pcs', pidfile: '/run/conformance-pcs' },
  }
  const kinds: Readonly<Record<Name, readonly string[]>> = {
    IPaddr2: [],
    pgsql: ['promotable', 'notify=true'],
    ping: ['clone'],
  }
  const create = (id: string, name: Name, params: Readonly<Record<string, string>>): Promise<CommandResult> =>
    node.run([
      ...['pcs', 'resource', 'create', id, `ocf:ts:${name}`],
      ...Object.entries(params).map(([key, value]) => `${key}=${value}`),
      ...kinds[name],
      ...['--disabled', '--agent-validation'],
    ])

  test.each(NAMES)(
    '%s: takes every parameter without a word, and configures the operations that the agent advises',
    async (name) => {
      const params = { ...agents[name].values, ...others[name] }
      const result = await create(`pcs-${name}`, name, params)
      expect({ code: result.code, said: said(result) }).toEqual({ code: 0, said: '' })
      const found = await configured(`pcs-${name}`)
      expect(found.params).toEqual(params)
      // A `status` is what other cluster managers call; nobody runs `validate-all` again and again.
      const own = Object.entries<{ readonly internal?: true }>(agents[name].agent.actions).filter(
        ([action, { internal }]) => internal !== true && !['status', 'validate-all'].includes(action),
      )
      expect([...new Set(found.operations)]).toEqual(own.map(([action]) => action).sort())
    },
    MINUTE,
  )

  test.each(NAMES)(
    '%s: refuses a parameter that is not there, and names all that are',
    async (name) => {
      const { code, stderr } = await create('bad', name, {
        ...agents[name].values,
        ...others[name],
        nosuch: '1',
      })
      const known = Object.keys(agents[name].values).sort()
      expect(code).toBe(1)
      expect(stderr).toContain(
        `Error: invalid resource option 'nosuch', allowed options are: ${known.map((one) => `'${one}'`).join(', ')}`,
      )
    },
    MINUTE,
  )

  test(
    'shows why the agent refuses a value',
    async () => {
      const { code, stderr } = await create('bad', 'ping', { host_list: '127.0.0.1', attempts: 'many' })
      expect(code).toBe(1)
      expect(stderr).toContain(
        "attempts: 'many' is not allowed; set attempts to a whole number from 1 to 100",
      )
    },
    MINUTE,
  )

  test(
    'refuses the address of another resource',
    async () => {
      const { code, stderr } = await create('bad', 'IPaddr2', { ip: ADDRESS, nic: 'eth0' })
      expect(code).toBe(1)
      expect(stderr).toMatch(/'10\.9\.9\.7' .*not unique/)
    },
    MINUTE,
  )
})

describe('crm_resource', () => {
  const options = (params: Readonly<Record<string, string>>): string[] =>
    Object.entries(params).flatMap(([key, value]) => ['--option', `${key}=${value}`])

  /** What an agent is asked, beside what is in `params`, and how it answers: exit code and reason. */
  const cases: readonly (readonly [Name, Readonly<Record<string, string>>, number, string])[] = [
    ['IPaddr2', { ip: '192.168.100.92' }, 0, 'ok'],
    ['IPaddr2', {}, 6, 'not configured: ip is not set'],
    ['IPaddr2', { ip: '192.168.100.256' }, 6, "not configured: ip: '192.168.100.256' is not allowed"],
    [
      'IPaddr2',
      { ip: '192.168.100.92', nic: 'nosuch0' },
      2,
      'invalid parameter: nic: this node has no interface',
    ],
    [
      'IPaddr2',
      { ip: 'fe80::9' },
      6,
      'not configured: nic is not set: the link-local address fe80::9 needs it',
    ],
    ['ping', { host_list: '127.0.0.1 localhost ::1' }, 0, 'ok'],
    ['ping', {}, 6, 'not configured: host_list is not set'],
    ['ping', { host_list: '127.0.0.1', debug: 'loud' }, 6, "not configured: debug: 'loud' is not allowed"],
    ['pgsql', {}, 0, 'ok'],
    [
      'pgsql',
      { pgctl: '/nosuch/pg_ctl' },
      5,
      "not installed: pgctl: there is no program '/nosuch/pg_ctl' here",
    ],
    ['pgsql', { pgdata: '/nosuch' }, 2, 'invalid parameter: pgdata: '],
    ['pgsql', { pgdba: 'nosuch' }, 5, "not installed: pgdba: there is no account 'nosuch' on this host"],
    ['pgsql', { rep_mode: 'both' }, 6, "not configured: rep_mode: 'both' is not allowed"],
    ['pgsql', { rep_mode: 'sync' }, 6, 'not configured: master_ip is not set: rep_mode=sync needs'],
  ]

  test.each(cases)(
    '--validate: %s with %j says %i and why',
    async (name, params, code, reason) => {
      const given = name === 'pgsql' ? { ...databaseAlone(), ...params } : params
      const result = await node.run([
        ...['crm_resource', '--validate', '--class', 'ocf', '--provider', 'ts', '--agent', name],
        ...options(given),
      ])
      expect({ code: result.code, stdout: result.stdout.split('\n')[0] }).toEqual({
        code,
        stdout: expect.stringContaining(`Operation validate (ocf:ts:${name}) returned ${code} (${reason}`),
      })
    },
    MINUTE,
  )

  /** One action on a configured resource: its exit code, and what crm_resource says of it first. */
  async function force(action: string, id: string): Promise<readonly [number, string]> {
    const { code, stdout } = await node.run(['crm_resource', `--${action}`, '--resource', id])
    return [code, stdout.split('\n')[0] ?? '']
  }
  const answer = (action: string, id: string, name: Name, code: number, text: string) => [
    code,
    `Operation ${action} for ${id} (ocf:ts:${name}) returned ${code} (${text})`,
  ]

  test.each<readonly [string, Name]>([
    ['all-IPaddr2', 'IPaddr2'],
    ['all-pgsql', 'pgsql'],
    ['all-ping', 'ping'],
    ['pcs-IPaddr2', 'IPaddr2'],
    ['pcs-pgsql', 'pgsql'],
    ['pcs-ping', 'ping'],
  ])(
    '--validate: this node is fit for %s',
    async (id, name) => {
      expect(await force('validate', id)).toEqual(answer('validate', id, name, 0, 'ok'))
    },
    MINUTE,
  )

  /** Resources that run here, and whether they do; `proof` sees for itself. */
  const runs: readonly (readonly [string, Name, () => Promise<boolean>])[] = [
    [
      'all-IPaddr2',
      'IPaddr2',
      async () =>
        (await node.must(['ip', '-n', NAMESPACE, '-o', 'address', 'show', 'dev', 'vip0'])).includes(
          `inet ${ADDRESS}/24 brd 10.9.9.255 scope global secondary noprefixroute vip0:vip`,
        ),
    ],
    [
      'all-ping',
      'ping',
      async () =>
        (await node.run(['attrd_updater', '--query', '--name', 'conformance'])).stdout.includes(
          'value="200"',
        ),
    ],
    ['alone', 'pgsql', async () => (await node.run(['pgrep', '-x', 'postgres'])).code === 0],
  ]

  test.each(runs)(
    '--force-start, --force-check, --force-stop: %s',
    async (id, name, isThere) => {
      const stopped = answer('force-check', id, name, 7, 'not running')
      expect(await force('force-check', id)).toEqual(stopped)
      expect(await isThere()).toBe(false)
      for (let twice = 0; twice < 2; twice++)
        expect(await force('force-start', id)).toEqual(answer('force-start', id, name, 0, 'ok'))
      expect(await force('force-check', id)).toEqual(answer('force-check', id, name, 0, 'ok'))
      expect(await isThere()).toBe(true)
      for (let twice = 0; twice < 2; twice++)
        expect(await force('force-stop', id)).toEqual(answer('force-stop', id, name, 0, 'ok'))
      expect(await isThere()).toBe(false)
      expect(await force('force-check', id)).toEqual(stopped)
    },
    MINUTE,
  )

  test(
    '--force-start shows why it fails; a check and a stop of what is not there succeed',
    async () => {
      const [code, line] = await force('force-start', 'away')
      expect(code).toBe(2)
      expect(line).toMatch(
        /returned 2 \(invalid parameter: nic: this node has no interface 'nosuch0'; set nic to one of /,
      )
      expect(await force('force-check', 'away')).toEqual(
        answer('force-check', 'away', 'IPaddr2', 7, 'not running'),
      )
      expect(await force('force-stop', 'away')).toEqual(answer('force-stop', 'away', 'IPaddr2', 0, 'ok'))
    },
    MINUTE,
  )

  test(
    'no probe of all these resources has failed',
    async () => {
      expect((await lab.status()).failures).toEqual([])
    },
    MINUTE,
  )
})

describe('ocf-tester, where pacemaker runs', () => {
  /** With the schema of OCF 1.1 in place of the DTD of OCF 1.0; see test/root/ocf-tester.test.ts. */
  const TESTER = `
    cd /
    sed 's#--valid#--nonet --relaxng /usr/share/pcs/data/ocf-1.1.rng#' "$(command -v ocf-tester)" >/run/root/ocf-tester
    exec sh /run/root/ocf-tester "$@" 2>&1`
  const tested = async (
    agent: string,
    params: Readonly<Record<string, string>>,
    env: Readonly<Record<string, string>> = {},
  ): Promise<readonly [number, string]> => {
    const pairs = Object.entries(params).flatMap(([key, value]) => ['-o', `${key}=${value}`])
    const { code, stdout } = await node.run(['sh', '-c', TESTER, 'sh', '-n', 'tested', ...pairs, agent], {
      env,
    })
    return [code, stdout]
  }
  const passed = (agent: string, ...lacking: readonly string[]): string =>
    [
      `Beginning tests for ${agent}...`,
      '- validates',
      ...lacking.map((what) => `* Your agent does not support ${what} (optional)`),
      `${agent} passed all tests`,
      '',
    ].join('\n')

  test.each(['/usr/lib/ocf/resource.d/ts/ping', '/usr/lib/ocf/resource.d/pacemaker/ping'])(
    '%s passes',
    async (agent) => {
      expect(await tested(agent, { host_list: '127.0.0.1', name: 'tested' })).toEqual([
        0,
        passed(
          agent,
          ...['the notify action', 'the demote action', 'the promote action', 'promotable clones'],
          'the reload action',
        ),
      ])
    },
    MINUTE,
  )

  test(
    'pgsql passes as a promotable clone: promoted and demoted, again and again',
    async () => {
      const agent = '/usr/lib/ocf/resource.d/ts/pgsql'
      const params = { ...databaseAlone(), rep_mode: 'sync', node_list: node.name, master_ip: '192.168.2.3' }
      // What pacemaker says of a clone with one instance; the tester does not.
      const clone = {
        clone_max: '1',
        promoted_max: '1',
        notify: 'true',
        notify_start_uname: ' ',
        on_node: node.name,
      }
      const env = Object.fromEntries(
        Object.entries(clone).map(([key, value]) => [`OCF_RESKEY_CRM_meta_${key}`, value]),
      )
      expect(await tested(agent, params, env)).toEqual([0, passed(agent, 'the reload action')])
    },
    MINUTE,
  )
})
