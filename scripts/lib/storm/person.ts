/** What the agents ask of a person, done as they say it. */
import { vipRep } from '../../../test/cluster/lab'
import { archiveDir } from '../../../test/cluster/lab/postgres'
import { type Stage } from './play'

/** How the storm's own journal tells it. */
export const BACKUP_BY_HAND = 'a person takes a base backup'

const REFUSALS = /take a base backup/

/**
 * `rejoin=safe` refuses a node that would give something up until it has a base backup. Takes it, on one node, where
 * there is a primary to copy, and all nodes are members of the cluster. Says whether it has done so.
 */
export async function bringRefusedBack({ lab, watch, machines, events }: Stage): Promise<boolean> {
  const { status, health } = watch
  if (!status || health.healthy || status.promoted('pgsql').length !== 1) return false
  // A second node that is taken down before the first is back would cost the quorum, and with it the primary.
  if (!lab.nodes.every(({ name }) => status.online.includes(name))) return false
  const [primary = ''] = status.promoted('pgsql')
  if (status.nodeOf('vip-rep') !== primary) return false
  const awake = machines.awake.filter(({ name }) => name !== primary)
  for (const node of awake) {
    const failure = status.failures.find(
      ({ task, resource, node: name, exitReason }) =>
        task === 'start' && resource === 'pgsql' && name === node.name && REFUSALS.test(exitReason),
    )
    // A standby that had newer data when the primary was promoted keeps itself off, until a person clears that.
    const banned = status.attribute(node.name, 'pgsql-refused')
    const reason = banned !== undefined && REFUSALS.test(banned) ? banned : failure?.exitReason
    if (reason === undefined) continue
    events.add(`${BACKUP_BY_HAND} on ${node.name}, as it says: ${reason}`)
    await machines.without(node, async () => {
      await node.baseBackup(vipRep)
      await node.removeLock()
    })
    if (reason === banned) {
      await lab.node(primary).must(['crm_resource', '--clear', '--resource', 'pgsql', '--node', node.name])
    }
    return true
  }
  return false
}

/** The timeline of a promotion that does not count is in the node's own archive, which the agents do not touch. */
const ARCHIVED = /take (\w+)\.history out of it/

/** Takes such timelines out of the archives of the nodes that say so. Says whether there was one. */
export async function clearArchives({ watch, machines, events }: Stage): Promise<boolean> {
  let found = false
  for (const { node: name, exitReason } of watch.status?.failures ?? []) {
    const timeline = ARCHIVED.exec(exitReason)?.[1]
    const node = machines.awake.find((each) => each.name === name)
    if (timeline === undefined || !node) continue
    found = true
    events.add(`a person takes timeline ${timeline} out of the archive of ${name}, as it says: ${exitReason}`)
    const remove = ['find', archiveDir, `${node.pgData}/pg_wal`, '-maxdepth', '1', '-name', `${timeline}*`]
    await node.must([...remove, '-delete'])
    await node.must(['crm_resource', '--cleanup', '--resource', 'pgsql', '--node', name])
  }
  return found
}
