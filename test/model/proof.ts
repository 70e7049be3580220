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

export type Proof = Verdict & { readonly prompt: boolean }

/** As often as it is begun again: the cluster agrees on its members within the patience of the agent. */
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
  const { ring, words } = node
  const facts: ProofFacts = {
    node: node.name,
    own,
    unique,
    words: Object.fromEntries(
      words.flatMap((word, index) => (word === undefined ? [] : [[nodeAt(world, index).name, word]])),
    ),
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
export function* prove(world: World, node: ModelNode, own: number | undefined, unique = false): Part<Proof> {
  const { protocol, gap } = world.options
  if (protocol === 'before') {
    return { kind: 'proven', latest: latestPromotion(snapshotOf(world, node), RESOURCE), prompt: true }
  }
  let verdict: Verdict = { kind: 'unproven', why: 'the cluster does not answer' }
  let prompt = true
  for (let round = 0; round < ROUNDS; round += 1) {
    if (!(yield* comesBack(world, node)) || !(yield* comesBack(world, node))) {
      prompt = false
      continue
    }
    // Between the last message and this moment are milliseconds: no membership has ended and begun meanwhile.
    if (gap !== true && !isWhole(world, node)) continue
    verdict = judge(world, node, own, unique, false)
    if (verdict.kind !== 'unproven') break
    // The agent asks again and again.
    prompt = false
    const late = yield { holds: () => haveAllTold(world, node) && isWhole(world, node) }
    if (late) continue
    verdict = judge(world, node, own, unique, true)
    if (verdict.kind !== 'unproven') break
  }
  if (verdict.kind !== 'proven') {
    say(
      world,
      `  ${node.name} has no proof: ${verdict.kind === 'unproven' ? verdict.why : `${verdict.by.node} was promoted later (${verdict.by.number})`}`,
    )
  }
  return { ...verdict, prompt }
}
