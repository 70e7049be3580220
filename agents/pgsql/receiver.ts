/** What check_wal_receiver publishes. */
import { type NodeState } from '../../lib/cluster/snapshot'
import { type Connection } from '../../lib/postgres/connection'
import { findReceiver } from '../../lib/postgres/replication'
import { type Values } from './agent'
import { attributeNames } from './names'
import { type Step } from './steps'

export type ReceiverStatus = 'normal' | 'normal (master)' | 'ERROR'

/** The oldest version that says whether it receives. */
export const OLDEST_WITH_RECEIVER = 9.6

/** Asks the server, where the operator wants it published. */
export async function readReceiver(
  connection: Connection,
  { check_wal_receiver: wanted }: Pick<Values, 'check_wal_receiver'>,
  inRecovery: boolean,
): Promise<ReceiverStatus | undefined> {
  if (!wanted) return undefined
  if (!inRecovery) return 'normal (master)'
  return (await findReceiver(connection)) === undefined ? 'ERROR' : 'normal'
}

/** The change of the attribute, where there is one. */
export function receiverChange(
  resource: string,
  node: string,
  self: NodeState | undefined,
  receiver: ReceiverStatus | undefined,
): readonly Step[] {
  const { receiver: name } = attributeNames(resource)
  if (receiver === undefined || self?.transient[name] === receiver) return []
  return [{ step: 'attribute', node, name, value: receiver, lifetime: 'reboot' }]
}
