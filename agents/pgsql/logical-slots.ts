/** `logical_slots=failover`: the standbys keep copies of the primary's logical slots, and may be promoted with them. */
import { messageOf } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { dropStaleLogicalSlots } from '../../lib/postgres/logical-slots'
import { readSynchronousNames } from '../../lib/postgres/synchronous-names'
import { quoteSetting } from '../../lib/postgres/settings-text'
import { type Context, type Values } from './agent'
import { applicationName, type Site } from './site'
import { slotName } from './slot-names'

/**
 * The setting with which logical subscribers get nothing that the standbys do not have which commits wait for: one of
 * these is promoted. It changes together with `synchronous_standby_names`, so that a standby that is lost holds up
 * subscribers no longer than commits.
 *
 * @param names - `synchronous_standby_names`
 */
export function synchronizedSlotsText(
  { logicalSlots, slotPrefix, nodeList }: Pick<Site, 'logicalSlots' | 'slotPrefix' | 'nodeList'>,
  names: string,
): string {
  if (!logicalSlots) return ''
  const waitedFor = readSynchronousNames(names).names.map((name) => name.toLowerCase())
  const slots = nodeList
    .filter((node) => waitedFor.includes(applicationName(node)))
    .map((node) => slotName(slotPrefix, node))
  return `synchronized_standby_slots = ${quoteSetting(slots.join(', '))}\n`
}

/** Why a server that has just been started cannot do what `logical_slots=failover` asks for; nothing where it can. */
export async function refuseLogicalSlots(
  connection: Connection,
  site: Site,
  { logical_slots: wanted }: Values,
): Promise<string | undefined> {
  if (wanted !== 'failover') return undefined
  const [row] = await connection.rows<{ setting: string }>(
    `select setting from pg_catalog.pg_settings where name = 'wal_level'`,
  )
  return row?.setting === 'logical'
    ? undefined
    : `logical_slots: 'failover' needs wal_level=logical, and it is ${String(row?.setting)}: set it in ${site.instance.configFile} on every node, or leave logical_slots out`
}

/**
 * Removes what a former primary has left, on a standby that follows the primary which was promoted last. While there is
 * none, this node may become the primary again, with its slots.
 */
export async function dropStaleSlots({ log }: Context, connection: Connection): Promise<void> {
  try {
    for (const { name, confirmed } of await dropStaleLogicalSlots(connection)) {
      log.warning(
        `logical replication slot ${name} dropped (its subscriber had confirmed ${confirmed ?? 'nothing'}): it is of the time when this node was primary, and would keep PostgreSQL from copying the slots of the primary`,
      )
    }
  } catch (error) {
    log.warning(
      `logical replication slots of the time when this node was primary could not be looked for, and may keep PostgreSQL from copying those of the primary: ${messageOf(error)}`,
    )
  }
}
