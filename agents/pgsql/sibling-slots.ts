/** The slots that a standby keeps for the other standbys: see decide-sibling-slots.ts. Loaded once a minute. */
import { answersForAll } from '../../lib/cluster/attribute-commands'
import { tellPrivately } from '../../lib/cluster/private-attribute'
import { sameNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { valuesInMemory } from '../../lib/cluster/total-order'
import { messageOf } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { type MajorVersion } from '../../lib/postgres/instance'
import { type Lsn } from '../../lib/postgres/lsn'
import { dropSlots, makeSlots } from '../../lib/postgres/slots'
import { advanceSlot, readPhysicalSlots, readStandbyPosition } from '../../lib/postgres/standby-slots'
import { removeOwned } from '../../lib/system/owned-files'
import { dictionary, readState, record, text, whole, writeState } from '../../lib/system/state-file'
import { type Context } from './agent'
import { decideSiblingSlots, type Sibling, type SiblingFacts, type SiblingNote } from './decide-sibling-slots'
import { primaryNodes } from './primaries'
import { mayHaveSiblings } from './sibling-slots-due'
import { type Site } from './site'
import { slotName } from './slot-names'
import { dropStandbySlots } from './slots'

/** How long the cluster may take to say what the others have: nothing waits for it but the next monitor. */
const PATIENCE_MS = 5000

/** More than a cluster has. */
const NODES_MAX = 100

const POSITION = /^[0-9A-F]{16}$/

const siblingNote = dictionary(
  record({ has: text({ max: 16, pattern: POSITION }), at: whole(0, Number.MAX_SAFE_INTEGER) }),
  NODES_MAX,
)

type Placed = Pick<Site, 'instance' | 'files'>

function readNote({ instance, files }: Placed): SiblingNote {
  return readState(instance.owner, files.siblings, siblingNote) ?? {}
}

export interface SiblingsSaid {
  readonly siblings: readonly Sibling[]
  /** Seconds without a confirmation; 0: no slots. */
  readonly timeout: number
  /** Seconds since 1970. */
  readonly now: number
}

/** Makes, advances and drops the slots of a standby, by what the other nodes have said. */
export async function tendSlots(
  { log }: Pick<Context, 'log'>,
  site: Placed,
  version: MajorVersion,
  connection: Connection,
  { siblings, timeout, now }: SiblingsSaid,
): Promise<void> {
  const note = readNote(site)
  const names = [...new Set([...siblings.map(({ slot }) => slot), ...Object.keys(note)])]
  const { replayed, redo } = await readStandbyPosition(connection)
  if (replayed === undefined || redo === undefined) return
  const slots = await readPhysicalSlots(connection, version, names)
  const facts: SiblingFacts = { siblings, slots, note, replayed, redo, now, timeout }
  const plan = decideSiblingSlots(facts)
  for (const { slot, why } of plan.drop) {
    const [dropped] = await dropSlots(connection, [slot])
    if (dropped !== undefined) log.info(`replication slot ${dropped} dropped: ${why}`)
  }
  if (plan.make.length > 0) {
    await dropSlots(connection, plan.make)
    await makeSlots(connection, plan.make, version)
    log.info(`replication slots made for other standbys: ${plan.make.join(', ')}`)
  }
  for (const { slot, to } of plan.advance) await advanceSlot(connection, slot, to)
  writeState(site.instance.owner, site.files.siblings, plan.note)
}

/** What the other nodes have: the primary all that this standby has, the others what they say. */
async function askSiblings(context: Context, site: Site, own: Lsn | undefined): Promise<readonly Sibling[]> {
  const deadline = context.deadline.within(PATIENCE_MS)
  const [snapshot, said] = await Promise.all([
    takeSnapshot(deadline),
    valuesInMemory(site.attributes.has, deadline),
  ])
  const primaries = primaryNodes(snapshot, site.resource)
  const values = Object.entries(said)
  const says = (node: string): Lsn | undefined =>
    values.find(([name, value]) => sameNode(name, node) && POSITION.test(value))?.[1]
  if (own !== undefined && says(site.node) !== own) await tellPrivately(site.attributes.has, own, deadline)
  return site.nodeList
    .filter((node) => !sameNode(node, site.node))
    .map((node) => ({
      node,
      slot: slotName(site.slotPrefix, node),
      has: primaries.some((primary) => sameNode(primary, node)) ? own : says(node),
    }))
}

/**
 * Looks after them, and tells the other standbys what this one has. A standby that cannot do it is as well as before.
 *
 * @param position - the end of what this standby has received or replayed
 */
export async function keepSlots(
  context: Context,
  site: Site,
  version: MajorVersion,
  connection: Connection,
  position: Lsn | undefined,
): Promise<void> {
  const timeout = keepsSlots(context, site, version) ? context.values.standby_slot_timeout : 0
  try {
    const siblings = timeout > 0 ? await askSiblings(context, site, position) : []
    const now = Math.floor(Date.now() / 1000)
    await tendSlots(context, site, version, connection, { siblings, timeout, now })
  } catch (error) {
    postpone(site)
    context.log.warning(
      `the replication slots that this standby keeps for the others are not up to date, and after a failover to this node they may lack WAL: ${messageOf(error)}`,
    )
  }
}

/** What failed is tried again in a minute, and not with each monitor. */
function postpone(site: Placed): void {
  try {
    writeState(site.instance.owner, site.files.siblings, readNote(site))
  } catch {
    // Then it is tried at once.
  }
}

/** Whether this node keeps slots while it is a standby. */
function keepsSlots({ values, env }: Context, site: Site, version: MajorVersion): boolean {
  return mayHaveSiblings(site, version) && values.standby_slot_timeout > 0 && answersForAll(env.featureSet)
}

/**
 * What becomes, on a server that has just been started as a standby, of the slots that are there. A slot of a former
 * primary that holds back vacuum would go on doing so, by hot_standby_feedback, in the new primary. One that keeps less
 * than the standby needs itself is of data that has been replaced since.
 */
export async function sortOutSlots(
  context: Context,
  site: Site,
  version: MajorVersion,
  connection: Connection,
): Promise<void> {
  const { log } = context
  const keeps = keepsSlots(context, site, version)
  const others = site.nodeList.filter((node) => !sameNode(node, site.node))
  const names = keeps ? others.map((node) => slotName(site.slotPrefix, node)) : []
  const found = keeps ? await readPhysicalSlots(connection, version, names) : []
  const redo = found.length > 0 ? (await readStandbyPosition(connection)).redo : undefined
  const kept = found.filter(
    ({ keepsFrom, feedback }) =>
      !feedback && keepsFrom !== undefined && redo !== undefined && keepsFrom <= redo,
  )
  await dropStandbySlots(connection, site, log, {
    besides: Object.keys(readNote(site)),
    except: kept.map(({ name }) => name),
  })
  // The time without a confirmation starts again.
  removeOwned(site.instance.owner, site.files.siblings)
}
