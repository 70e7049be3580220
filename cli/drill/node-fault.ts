/** The internal command `node-fault`: what a drill does to this node's own PostgreSQL. */
import { agent } from '../../agents/pgsql/agent'
import { serverPlaceOf } from '../../agents/pgsql/data-directory'
import { resourceEnvironment } from '../../lib/cluster/resource-environment'
import { Deadline } from '../../lib/ocf'
import { readVariables } from '../../lib/ocf/dispatch'
import { readEnvironment } from '../../lib/ocf/environment'
import { findServer, serverProcesses, type ServerPlace } from '../../lib/postgres/server-state'
import { type Process, signalOwned } from '../../lib/system/processes'
import { CommandError, Exit } from '../exit'
import { type NodeFault, type NodeFaultResult } from './node-fault-kinds'

/** How long the host's name service may take to say which account the server's is. */
const LOOKUP_MS = 5000

/** The server's processes on this node, the postmaster first: it must not start others in the place of those that die. */
function processesOf(place: ServerPlace): readonly Process[] {
  const server = findServer(place)
  const all = serverProcesses(place)
  const postmaster = server.kind === 'running' ? server.postmaster.pid : undefined
  return [...all.filter(({ pid }) => pid === postmaster), ...all.filter(({ pid }) => pid !== postmaster)]
}

/**
 * Does it to the server of a pgsql resource, and to no other server that may run on this node.
 *
 * @throws CommandError REFUSED when there is none
 */
export async function faultOnNode(resource: string, fault: NodeFault): Promise<NodeFaultResult> {
  const variables = await resourceEnvironment(resource)
  const { values } = readVariables(agent, variables, readEnvironment(variables, agent.name))
  const { dataDirectory, owner } = await serverPlaceOf(values, new Deadline(LOOKUP_MS))
  if (owner === undefined) {
    throw new CommandError(Exit.REFUSED, `pgdba: there is no account '${values.pgdba}' on this node`)
  }
  const processes = processesOf({ dataDirectory, owner })
  if (processes.length === 0 && fault !== 'thaw') {
    throw new CommandError(Exit.REFUSED, `no PostgreSQL runs on ${dataDirectory} on this node`)
  }
  const met = fault === 'thaw' ? processes.filter(({ state }) => state === 'T') : processes
  const signal = ({ kill: 'SIGKILL', freeze: 'SIGSTOP', thaw: 'SIGCONT', look: undefined } as const)[fault]
  if (signal !== undefined) for (const { pid } of met) signalOwned(owner, pid, signal)
  return { done: fault, processes: met.length }
}
