/** The primary's care for its standbys: after each monitor, and when a standby has started or stopped. */
import { takeSnapshot } from '../../lib/cluster/snapshot'
import { type ExitCode, carryOut } from '../../lib/ocf'
import { type Connection } from '../../lib/postgres/connection'
import { type MajorVersion } from '../../lib/postgres/instance'
import {
  checkpointerRests,
  readFlushed,
  readRole,
  readStandbys,
  type StandbyRow,
} from '../../lib/postgres/replication'
import { type Context } from './agent'
import { decidePrimary, type PrimaryFacts } from './decide-primary'
import { readReceiver } from './receiver'
import { otherNodes, type ReplicatedSite } from './site'
import { describeStep, performSteps } from './steps'

/** How long a standby may take to become synchronous, or to get everything; longer, and the next monitor looks. */
const PATIENCE_MS = 3000
const POLL_MS = 25

const rowOf = (rows: readonly StandbyRow[], node: string): StandbyRow | undefined =>
  rows.find(
    ({ applicationName, syncState }) =>
      applicationName.toLowerCase() === node.toLowerCase() && syncState === 'SYNC',
  )

/**
 * Whether `node` holds every commit that was acknowledged up to now, and every further one will wait for it: it is
 * synchronous for all sessions, and has since written to disk what the primary had.
 */
async function confirmComplete(
  connection: Connection,
  version: MajorVersion,
  node: string,
  { deadline, log }: Context,
): Promise<boolean> {
  const patience = deadline.within(PATIENCE_MS)
  let target: string | undefined
  const complete = await patience.holds(POLL_MS, async () => {
    const row = rowOf(await readStandbys(connection, version), node)
    if (row === undefined) return false
    if (target === undefined && (await checkpointerRests(connection, version))) {
      target = await readFlushed(connection, version)
    }
    return target !== undefined && row.flushed !== undefined && row.flushed >= target
  })
  if (!complete) log.info(`${node} is not yet known to have every commit: it may not be promoted until it is`)
  return complete
}

export async function controlStandbys(
  context: Context,
  site: ReplicatedSite,
  version: MajorVersion,
  connection: Connection,
  postmaster: number,
): Promise<ExitCode> {
  const { deadline, log, values } = context
  const observe = async (): Promise<PrimaryFacts> => {
    const [snapshot, role, standbys] = await Promise.all([
      takeSnapshot(deadline),
      readRole(connection, version),
      readStandbys(connection, version),
    ])
    return {
      resource: site.resource,
      mode: site.mode,
      node: site.node,
      others: otherNodes(site, snapshot),
      externals: site.mode === 'sync' ? values.external_standby_node_list : [],
      standbys,
      receiver: await readReceiver(connection, values, role.inRecovery),
      synchronousStandbyNames: role.synchronousStandbyNames,
      snapshot,
    }
  }
  const means = {
    describe: describeStep,
    perform: (steps: Parameters<typeof performSteps>[0]) =>
      performSteps(steps, {
        site,
        log,
        postmaster,
        confirm: (node) => confirmComplete(connection, version, node, context),
      }),
  }
  const facts = await observe()
  const plan = decidePrimary(facts)
  const exit = await carryOut(context, facts, plan, means)
  const { awaiting } = plan
  if (awaiting === undefined || context.explain) return exit

  const synchronous = await deadline
    .within(PATIENCE_MS)
    .holds(POLL_MS, async () => rowOf(await readStandbys(connection, version), awaiting) !== undefined)
  if (!synchronous) {
    log.info(`${awaiting} is not synchronous yet`)
    return exit
  }
  const again = await observe()
  return carryOut(context, again, decidePrimary(again), means)
}
