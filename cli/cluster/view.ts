/** One look at the whole cluster, from the node that the tool runs on. */
import { type Configuration, type Primitive, readConfiguration } from '../../lib/cluster/configuration'
import { localNodeName } from '../../lib/cluster/node-name'
import { type ClusterSnapshot, readCib } from '../../lib/cluster/snapshot'
import { type ClusterStatus, parseStatus } from '../../lib/cluster/status'
import { Deadline, messageOf, OcfError } from '../../lib/ocf'
import { readEnvironment } from '../../lib/ocf/environment'
import { describeFailure, type ProgramResult, runProgram } from '../../lib/system/run-program'
import { CommandError, Exit } from '../exit'
import { queryCib } from '../../lib/cluster/query-cib'

const TIMEOUT_MS = 10_000

export interface ClusterView {
  /** The node that was asked. */
  readonly local: string
  readonly status: ClusterStatus
  readonly snapshot: ClusterSnapshot
  readonly configuration: Configuration
  /** The CIB. */
  readonly xml: string
}

/** What a program says of its failure, where it says that in XML, too. */
function errorsIn(output: string): string {
  if (!output.startsWith('<pacemaker-result')) return output
  return [...output.matchAll(/<error>([^<]*)<\/error>/g)].map(([, text]) => text).join('\n')
}

async function answerOf(program: string, asked: Promise<ProgramResult>): Promise<string> {
  const result = await asked.catch((error: unknown) => {
    throw new CommandError(Exit.UNREACHABLE, messageOf(error), 'run it on a node of the cluster, as root')
  })
  if (result.code === 0) return result.stdout
  throw new CommandError(
    Exit.UNREACHABLE,
    `pacemaker does not answer on this node: ${describeFailure(program, { ...result, stdout: errorsIn(result.stdout) })}`,
    `run it as root on a node where pacemaker runs ('systemctl status pacemaker')`,
  )
}

/**
 * Reads what one of pacemaker's programs has printed on this node.
 *
 * @throws CommandError UNREACHABLE, which names the node, for what cannot be read
 */
export function readOn<T>(node: string, program: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const advice = error instanceof OcfError ? error.detail : undefined
    const message = `${node}: what ${program} prints there cannot be read: ${messageOf(error)}`
    throw new CommandError(Exit.UNREACHABLE, message, advice, { cause: error })
  }
}

/** @throws Error for what is no CIB */
export function readConfigurationIn(xml: string): Configuration {
  if (!/<cib[\s>]/.test(xml)) throw new Error('it is no CIB')
  return readConfiguration(xml)
}

/**
 * Looks at the cluster.
 *
 * @throws CommandError UNREACHABLE when pacemaker does not answer on this node, or with what cannot be read
 */
export async function lookAtCluster(): Promise<ClusterView> {
  const deadline = new Deadline(TIMEOUT_MS)
  const [xml, mon, local] = await Promise.all([
    answerOf('cibadmin', queryCib(deadline)),
    answerOf('crm_mon', runProgram('crm_mon', ['-Afr1', '--output-as=xml'], { deadline })),
    localNodeName(readEnvironment({}, ''), deadline),
  ])
  return {
    local,
    status: readOn(local, 'crm_mon', () => parseStatus(local, mon)),
    configuration: readOn(local, 'cibadmin', () => readConfigurationIn(xml)),
    snapshot: readOn(local, 'cibadmin', () => readCib(xml)),
    xml,
  }
}

/** The resources that are PostgreSQL servers, of this project's agent, the shell one or PAF. */
export function databasesOf({ primitives }: Configuration): readonly Primitive[] {
  return primitives.filter(({ agent }) => /^ocf:[^:]+:(?:pgsql|pgsqlms)$/.test(agent))
}

/**
 * The one resource that a command is about.
 *
 * @param wanted - its id, or that of its clone; may be left out where there is only one
 * @throws CommandError USAGE when there is none, or several and nothing says which
 */
export function chooseDatabase(configuration: Configuration, wanted: string | undefined): Primitive {
  const databases = databasesOf(configuration)
  const names = databases.map(({ id }) => id).join(', ')
  const chosen =
    wanted === undefined
      ? databases
      : databases.filter(({ id, clone }) => id === wanted || clone?.id === wanted)
  const [only, ...others] = chosen
  if (only !== undefined && others.length === 0) return only
  if (databases.length === 0)
    throw new CommandError(
      Exit.USAGE,
      'the cluster has no resource of the agent pgsql',
      `'ocf-ts configure' makes one`,
    )
  throw wanted === undefined
    ? new CommandError(
        Exit.USAGE,
        `the cluster has several databases: ${names}`,
        'choose one with --resource',
      )
    : new CommandError(Exit.USAGE, `the cluster has no database '${wanted}'`, `there are: ${names}`)
}
