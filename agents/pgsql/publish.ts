/** Writing this node's attributes outside of a plan: at start, stop, promote and demote. */
import { changeAttribute, changePromotionScore } from '../../lib/cluster/attributes'
import { messageOf, type Log } from '../../lib/ocf'
import { type Site } from './site'

/** New values of the attributes of a node; `null` deletes one, and what is not named is left alone. */
export interface Publication {
  readonly status?: string
  readonly dataStatus?: string
  readonly baseline?: string | null
  readonly position?: string | null
  readonly receiver?: null
  /** Why this node refused to go on under a new primary. */
  readonly refused?: string | null
  readonly quorum?: null
  readonly waiting?: null
  /** How far a rejoin is. */
  readonly rejoin?: string | null
  /** The number of the node's own last promotion. */
  readonly promotion?: string
  /** The same, where the attribute daemons of all members have it in memory: see decide-proof.ts. */
  readonly claim?: string
  /** The latest promotion that the node knows of. */
  readonly epoch?: string
  readonly score?: string
}

function writes(site: Site, node: string, publication: Publication): readonly (() => Promise<void>)[] {
  const { attributes, attributeDeadline, featureSet } = site
  const { status, dataStatus, baseline, position, receiver, refused, quorum, waiting, rejoin } = publication
  const { promotion, claim, epoch, score } = publication
  const attribute = (name: string, value: string | null | undefined, lifetime: 'reboot' | 'forever') =>
    value === undefined
      ? []
      : [
          () =>
            changeAttribute(
              { node, name, value: value ?? undefined, lifetime },
              attributeDeadline(),
              featureSet,
            ),
        ]
  return [
    ...attribute(attributes.status, status, 'reboot'),
    ...attribute(attributes.dataStatus, dataStatus, 'forever'),
    ...attribute(attributes.baseline, baseline, 'reboot'),
    ...attribute(attributes.position, position, 'reboot'),
    ...attribute(attributes.receiver, receiver, 'reboot'),
    ...attribute(attributes.refused, refused, 'reboot'),
    ...attribute(attributes.quorum, quorum, 'forever'),
    ...attribute(attributes.waiting, waiting, 'reboot'),
    ...attribute(attributes.rejoin, rejoin, 'reboot'),
    ...attribute(attributes.promotion, promotion, 'forever'),
    ...attribute(attributes.promotion, claim, 'reboot'),
    ...attribute(attributes.epoch, epoch, 'reboot'),
    ...(score === undefined ? [] : [() => changePromotionScore(site, node, score, attributeDeadline())]),
  ]
}

/** Writes a node's attributes, side by side. */
export async function publish(site: Site, node: string, publication: Publication): Promise<void> {
  await Promise.all(writes(site, node, publication).map((write) => write()))
}

/**
 * As `publish`, for an action that must succeed all the same: when a node leaves the cluster, whoever keeps the
 * attributes may already be gone, and the attributes with it.
 *
 * @returns whether all were written
 */
export async function tryPublish(
  site: Site,
  node: string,
  publication: Publication,
  log: Log,
): Promise<boolean> {
  const results = await Promise.allSettled(writes(site, node, publication).map((write) => write()))
  for (const result of results) {
    if (result.status === 'rejected') log.warning(`could not be published: ${messageOf(result.reason)}`)
  }
  return results.every(({ status }) => status === 'fulfilled')
}
