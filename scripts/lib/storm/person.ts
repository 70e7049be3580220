/** What `rejoin=safe` asks of a person: a node that would give something up is refused until it has a base backup. */
import { vipRep } from '../../../test/cluster/lab'
import { type Stage } from './play'

const REFUSALS = /take a base backup/

/** Does what the agent's refusal says, on one node, where there is a primary to copy. Says whether it has done so. */
export async function bringRefusedBack({ watch, machines, events }: Stage): Promise<boolean> {
  const { status, health } = watch
  if (!status || health.healthy || status.promoted('pgsql').length !== 1) return false
  const [primary = ''] = status.promoted('pgsql')
  if (status.nodeOf('vip-rep') !== primary) return false
  const refused = status.failures.find(
    ({ task, resource, node, exitReason }) =>
      task === 'start' && resource === 'pgsql' && node !== primary && REFUSALS.test(exitReason),
  )
  const node = machines.awake.find(({ name }) => name === refused?.node)
  if (!node || !refused) return false
  events.add(`a person takes a base backup on ${node.name}, as it says: ${refused.exitReason}`)
  await machines.without(node, async () => {
    await node.baseBackup(vipRep)
    await node.removeLock()
  })
  return true
}
