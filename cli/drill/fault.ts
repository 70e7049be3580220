/** Makes the fault, and knows how it is taken back. */
import { type Primitive } from '../../lib/cluster/configuration'
import { Deadline, messageOf } from '../../lib/ocf'
import { quoteShell } from '../../lib/postgres/settings-text'
import { describeFailure, runProgram } from '../../lib/system/run-program'
import { type Form, oneOf, record, whole } from '../../lib/system/state-file'
import { createCommand, deleteCommand, hasBan, makeBan, promotedRole } from '../act/bans'
import { CommandError, Exit } from '../exit'
import { type Cluster } from './cluster'
import { type Kind } from './kinds'
import { askTool } from '../nodes/answer'
import { NODE_FAULTS, type NodeFault, type NodeFaultResult } from './node-fault-kinds'

const NODE_MS = 30_000
const POWER_MS = 120_000

const nodeFaultForm: Form<NodeFaultResult> = record({
  done: oneOf(...NODE_FAULTS),
  processes: whole(0, 2 ** 22),
})

type Argv = readonly [string, ...string[]]

/** A command as one types it. */
const quoted = (argv: Argv): string => argv.map(quoteShell).join(' ')

/** What is taken back when the failover is over, or when the drill is interrupted. */
export interface Undo {
  /** As it is told: what holds afterwards. */
  readonly text: string
  readonly label: string
  /** The command, for who has to do it by hand. */
  readonly byHand: string
  readonly run: () => Promise<void>
  /** Only an interrupted drill needs it; otherwise the cluster has done it meanwhile. */
  readonly onlyWhenInterrupted: boolean
}

export interface FaultContext {
  readonly cluster: Cluster
  readonly database: Primitive
  /** The primary. */
  readonly node: string
  /** The CIB. */
  readonly cib: string
  /** Takes a node's power, and gives it back: a command that ends in `off NODE` or `on NODE`. */
  readonly power: readonly string[]
}

export interface Fault {
  /** What is changed, in order, for the report. */
  readonly did: string
  readonly undo: Undo | undefined
  /** Resolves when it is done; `mark` is called at the moment at which it is, perhaps more than once. */
  readonly make: (mark: () => void) => Promise<void>
}

/** Asks `node-fault` on the node, which says so as soon as it has done it: that is when `mark` is called. */
export async function faultOn(
  { cluster, database, node }: Pick<FaultContext, 'cluster' | 'database' | 'node'>,
  what: NodeFault,
  mark?: () => void,
): Promise<NodeFaultResult> {
  return askTool(cluster, node, {
    args: ['node-fault', '--resource', database.id, '--do', what],
    form: nodeFaultForm,
    timeoutMs: NODE_MS,
    failure: Exit.TROUBLE,
    watch: mark,
  })
}

/**
 * A command that any node of the cluster can carry out, once what was begun is done: a cluster that is turned round half-way
 * through a failover may find a server stopped that should run.
 */
function atRest(cluster: Cluster, argv: Argv): () => Promise<void> {
  return async () => {
    await cluster.comeToRest()
    await cluster.runAnywhere(argv)
  }
}

function makeSignal(context: FaultContext, what: 'kill' | 'freeze'): Fault {
  const { node, database } = context
  const signal = what === 'kill' ? 'SIGKILL' : 'SIGSTOP'
  const thaw: Undo = {
    text: `what was still suspended on ${node} goes on (SIGCONT)`,
    label: `SIGCONT on ${node}`,
    byHand: `on ${node}: ocf-ts node-fault --resource ${database.id} --do thaw`,
    run: async () => {
      await faultOn(context, 'thaw')
    },
    onlyWhenInterrupted: true,
  }
  return {
    did: `${signal} to every process of ${database.id} on ${node}`,
    undo: what === 'freeze' ? thaw : undefined,
    make: async (mark) => {
      await faultOn(context, what, mark)
    },
  }
}

/** A drill that was killed leaves a constraint that ends by itself. */
const LONGEST_MS = 15 * 60_000

function makeSwitchover({ cluster, database, node, cib }: FaultContext): Fault {
  const clone = database.clone?.id ?? database.id
  const end = new Date(Date.now() + LONGEST_MS)
  const ban = makeBan(cib, { clone, node, role: promotedRole(cib) }, end)
  const clear = deleteCommand(ban)
  return {
    did: `a constraint kept the primary role off ${node} (${ban.id})`,
    undo: {
      text: `${node} may be primary again (the constraint is gone)`,
      label: `${node} may be primary`,
      byHand: quoted(clear),
      run: async () => {
        await cluster.comeToRest()
        // Not where somebody has made one of that name meanwhile, and this one was refused.
        if (hasBan(await cluster.cib(), ban)) await cluster.runAnywhere(clear)
      },
      onlyWhenInterrupted: false,
    },
    make: async (mark) => {
      mark()
      await cluster.runAnywhere(createCommand(ban))
    },
  }
}

function makeStandby({ cluster, node }: FaultContext): Fault {
  const attribute = ['crm_attribute', '--lifetime', 'forever', '--node', node, '--name', 'standby'] as const
  const off: Argv = [...attribute, '--delete']
  const on: Argv = [...attribute, '--update', 'on']
  return {
    did: on.join(' '),
    undo: {
      text: `${node} may run resources again (standby is off)`,
      label: `${node} online again`,
      byHand: off.join(' '),
      run: atRest(cluster, off),
      onlyWhenInterrupted: false,
    },
    make: async (mark) => {
      mark()
      await cluster.runAnywhere(on)
    },
  }
}

function makePower({ node, power }: FaultContext): Fault {
  const [program, ...words] = power
  if (program === undefined) {
    throw new CommandError(
      Exit.USAGE,
      'a drill takes the power of a boxed node only',
      'add --box, or choose another --kind',
    )
  }
  const set = async (state: 'on' | 'off'): Promise<void> => {
    const result = await runProgram(program, [...words, state, node], { deadline: new Deadline(POWER_MS) })
    if (result.code !== 0)
      throw new CommandError(Exit.TROUBLE, describeFailure(`power ${state} ${node}`, result))
  }
  return {
    did: `the power of ${node} was cut`,
    undo: {
      text: `${node} has power again, and its cluster starts`,
      label: `${node} has power`,
      byHand: `give ${node} its power back`,
      run: () => set('on'),
      onlyWhenInterrupted: false,
    },
    make: async (mark) => {
      await set('off')
      mark()
    },
  }
}

/** @throws CommandError USAGE when it cannot be made here */
export function prepareFault(kind: Kind, context: FaultContext): Fault {
  switch (kind) {
    case 'kill':
    case 'freeze':
      return makeSignal(context, kind)
    case 'switchover':
      return makeSwitchover(context)
    case 'standby':
      return makeStandby(context)
    case 'power':
      return makePower(context)
  }
}

/** What to say when it could not be taken back. */
export function describeUndoFailure({ text, byHand }: Undo, error: unknown): string {
  return `not so: ${text}: ${messageOf(error)}; by hand: ${byHand}`
}
