/** How the steps of a plan are carried out: one by one, and a node may fall asleep between any two of them. */
import { describeStep, type Step } from '../../agents/pgsql/steps'
import { type Quorum } from '../../agents/pgsql/quorum'
import { write } from './attributes'
import { checkOnlyOne, settleCommits, standbyRows } from './postgres'
import { indexOf, type Message, type ModelNode, NAMES, say, SCORE_NAME, type Wait, type World } from './world'

/** A part of an action; it is told whether what it waited for has taken too long. */
export type Part<T> = Generator<Wait | undefined, T, boolean>

/** An action that ends with an error. */
export class ActionFailure extends Error {}

/** Goes on once the configuration has been changed as these messages say; a write that takes too long is an error. */
export function* awaitWrites(messages: readonly Message[]): Part<void> {
  const late = yield {
    holds: () => messages.every(({ kind, delivered }) => kind === 'transient' || delivered),
  }
  if (late) throw new ActionFailure('the cluster did not take an attribute in time')
}

/**
 * New values of a node's attributes; `null` deletes one. Permanent are the data status, the quorum and the promotion; what
 * a node says of its promotion in the memory of the attribute daemons is its claim.
 */
export type Values = Readonly<Record<string, string | null>>

const PERMANENT: readonly string[] = [NAMES.dataStatus, NAMES.quorum, NAMES.promotion]

/** Stands for the promotion in the memory of the attribute daemons: publish.ts. */
export const CLAIM = 'claim'

export function sendAll(world: World, node: ModelNode, about: number, values: Values): readonly Message[] {
  return Object.entries(values).map(([name, value]) =>
    name === CLAIM
      ? write(world, node, about, NAMES.promotion, value ?? undefined, 'reboot')
      : write(world, node, about, name, value ?? undefined, PERMANENT.includes(name) ? 'forever' : 'reboot'),
  )
}

export function* publish(world: World, node: ModelNode, about: number, values: Values): Part<void> {
  yield* awaitWrites(sendAll(world, node, about, values))
}

/** As `publish`, of an action that succeeds nevertheless. */
export function* tryPublish(world: World, node: ModelNode, about: number, values: Values): Part<void> {
  const messages = sendAll(world, node, about, values)
  yield { holds: () => messages.every(({ kind, delivered }) => kind === 'transient' || delivered) }
}

export function setSynchronousNames(world: World, node: ModelNode, names: string): void {
  if (node.synchronousNames === names) return
  node.synchronousNames = names
  settleCommits(world, node)
  checkOnlyOne(world)
}

/** Whether so many of these standbys are waited for, and have what the primary has now. */
function* confirm(world: World, node: ModelNode, { count, names }: Quorum): Part<boolean> {
  const target = node.tip.lsn
  const isComplete = (): boolean => {
    const waited = standbyRows(world, node).filter(
      ({ syncState }) => syncState === 'SYNC' || syncState === 'QUORUM',
    )
    return (
      names.filter((name) => {
        const index = indexOf(name)
        return (
          waited.some(({ applicationName }) => indexOf(applicationName) === index) &&
          (node.senders[index] ?? 0) >= target
        )
      }).length >= count
    )
  }
  const late = yield { holds: isComplete }
  return !late && isComplete()
}

function isIndependent({ step }: Step): boolean {
  return step === 'attribute' || step === 'score'
}

function sendStep(world: World, node: ModelNode, step: Step): Message | undefined {
  if (step.step === 'attribute')
    return write(world, node, indexOf(step.node), step.name, step.value, step.lifetime)
  if (step.step === 'score') return write(world, node, indexOf(step.node), SCORE_NAME, step.score, 'reboot')
  return undefined
}

/**
 * Carries steps out in order, as steps.ts does.
 *
 * @param prove - whether it is proven that this node is the primary still
 */
export function* performSteps(
  world: World,
  node: ModelNode,
  steps: readonly Step[],
  prove?: () => Part<boolean>,
): Part<void> {
  let sent: Message[] = []
  let isProven = false
  for (const [index, step] of steps.entries()) {
    // What a proof allows is done at once: see proof.ts.
    if (!isProven || world.options.gap === true || step.step !== 'synchronous') yield
    isProven = false
    if (isIndependent(step)) {
      const message = sendStep(world, node, step)
      if (message) sent.push(message)
      const next = steps[index + 1]
      if (next !== undefined && isIndependent(next)) continue
      yield* awaitWrites(sent)
      sent = []
      continue
    }
    switch (step.step) {
      case 'synchronous':
        if (!node.running) return
        say(world, `  ${node.name}: ${describeStep(step)}`)
        setSynchronousNames(world, node, step.names)
        break
      case 'prove':
        if (prove === undefined || !(yield* prove())) return
        isProven = true
        break
      case 'republish':
        break
      case 'confirm':
        if (!(yield* confirm(world, node, { count: 1, names: [step.node] }))) return
        break
      case 'confirm quorum':
        if (!(yield* confirm(world, node, step.quorum))) return
        break
      case 'note':
        node.note = step.note
        break
      case 'follow':
        node.following = step.note
        break
    }
  }
}

/** A deed that nothing can interrupt. */
export function* atOnce(deed: () => void): Part<void> {
  deed()
}

/**
 * Carries out steps that are names. What is not described is not modelled.
 *
 * @param goesOn - looked at before each
 * @returns whether all were carried out
 */
export function* performNamed<S extends string>(
  steps: readonly S[],
  deeds: Readonly<Partial<Record<S, () => Part<void>>>>,
  goesOn: () => boolean = () => true,
): Part<boolean> {
  for (const step of steps) {
    yield
    if (!goesOn()) return false
    const deed = deeds[step]
    if (deed) yield* deed()
  }
  return true
}
