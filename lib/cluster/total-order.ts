/**
 * What can be known of the cluster as it is now, and not as it was when this node last looked.
 *
 * Pacemaker's attribute daemon sends each change through corosync to all members, itself included, and changes its own
 * memory only when its message comes back. Messages and changes of the membership come to all members in one order
 * ("extended virtual synchrony"), so that a node which has slept gets its own message back only in the membership that
 * holds after its sleep. With the news that a member has left, the daemon forgets what it knew of that member; when the
 * member is back, the others tell it again.
 */
import { randomBytes } from 'node:crypto'
import { type Deadline } from '../ocf'
import { runProgram } from '../system/run-program'

/** Milliseconds between two looks for the message: it takes about ten in a cluster that is well. */
const POLL_MS = 10

async function deliver(name: string, deadline: Deadline): Promise<boolean> {
  const value = randomBytes(6).toString('hex')
  // Private: kept by the attribute daemons, and not written into the CIB, where it would make the scheduler run.
  const update = await runProgram('attrd_updater', ['--private', `--name=${name}`, `--update=${value}`], {
    deadline,
  })
  if (update.code !== 0) return false
  return deadline.holds(POLL_MS, async () => {
    const { code, stdout } = await runProgram('attrd_updater', ['--query', `--name=${name}`], { deadline })
    return code === 0 && stdout.includes(`"${value}"`)
  })
}

/**
 * Sends two messages to the cluster, the second after the first has come back, and waits for them.
 *
 * Corosync sends when the token comes by. A node that fell asleep with the token in its hands still sends the first, and
 * delivers it to itself, in a membership that is gone. The second needs the token again: it has been all around the ring
 * since this function was called, and every member of the ring was awake.
 *
 * @param name - of the private attribute that carries the messages
 * @returns `false` when they did not come back before the deadline
 */
export async function roundTrip(name: string, deadline: Deadline): Promise<boolean> {
  return (await deliver(name, deadline)) && (await deliver(name, deadline))
}

/** Reads what `attrd_updater --query --all` prints: an attribute's value on each node that has one. */
export function readValues(text: string): Readonly<Record<string, string>> {
  const lines = text.matchAll(/\bhost="([^"]*)" value="([^"]*)"/g)
  return Object.fromEntries([...lines].map(([, host = '', value = '']) => [host, value]))
}

/** By these, which an agent has in its environment, the tool takes one node for all. */
const ONE_NODE = {
  OCF_RESKEY_CRM_meta_on_node: undefined,
  OCF_RESKEY_CRM_meta_physical_host: undefined,
  OCF_RESKEY_CRM_meta_container_attribute_target: undefined,
}

/**
 * An attribute's value on each member, as the local attribute daemon has it in memory. Members that it has not been told
 * of yet are missing, and so are nodes that have left.
 */
export async function valuesInMemory(
  name: string,
  deadline: Deadline,
): Promise<Readonly<Record<string, string>>> {
  const { code, stdout } = await runProgram('attrd_updater', ['--query', `--name=${name}`, '--all'], {
    deadline,
    env: ONE_NODE,
  })
  return code === 0 ? readValues(stdout) : {}
}

/** The part of the cluster that this node is in. */
export interface Membership {
  readonly quorate: boolean
  /** How many nodes it has. */
  readonly members: number
  /** Changes whenever a node leaves or comes; nothing where that is not said. */
  readonly ring: string | undefined
}

/** Reads what `corosync-quorumtool -s` prints. */
export function readQuorumStatus(text: string): Membership | undefined {
  const quorate = /^Quorate:\s+(\S+)/m.exec(text)?.[1]
  const members = /^Nodes:\s+(\d+)/m.exec(text)?.[1]
  const ring = /^Ring ID:\s+(\S+)/m.exec(text)?.[1]
  return quorate === undefined || members === undefined
    ? undefined
    : { quorate: /^yes$/i.test(quorate), members: Number(members), ring }
}

/** Asks corosync itself; where there is none, pacemaker. Nothing where neither answers. */
export async function askMembership(deadline: Deadline): Promise<Membership | undefined> {
  try {
    // Its exit code tells the quorum; what it prints does, too.
    const { stdout } = await runProgram('corosync-quorumtool', ['-s'], { deadline })
    const status = readQuorumStatus(stdout)
    if (status) return status
  } catch {
    // No corosync: heartbeat.
  }
  try {
    const quorum = await runProgram('crm_node', ['-q'], { deadline })
    const partition = await runProgram('crm_node', ['-p'], { deadline })
    if (quorum.code !== 0 || partition.code !== 0) return undefined
    return {
      quorate: quorum.stdout.trim() === '1',
      members: partition.stdout.trim().split(/\s+/).filter(Boolean).length,
      ring: undefined,
    }
  } catch {
    return undefined
  }
}
