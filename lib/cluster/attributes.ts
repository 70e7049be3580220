/** Writing node attributes through pacemaker's own tools. Every write is bounded by the action's deadline. */
import { type Deadline, ExitCode, OcfError } from '../ocf'
import { describeFailure, runProgram } from '../system/run-program'

/** How long an attribute lives: until the node leaves the cluster, or until somebody deletes it. */
export type Lifetime = 'reboot' | 'forever'

/** One change of a node attribute; `value: undefined` deletes it. */
export interface AttributeChange {
  readonly node: string
  readonly name: string
  readonly value: string | undefined
  readonly lifetime: Lifetime
}

async function tool(program: string, args: readonly string[], deadline: Deadline): Promise<void> {
  const result = await runProgram(program, args, { deadline })
  if (result.code === 0) return
  throw new OcfError(
    ExitCode.ERR_GENERIC,
    `${describeFailure([program, ...args].join(' '), result)} (is pacemaker running on this node?)`,
  )
}

/**
 * Writes or deletes one node attribute.
 *
 * @throws OcfError ERR_GENERIC when pacemaker does not take it before the deadline
 */
export async function changeAttribute(change: AttributeChange, deadline: Deadline): Promise<void> {
  const { node, name, value, lifetime } = change
  // `--update=` and not `-v`: a value such as -INFINITY must not be taken for options.
  const update = value === undefined ? '--delete' : `--update=${value}`
  if (lifetime === 'reboot') {
    await tool('attrd_updater', [`--node=${node}`, `--name=${name}`, update], deadline)
  } else {
    await tool('crm_attribute', ['--lifetime=forever', `--node=${node}`, `--name=${name}`, update], deadline)
  }
}

/** The attribute that holds a resource's promotion score on a node. */
export function scoreAttribute(resource: string): string {
  return `master-${resource}`
}

/** Sets how much a node is wanted as the promoted one: a number, `-INFINITY`, or `undefined` for no opinion. */
export async function changePromotionScore(
  resource: string,
  node: string,
  score: string | undefined,
  deadline: Deadline,
): Promise<void> {
  const update = score === undefined ? '--delete' : `--update=${score}`
  await tool(
    'crm_attribute',
    [`--promotion=${resource}`, '--lifetime=reboot', `--node=${node}`, update],
    deadline,
  )
}

/**
 * Publishes an attribute of the local node for the first time, at once, and makes pacemaker wait with all further
 * changes of it.
 *
 * @param dampen - how long, as pacemaker writes it: `5s`
 */
export async function beginDampened(
  name: string,
  value: string,
  dampen: string,
  deadline: Deadline,
): Promise<void> {
  await tool('attrd_updater', [`--name=${name}`, `--update=${value}`], deadline)
  await tool('attrd_updater', [`--name=${name}`, '--update-delay', `--delay=${dampen}`], deadline)
}

/** Sets an attribute of the local node that pacemaker shall act on only when it has been the same for a while. */
export async function updateDampened(
  name: string,
  value: string,
  dampen: string,
  deadline: Deadline,
): Promise<void> {
  // Not `--update`, which does not look at the delay: it would hold only for the attribute's first value.
  await tool('attrd_updater', [`--name=${name}`, `--update-both=${value}`, `--delay=${dampen}`], deadline)
}

/** Deletes an attribute of the local node. */
export async function deleteAttribute(name: string, deadline: Deadline): Promise<void> {
  await tool('attrd_updater', [`--name=${name}`, '--delete'], deadline)
}
