/**
 * Whether this node is the primary still, or may become it: the proof that it needs before it says anything of another
 * node, calls its own data the latest, or lets commits go on without a standby.
 *
 * The argument. A promotion tells its number to all members of its part before PostgreSQL is promoted (promotions.ts).
 * Pacemaker promotes in a part that has the quorum, and so a majority of the nodes knows of every promotion, each in an
 * attribute of its own, as long as it is a member of anything. Facts are collected after a round trip through the
 * cluster (total-order.ts), which comes back only in the membership of now. If the attribute daemon then has the word of
 * a majority, at least one of those nodes knows of the latest promotion. If none of them names one after this node's
 * own, there was none, and there will be none without this node's learning of it in the same order of messages.
 *
 * Corosync must say, too, that this part has the quorum: votes can be unequal. Where there are votes that are no nodes'
 * (two nodes, a quorum device), no majority of nodes can be had: then all members must have spoken. Two nodes that do not
 * see each other both have the quorum; without fencing, nobody can know which of them should.
 *
 * The words of others are written by the node that is promoted, and one that has slept could write an old one over a new one.
 * So what each member says of its own promotion is looked at, too: that only this member writes.
 *
 * A member that has never run the resource has no word. So that it does not stop the others for good, it is not waited
 * for any longer once the membership has been the same for a while: the members exchange what they know within
 * milliseconds.
 */
import { type Membership } from '../../lib/cluster/total-order'
import { sameNode } from '../../lib/cluster/snapshot'
import { latestOf, type Promotion, readOwn, readPromotion } from './promotions'

export interface ProofFacts {
  readonly node: string
  /** The number of the promotion that this node acts by; nothing for one that is about to be promoted. */
  readonly own: number | undefined
  /** Another promotion of the same number counts as a later one: while PostgreSQL is not promoted yet. */
  readonly unique: boolean
  /** The latest promotion that each member knows of, as the attribute daemon has it: by name. */
  readonly words: Readonly<Record<string, string>>
  /** The number of each member's own last promotion, as it says itself. */
  readonly claims: Readonly<Record<string, string>>
  /** The cluster's nodes that count for the quorum. */
  readonly voters: readonly string[]
  /** What corosync says; nothing where it was not asked, or did not answer. */
  readonly membership: Membership | undefined
  /** `no-quorum-policy` is not `ignore`. */
  readonly needsQuorum: boolean
  /** The membership has been the same for so long that all members have told what they know. */
  readonly settled: boolean
}

export type Verdict =
  | { readonly kind: 'proven'; readonly latest: Promotion }
  /** Another node was promoted later. */
  | { readonly kind: 'superseded'; readonly by: Promotion }
  /** Not yet. */
  | { readonly kind: 'unproven'; readonly why: string }

export function decideProof(facts: ProofFacts): Verdict {
  const { node, own, unique, words, claims, voters, membership, needsQuorum, settled } = facts
  const heard = Object.entries(words).flatMap(([name, text]) => {
    const word = readPromotion(text)
    return word === undefined ? [] : [{ name, word }]
  })
  const promotions = [
    ...heard.map(({ word }) => word),
    ...Object.entries(claims).flatMap(([name, text]) => {
      const claim = readOwn(text)
      return claim === undefined ? [] : [{ ...claim, node: name }]
    }),
  ]
  const latest = latestOf(promotions)
  const equal = promotions.find((other) => other.number === own && !sameNode(other.node, node))
  if (own !== undefined && latest.number > own) return { kind: 'superseded', by: latest }
  if (unique && equal) return { kind: 'superseded', by: equal }
  const proven: Verdict = { kind: 'proven', latest }
  const unproven = (why: string): Verdict => ({ kind: 'unproven', why })
  if (needsQuorum && membership?.quorate === false) {
    return unproven(
      `${node} is in a part of the cluster without quorum (${membership.members} of ${voters.length} nodes)`,
    )
  }
  const spoken = voters.filter((voter) => heard.some(({ name }) => sameNode(name, voter))).length
  if (spoken * 2 > voters.length) return proven
  if (membership === undefined) return unproven('the cluster does not say which nodes it has')
  if (spoken >= membership.members || settled) return proven
  return unproven(
    `${membership.members - spoken} of ${membership.members} members have not said yet which promotion they know of`,
  )
}
