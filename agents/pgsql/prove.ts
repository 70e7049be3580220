/** Collecting the facts of the proof that this node is the primary still, or may become it. See decide-proof.ts. */
import { setTimeout as sleep } from 'node:timers/promises'
import { answersForAll } from '../../lib/cluster/attribute-commands'
import { type ClusterSnapshot } from '../../lib/cluster/snapshot'
import { askMembership, type Membership, roundTrip, valuesInMemory } from '../../lib/cluster/total-order'
import { type Deadline } from '../../lib/ocf'
import { type Moment, since, thisMoment } from '../../lib/system/clocks'
import { decideProof, type ProofFacts, type Verdict } from './decide-proof'
import { latestPromotion } from './promotions'
import { type Site } from './site'

/** How long a cluster may take to agree on its members: corosync's token timeout and consensus, several times over. */
const PATIENCE_MS = 10_000
const POLL_MS = 100

/** Members that have said nothing after so long in one membership have nothing to say. */
const SETTLED_MS = 3000

/** In less time no node can be given up by the others, and another one be promoted. */
export const PROMPT_MS = 1000

export type Proof = Verdict & {
  /**
   * The membership was the same all the time, also before the proof was collected: what was observed then still holds.
   * That is so where all of it took too little time for anything else; and, on a machine that is slow, where an earlier
   * proof of the same action, before what was observed, was in the same membership.
   */
  readonly prompt: boolean
  /** When its collection began. */
  readonly startedAt: Moment
}

/**
 * The membership of the last proof and since when it has been what it is, from one proof of an action to the next. What
 * is observed again between two of them has that membership around it.
 */
export interface ProofMemory {
  membership?: Membership | undefined
  since?: Moment
}

const isSame = (a: Membership | undefined, b: Membership | undefined): boolean =>
  a?.members === b?.members && a?.quorate === b?.quorate && a?.ring === b?.ring

/**
 * Whether what was observed before a proof still holds after it.
 *
 * @param steady - all of it took too little time for anything else, in one membership
 * @param before - the membership at the end of an earlier proof of the same action, which what was observed came after
 * @param now - the membership at the end of this proof. A membership that has ended does not come again: the same ring
 * before and after is the same ring all the time
 */
export function holdsStill(
  steady: boolean,
  before: Membership | undefined,
  now: Membership | undefined,
): boolean {
  return steady || (before?.ring !== undefined && isSame(before, now))
}

function isSettled(seen: Membership | undefined, memory: ProofMemory): boolean {
  if (memory.since === undefined || !isSame(seen, memory.membership)) {
    memory.membership = seen
    memory.since = thisMoment()
  }
  return since(memory.since) >= SETTLED_MS
}

/** Who counts for the quorum, and whether it counts. */
function votesOf({ nodes, noQuorumPolicy }: ClusterSnapshot): Pick<ProofFacts, 'voters' | 'needsQuorum'> {
  return {
    voters: nodes.filter(({ voter }) => voter).map(({ name }) => name),
    needsQuorum: noQuorumPolicy !== 'ignore',
  }
}

interface ProofOptions {
  /** Another promotion of the same number supersedes this one, too. Default: no. */
  readonly unique?: boolean
  /** How long a proof is waited for, in milliseconds. Default: ten seconds. */
  readonly patienceMs?: number
  readonly memory?: ProofMemory
}

/**
 * Proves that this node belongs to the part of the cluster that decides, and that nobody has been promoted after it.
 *
 * Pacemaker before 2.0 cannot be asked for what all members know: there the quorum alone counts.
 *
 * @param own - the number of the promotion that this node acts by; nothing for one that is about to be promoted
 * @param snapshot - the cluster as it was last seen, or is being looked at: how many nodes it has, and what it does
 * without quorum
 */
export async function prove(
  site: Pick<Site, 'node' | 'resource' | 'attributes' | 'featureSet'>,
  snapshot: ClusterSnapshot | Promise<ClusterSnapshot>,
  own: number | undefined,
  deadline: Deadline,
  { unique = false, patienceMs = PATIENCE_MS, memory = {} }: ProofOptions = {},
): Promise<Proof> {
  const { attributes, featureSet, node } = site
  const patience = deadline.within(patienceMs)
  const asks = answersForAll(featureSet)
  // Waiting for members that have nothing to say makes nothing old, as long as the membership stays the same.
  let steady = true
  let first: Membership | undefined
  const before = memory.membership
  for (;;) {
    const startedAt = thisMoment()
    let answered = false
    let verdict: Verdict = { kind: 'unproven', why: 'the cluster does not answer (attrd_updater)' }
    if (!asks) {
      const [membership, seen] = await Promise.all([askMembership(deadline), snapshot])
      const said = { words: {}, claims: {}, membership, settled: true }
      verdict = decideProof({ node, own, unique, ...votesOf(seen), ...said })
      if (verdict.kind === 'proven') verdict = { ...verdict, latest: latestPromotion(seen, site.resource) }
    } else if (await roundTrip(attributes.proof, patience)) {
      const [words, claims, membership, seen] = await Promise.all([
        valuesInMemory(attributes.epoch, deadline),
        valuesInMemory(attributes.promotion, deadline),
        askMembership(deadline),
        snapshot,
      ])
      answered = true
      first ??= membership
      steady &&= isSame(first, membership)
      const said = { words, claims, membership, settled: isSettled(membership, memory) }
      verdict = decideProof({ node, own, unique, ...votesOf(seen), ...said })
    }
    steady &&= (answered || !asks) && since(startedAt) < PROMPT_MS
    if (verdict.kind !== 'unproven' || patience.passed) {
      const now = answered ? memory.membership : undefined
      return { ...verdict, prompt: holdsStill(steady, before, now), startedAt }
    }
    await sleep(POLL_MS)
  }
}
