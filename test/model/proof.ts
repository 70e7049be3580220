/**
 * The proof that a primary still is one: see agents/pgsql/decide-proof.ts. Two messages go through the cluster in the
 * order of all others, and the real `decideProof` judges what the attribute daemon of this node has in memory then.
 */
import { decideProof, type ProofFacts, type Verdict } from '../../agents/pgsql/decide-proof'
import { latestPromotion } from '../../agents/pgsql/promotions'
import { send, snapshotOf } from './attributes'
import { type Part } from './carry-out'
import { isWhole } from './membership'
import { type ModelNode, nodeAt, RESOURCE, say, type World } from './world'

export type Proof = Verdict & {
  readonly prompt: boolean
  /** How often the node had stood still, or had lost a member, when its last messages were sent. */
  readonly breaks: number
}

/** As `ProofMemory`: the membership of the last proof of an action. */
export interface ProofMemory {
  ring?: number
}

/** How often it is started again: the cluster agrees on its members within the patience of the agent. */
const ROUNDS = 3

/** One message comes back; `false` where that takes too long. */
function* comesBack(world: World, node: ModelNode): Part<boolean> {
  const message = send(world, node, 'echo', node.index, '', undefined)
  const late = yield { holds: () => message.delivered }
  return !late
}

/** All members of this node's membership have told what they know: what takes milliseconds, and the agent waits seconds. */
function haveAllTold(world: World, { ring }: ModelNode): boolean {
  return ring.members.every((member) => !nodeAt(world, member).queue.some(({ kind }) => kind === 'tell'))
}

function judge(
  world: World,
  node: ModelNode,
  own: number | undefined,
  unique: boolean,
  settled: boolean,
): Verdict {
  const { ring, words, claims } = node
  const named = (values: readonly (string | undefined)[]): Record<string, string> =>
    Object.fromEntries(
      values.flatMap((value, index) => (value === undefined ? [] : [[nodeAt(world, index).name, value]])),
    )
  const facts: ProofFacts = {
    node: node.name,
    own,
    unique,
    words: named(words),
    claims: named(claims),
    voters: world.nodes.map(({ name }) => name),
    membership: { quorate: ring.quorate, members: ring.members.length, ring: String(ring.id) },
    needsQuorum: world.options.size > 2,
    settled,
  }
  return decideProof(facts)
}

/**
 * Under the protocol of before everything is taken as proven.
 *
 * What follows the proof at once is not separated from it: a node that falls asleep in the milliseconds between is
 * what no agent can rule out (`Options.gap` does separate them).
 *
 * @param own - the number of the promotion that this node acts by; nothing for one that is about to be promoted
 */
export function* prove(
  world: World,
  node: ModelNode,
  own: number | undefined,
  unique = false,
  memory: ProofMemory = {},
): Part<Proof> {
  const { protocol, gap = false } = world.options
  if (protocol === 'before') {
    const latest = latestPromotion(snapshotOf(world, node), RESOURCE)
    return { kind: 'proven', latest, prompt: true, breaks: node.breaks }
  }
  let verdict: Verdict = { kind: 'unproven', why: 'the cluster does not answer' }
  let prompt = true
  const before = memory.ring
  let { breaks } = node
  let first: number | undefined
  for (let round = 0; round < ROUNDS; round += 1) {
    breaks = node.breaks
    if (!(yield* comesBack(world, node)) || !(yield* comesBack(world, node))) {
      prompt = false
      continue
    }
    // Between the last message and this moment are milliseconds: no membership has ended and started meanwhile.
    if (!gap && !isWhole(world, node)) continue
    first ??= node.ring.id
    prompt &&= first === node.ring.id && breaks === node.breaks
    verdict = judge(world, node, own, unique, false)
    if (verdict.kind !== 'unproven') break
    // The agent asks again and again.
    const late = yield { holds: () => haveAllTold(world, node) && isWhole(world, node) }
    if (late) prompt = false
    if (late || breaks !== node.breaks) continue
    verdict = judge(world, node, own, unique, true)
    prompt &&= first === node.ring.id
    if (verdict.kind !== 'unproven') break
  }
  if (verdict.kind !== 'proven') {
    const why =
      verdict.kind === 'unproven'
        ? verdict.why
        : `${verdict.by.node} was promoted later (${verdict.by.number})`
    say(world, `  ${node.name} has no proof: ${why}`)
  }
  memory.ring = node.ring.id
  return { ...verdict, prompt: prompt || before === node.ring.id, breaks }
}
