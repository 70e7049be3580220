/** What a plan can consist of, and how each step is carried out. */
import { type AttributeChange, changeAttribute, changePromotionScore } from '../../lib/cluster/attributes'
import { republishAll } from '../../lib/cluster/republish'
import { type Log } from '../../lib/ocf'
import { quoteSetting } from '../../lib/postgres/settings-text'
import { removeOwned, writeOwned } from '../../lib/system/owned-files'
import { signalOwned } from '../../lib/system/processes'
import { type Lsn } from '../../lib/postgres/lsn'
import { type FollowNote } from './decide-follow'
import { synchronizedSlotsText } from './logical-slots'
import { type Quorum, writeQuorum } from './quorum'
import { type Site } from './site'

/** What the nodes were seen to hold by how many monitors in a row, while there was no primary. */
export interface ElectionNote {
  readonly positions: Readonly<Record<string, Lsn>>
  readonly seen: number
}

export type Step =
  | ({ readonly step: 'attribute' } & AttributeChange)
  | { readonly step: 'score'; readonly node: string; readonly score: string }
  /** Has the attribute daemon write what it knows into the CIB again: see lib/cluster/republish.ts. */
  | { readonly step: 'republish' }
  /** Goes on only with the proof that this node is the primary still: see decide-proof.ts. */
  | { readonly step: 'prove' }
  /** Changes synchronous_standby_names, in the included file and in the running server. */
  | { readonly step: 'synchronous'; readonly names: string }
  /** Goes on only once every acknowledged commit is on that node and all further ones will wait for it. */
  | { readonly step: 'confirm'; readonly node: string }
  /** Goes on only once every acknowledged commit is on enough of those standbys, and all further ones will be. */
  | { readonly step: 'confirm quorum'; readonly quorum: Quorum }
  /** Makes replication slots that are missing or invalidated. */
  | { readonly step: 'slots'; readonly names: readonly string[] }
  | { readonly step: 'note'; readonly note: ElectionNote | undefined }
  | { readonly step: 'follow'; readonly note: FollowNote | undefined }

export function describeStep(step: Step): string {
  switch (step.step) {
    case 'attribute':
      return step.value === undefined
        ? `delete node attribute ${step.name} of ${step.node}`
        : `set node attribute ${step.name} of ${step.node} to ${step.value}`
    case 'score':
      return `set the promotion score of ${step.node} to ${step.score}`
    case 'republish':
      return 'have the node attributes written again that the cluster has lost'
    case 'prove':
      return 'make sure that this node is the primary still: with quorum, and nobody promoted after it'
    case 'synchronous':
      return `set synchronous_standby_names to '${step.names}' and reload`
    case 'confirm':
      return `wait until ${step.node} has everything that was acknowledged`
    case 'confirm quorum':
      return `wait until everything that was acknowledged is on ${writeQuorum(step.quorum)}`
    case 'slots':
      return `make missing or invalidated replication slots again: ${step.names.join(', ')}`
    case 'note':
      return step.note
        ? `note the WAL positions of this election (seen ${step.note.seen} times)`
        : 'remove the note of the election'
    case 'follow':
      return step.note
        ? 'note that this standby receives nothing'
        : 'remove the note that this standby received nothing'
  }
}

/** What the steps act on. */
export interface Effects {
  readonly site: Site
  readonly log: Log
  /** The running server's process, which a reload is sent to. */
  readonly postmaster?: number
  /** Waits for the proof that so many of these nodes have everything; `false` when it did not come. */
  readonly confirm?: (nodes: Quorum) => Promise<boolean>
  /** Makes replication slots, and replaces those that are invalidated. */
  readonly makeSlots?: (names: readonly string[]) => Promise<void>
  /** Collects the proof that this node is the primary still; `false` when it did not come. */
  readonly prove?: () => Promise<boolean>
}

/** Text of the file with the agent's synchronous_standby_names. */
export function repModeText(names: string): string {
  return `synchronous_standby_names = ${quoteSetting(names)}\n`
}

/** Carries out one step. Returns `false` when those after it must not be. */
async function performStep(
  step: Step,
  { site, log, postmaster, confirm, makeSlots, prove }: Effects,
): Promise<boolean> {
  const { owner } = site.instance
  switch (step.step) {
    case 'attribute':
      log.info(describeStep(step))
      await changeAttribute(step, site.attributeDeadline(), site.featureSet)
      return true
    case 'score':
      log.info(describeStep(step))
      await changePromotionScore(site, step.node, step.score, site.attributeDeadline())
      return true
    case 'synchronous':
      log.info(describeStep(step))
      writeOwned(owner, site.files.repMode, repModeText(step.names) + synchronizedSlotsText(site, step.names))
      if (postmaster !== undefined) signalOwned(owner, postmaster, 'SIGHUP')
      return true
    case 'republish':
      log.info(describeStep(step))
      await republishAll(site.attributeDeadline())
      return true
    case 'prove':
      return (await prove?.()) === true
    case 'confirm':
      return (await confirm?.({ count: 1, names: [step.node] })) === true
    case 'confirm quorum':
      return (await confirm?.(step.quorum)) === true
    case 'slots':
      log.info(describeStep(step))
      await makeSlots?.(step.names)
      return true
    case 'note':
      if (step.note) writeOwned(owner, site.files.election, `${JSON.stringify(step.note)}\n`)
      else removeOwned(owner, site.files.election)
      return true
    case 'follow':
      if (step.note) writeOwned(owner, site.files.follow, `${JSON.stringify(step.note)}\n`)
      else removeOwned(owner, site.files.follow)
      return true
  }
}

function isIndependent(step: Step): boolean {
  return step.step === 'attribute' || step.step === 'score'
}

/**
 * Carries steps out in order. Neighbouring changes of attributes are made side by side: they say different things
 * about one state, and none of them waits for another. A step of another kind waits for all before it. When one
 * fails, those after it are not begun.
 */
export async function performSteps(steps: readonly Step[], effects: Effects): Promise<void> {
  let index = 0
  while (index < steps.length) {
    let end = index + 1
    const first = steps[index]
    if (first === undefined) return
    if (isIndependent(first)) {
      while (end < steps.length && isIndependent(steps[end] ?? first)) end += 1
    }
    const results = await Promise.all(steps.slice(index, end).map((step) => performStep(step, effects)))
    if (results.includes(false)) return
    index = end
  }
}
