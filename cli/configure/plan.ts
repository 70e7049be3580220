/** What is to be configured: the operator's answers, and the plan that they make. */
import { parameters as pgsql } from '../../agents/pgsql/parameters'
import { choice, integer, type Parameter, type Values, words } from '../../lib/ocf'
import { parsePrefixLength } from '../../lib/network/prefix'
import { type ParameterProblem, readParameters } from '../../lib/ocf/parameters'

/** A virtual address as it is to be configured; what it says is checked by the agent that gets it. */
export interface VirtualAddress {
  readonly ip: string
  readonly netmask: string | undefined
  readonly nic: string | undefined
}

const FORM = 'ADDRESS/PREFIX,INTERFACE such as 192.168.100.163/24,eth0 or 2001:db8::10/64,eth0'

function address(shortdesc: string, required: boolean): Parameter<VirtualAddress | undefined> {
  return {
    type: 'string',
    required,
    shortdesc,
    parse: (value) => {
      const [, ip, netmask, nic] = /^([^\s/,]+)(?:\/([^\s/,]+))?(?:,([^\s/,]+))?$/.exec(value.trim()) ?? []
      if (ip === undefined) throw new Error(FORM)
      if (netmask !== undefined && parsePrefixLength(netmask) === undefined) throw new Error(FORM)
      return { ip, netmask, nic }
    },
  }
}

/** How a node that does not answer is kept from writing. */
export const FENCING = ['none', 'stonith', 'qdevice'] as const
export type Fencing = (typeof FENCING)[number]

/** What the plan says beside the parameters of the database. */
export const questions = {
  nodes: words({
    required: true,
    shortdesc: 'names of the nodes, as "crm_node -l" shows them',
  }),
  writer: address('virtual address of the primary, for clients that write', true),
  replication: address(
    'virtual address that standbys replicate from; without it, that of the writers',
    false,
  ),
  reader: address('virtual address of a standby, for clients that read', false),
  ping: words({ shortdesc: 'hosts that a node must reach to be primary: the gateway, for example' }),
  fencing: choice(FENCING, {
    default: 'none',
    shortdesc: 'how a lost node is kept from writing: none, stonith (a fencing device) or qdevice',
  }),
  recovery_time: integer({
    default: 60,
    min: 1,
    shortdesc: 'seconds that a recovery after a crash may take',
  }),
} as const

/** Parameters of ocf:ts:pgsql that the plan itself makes. */
export const MADE = ['node_list', 'master_ip'] as const

/** Those that have an option of their own on the command line; all others are set by --pgsql NAME=VALUE. */
export const COMMON = [
  'pgctl',
  'pgdata',
  'config',
  'pgdba',
  'pgport',
  'logfile',
  'tmpdir',
  'rep_mode',
  'sync_policy',
  'sync_standbys',
  'sync_method',
  'max_lag',
  'rejoin',
  'repuser',
  'restore_command',
  'primary_conninfo_opt',
  'replication_slot_name',
  'stop_escalate',
  'monitor_timeout',
] as const satisfies readonly (keyof typeof pgsql)[]

export type QuestionName = keyof typeof questions

/** The operator's words; what was not said is missing. */
export interface Answers {
  readonly plan: Readonly<Partial<Record<QuestionName, string>>>
  /** Parameters of ocf:ts:pgsql. */
  readonly pgsql: Readonly<Record<string, string>>
}

export interface Plan extends Values<typeof questions> {
  readonly writer: VirtualAddress
  readonly pgsql: Readonly<Record<string, string>>
}

/** The later ones' words count. */
export function mergeAnswers(...all: readonly Answers[]): Answers {
  return {
    plan: Object.assign({}, ...all.map(({ plan }) => plan)) as Answers['plan'],
    pgsql: Object.assign({}, ...all.map(({ pgsql }) => pgsql)) as Answers['pgsql'],
  }
}

/** Whether something that a plan cannot do without is missing. */
export function isLacking({ plan, pgsql: given }: Answers): boolean {
  return !plan.nodes || !plan.writer || !given['pgctl'] || !given['pgdata']
}

/** Reads the answers one by one; how they fit together is checked on what becomes of them, see validate.ts. */
export function readPlan({ plan, pgsql }: Answers): {
  readonly plan: Plan | undefined
  readonly problems: readonly ParameterProblem[]
} {
  const { values, problems } = readParameters(questions, plan)
  const { writer } = values
  return { plan: writer && problems.length === 0 ? { ...values, writer, pgsql } : undefined, problems }
}

/** For a question that a person is asked, and an option of the command line. */
export const describe = (name: QuestionName): string => questions[name].shortdesc

/** The same of a parameter of the database. */
export const describePgsql = (name: keyof typeof pgsql): string => pgsql[name].shortdesc
