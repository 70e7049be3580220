/** Writing node attributes through pacemaker's own tools. Every write is bounded by the action's deadline. */
import { type Deadline, ExitCode, OcfError } from '../ocf'
import {
  type AttributeChange,
  attributeCommand,
  type Command,
  isOlder,
  scoreCommand,
} from './attribute-commands'
import { describeFailure, runProgram } from '../system/run-program'

export { type AttributeChange, type Lifetime } from './attribute-commands'

/** Whose promotion score it is, and what this pacemaker's tools understand. */
export interface Scored {
  readonly resource: string
  /** The node on which the agent runs. */
  readonly node: string
  /** Pacemaker 1.0 numbers the instances of a clone. */
  readonly instanceNumber: number | undefined
  readonly featureSet: string | undefined
}

async function tool([program, ...args]: Command, deadline: Deadline): Promise<void> {
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
 * @param featureSet - pacemaker's, as the agent's environment says it
 * @throws OcfError ERR_GENERIC when pacemaker does not take it before the deadline
 */
export async function changeAttribute(
  change: AttributeChange,
  deadline: Deadline,
  featureSet?: string,
): Promise<void> {
  await tool(attributeCommand(change, featureSet), deadline)
}

/** Sets how much a node is wanted as the promoted one: a number, `-INFINITY`, or `undefined` for no opinion. */
export async function changePromotionScore(
  whose: Scored,
  node: string,
  score: string | undefined,
  deadline: Deadline,
): Promise<void> {
  const { resource, instanceNumber, featureSet } = whose
  if (instanceNumber === undefined) {
    await tool(scoreCommand(resource, node, score, featureSet), deadline)
    return
  }
  const { numberedScoreChanges } = await import('./numbered-scores')
  for (const change of await numberedScoreChanges({ ...whose, instanceNumber }, node, score, deadline)) {
    await changeAttribute(change, deadline, featureSet)
  }
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
  featureSet?: string,
): Promise<void> {
  if (isOlder(featureSet)) return updateDampened(name, value, dampen, deadline, featureSet)
  await tool(['attrd_updater', `--name=${name}`, `--update=${value}`], deadline)
  await tool(['attrd_updater', `--name=${name}`, '--update-delay', `--delay=${dampen}`], deadline)
}

/** Sets an attribute of the local node that pacemaker shall act on only when it has been the same for a while. */
export async function updateDampened(
  name: string,
  value: string,
  dampen: string,
  deadline: Deadline,
  featureSet?: string,
): Promise<void> {
  if (isOlder(featureSet)) {
    await tool(['attrd_updater', '-n', name, `-v${value}`, '-d', dampen], deadline)
    return
  }
  // Not `--update`, which does not look at the delay: it would hold only for the attribute's first value.
  await tool(['attrd_updater', `--name=${name}`, `--update-both=${value}`, `--delay=${dampen}`], deadline)
}

/** Deletes an attribute of the local node. */
export async function deleteAttribute(name: string, deadline: Deadline): Promise<void> {
  // In words that every generation of the tool understands.
  await tool(['attrd_updater', '-n', name, '-D'], deadline)
}
