/** Collecting the facts of the proof that this node is the primary still, or may become it. See decide-proof.ts. */
import { setTimeout as sleep } from 'node:timers/promises'
import { isOlder } from '../../lib/cluster/attribute-commands'
import { type ClusterSnapshot } from '../../lib/cluster/snapshot'
import { askMembership, type Membership, roundTrip, valuesInMemory } from '../../lib/cluster/total-order'
import { type Deadline } from '../../lib/ocf'
import { decideProof, type Verdict } from './decide-proof'
import { latestPromotion } from './promotions'
import { type Site } from './site'

/** How long a cluster may take to agree on its members: corosync's token timeout and consensus, several times over. */
const PATIENCE_MS = 10_000
const POLL_MS = 100

/** Members that have said nothing after so long have nothing to say: the same membership, asked again and again. */
const SETTLED_MS = 3000

/** A proof that took longer was not there at once: what was seen before it may not be so any more. */
const PROMPT_MS = 1000

export type Proof = Verdict & {
  /** It was there at once. What was observed before it still holds. */
  readonly prompt: boolean
}

const now = (): number => Number(process.hrtime.bigint()) / 1e6

const isSame = (a: Membership | undefined, b: Membership | undefined): boolean =>
  a?.members === b?.members && a?.quorate === b?.quorate && a?.ring === b?.ring

/**
 * Proves that this node belongs to the part of the cluster that decides, and that nobody has been promoted after it.
 *
 * Pacemaker before 2.1 cannot be asked in this way: there it counts as proven.
 *
 * @param own - the number of the promotion that this node acts by; nothing for one that is about to be promoted
 * @param snapshot - the cluster as it was last seen: how many nodes it has, and what it does without quorum
 * @param unique - another promotion of the same number supersedes this one, too
 */
export async function prove(
  site: Pick<Site, 'node' | 'resource' | 'attributes' | 'featureSet'>,
  snapshot: ClusterSnapshot,
  own: number | undefined,
  deadline: Deadline,
  { unique = false }: { readonly unique?: boolean } = {},
): Promise<Proof> {
  if (isOlder(site.featureSet)) {
    return { kind: 'proven', latest: latestPromotion(snapshot, site.resource), prompt: true }
  }
  const begun = now()
  const patience = deadline.within(PATIENCE_MS)
  let membership: Membership | undefined
  let since = begun
  for (;;) {
    const answered = await roundTrip(site.attributes.proof, patience)
    const facts = {
      node: site.node,
      own,
      unique,
      words: answered ? await valuesInMemory(site.attributes.epoch, deadline) : {},
      voters: snapshot.nodes.filter(({ voter }) => voter).map(({ name }) => name),
      needsQuorum: snapshot.noQuorumPolicy !== 'ignore',
      settled: false,
    }
    let verdict = decideProof({ ...facts, membership: undefined })
    if (verdict.kind === 'unproven' && answered) {
      const seen = await askMembership(deadline)
      if (!isSame(seen, membership)) since = now()
      membership = seen
      verdict = decideProof({ ...facts, membership, settled: now() - since >= SETTLED_MS })
    }
    const prompt = now() - begun < PROMPT_MS
    if (verdict.kind !== 'unproven') return { ...verdict, prompt }
    if (patience.passed) {
      return answered
        ? { ...verdict, prompt: false }
        : { kind: 'unproven', why: 'the cluster does not answer (attrd_updater)', prompt: false }
    }
    await sleep(POLL_MS)
  }
}
