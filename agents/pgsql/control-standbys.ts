/** The primary's care for its standbys: after each monitor, and when a standby has started or stopped. */
import { sameNode, takeSnapshot } from '../../lib/cluster/snapshot'
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
import { type Lsn } from '../../lib/postgres/lsn'
import { ancestors } from '../../lib/postgres/timeline-history'
import { type Context } from './agent'
import { isWaitedFor } from './choose-standbys'
import {
  actsBy,
  decidePrimary,
  decideSuperseded,
  type PrimaryFacts,
  type PrimaryPlan,
} from './decide-primary'
import { isLatest } from './promotions'
import { type Proof, type ProofMemory, prove } from './prove'
import { type Quorum } from './quorum'
import { withDegraded } from './degraded'
import { readReceiver } from './receiver'
import { renewSlots, troubledSlots } from './slots'
import { otherNodes, type ReplicatedSite } from './site'
import { describeStep, performSteps } from './steps'
import { readPolicy } from './sync-policy'

/** How long a standby may take to become synchronous, or to get everything; longer, and the next monitor looks. */
const PATIENCE_MS = 3000
const POLL_MS = 25

const rowOf = (rows: readonly StandbyRow[], node: string): StandbyRow | undefined =>
  rows.find((row) => sameNode(row.applicationName, node) && isWaitedFor(row))

/**
 * Whether so many of these standbys hold every commit that was acknowledged up to now, and every further one will wait
 * for as many: they are waited for by all sessions, and have since written to disk what the primary had.
 */
async function confirmComplete(
  connection: Connection,
  version: MajorVersion,
  { count, names }: Quorum,
  { deadline, log }: Context,
): Promise<boolean> {
  const patience = deadline.within(PATIENCE_MS)
  let target: Lsn | undefined
  const complete = await patience.holds(POLL_MS, async () => {
    const standbys = await readStandbys(connection, version)
    const rows = names.flatMap((node) => rowOf(standbys, node) ?? [])
    if (rows.length < count) return false
    if (target === undefined && (await checkpointerRests(connection, version))) {
      target = await readFlushed(connection, version)
    }
    const reached = target
    if (reached === undefined) return false
    return rows.filter(({ flushed }) => flushed !== undefined && flushed >= reached).length >= count
  })
  const [only] = names
  if (complete) return true
  if (names.length === 1) {
    log.info(`${only} is not yet known to have every commit: it may not be promoted until it is`)
  } else {
    log.info(`it is not yet known that ${count} of ${names.join(', ')} have every commit`)
  }
  return false
}

/** What a look at the replication came to. */
interface Look {
  readonly plan: PrimaryPlan
  readonly exit: ExitCode
  readonly outcome: Outcome
}

type Outcome =
  /** All was done, or nothing needed a proof. */
  | { readonly kind: 'done' }
  /** The proof took its time: the cluster has changed meanwhile, and what was seen before is of no use. */
  | { readonly kind: 'outdated' }
  | Exclude<Proof, { readonly kind: 'proven' }>

function outcomeOf(proof: Proof | undefined): Outcome {
  if (proof === undefined) return { kind: 'done' }
  if (proof.kind !== 'proven') return proof
  return proof.prompt ? { kind: 'done' } : { kind: 'outdated' }
}

/** How often a look is repeated while the membership of the cluster changes. */
const LOOKS = 3

async function lookPatiently(look: () => Promise<Look>): Promise<Look> {
  let last = await look()
  for (let count = 1; last.outcome.kind === 'outdated' && count < LOOKS; count++) last = await look()
  return last
}

/** @param slept - this node may have slept since its last monitor */
export async function controlStandbys(
  context: Context,
  site: ReplicatedSite,
  version: MajorVersion,
  connection: Connection,
  postmaster: number,
  { slept = false }: { readonly slept?: boolean } = {},
): Promise<ExitCode> {
  const { deadline, log, values } = context
  const observe = async (): Promise<PrimaryFacts> => {
    const [snapshot, role, standbys, slots] = await Promise.all([
      takeSnapshot(deadline),
      readRole(connection, version),
      readStandbys(connection, version),
      troubledSlots(connection, site, version),
    ])
    return {
      resource: site.resource,
      mode: site.mode,
      policy: readPolicy(values),
      maxLag: values.max_lag,
      node: site.node,
      others: otherNodes(site, snapshot),
      externals: site.mode === 'sync' ? values.external_standby_node_list : [],
      standbys,
      slots,
      receiver: await readReceiver(connection, values, role.inRecovery),
      synchronousStandbyNames: role.synchronousStandbyNames,
      slept,
      timeline: role.timeline,
      history: isLatest(snapshot, site.node, site.resource) ? [] : ancestors(site.instance, role.timeline),
      snapshot,
    }
  }
  const memory: ProofMemory = {}
  /** One look at the replication, and what follows from it. */
  const look = async (): Promise<Look> => {
    const facts = await observe()
    const plan = decidePrimary(facts)
    let proof: Proof | undefined
    const means = {
      describe: describeStep,
      perform: (steps: Parameters<typeof performSteps>[0]) =>
        performSteps(steps, {
          site,
          log,
          postmaster,
          makeSlots: (names) => renewSlots(connection, names, version, log),
          confirm: (nodes) => confirmComplete(connection, version, nodes, context),
          prove: async () => {
            proof = await prove(site, facts.snapshot, actsBy(facts), deadline, { memory })
            return proof.kind === 'proven' && proof.prompt
          },
        }),
    }
    const exit = await carryOut(context, facts, plan, means)
    const outcome = outcomeOf(proof)
    if (outcome.kind !== 'superseded') return { plan, exit, outcome }
    return { plan, exit: await carryOut(context, facts, decideSuperseded(outcome.by, facts), means), outcome }
  }
  const first = await lookPatiently(look)
  const exit = report(context, first)
  const { awaiting, steps } = first.plan
  if (awaiting === undefined || first.outcome.kind === 'unproven' || context.explain) return exit

  const [setting] = steps.flatMap((step) => (step.step === 'synchronous' ? [step.names] : []))
  const synchronous = await deadline
    .within(PATIENCE_MS)
    .holds(
      POLL_MS,
      async () =>
        rowOf(await readStandbys(connection, version), awaiting) !== undefined &&
        (await readRole(connection, version)).synchronousStandbyNames === setting,
    )
  if (!synchronous) {
    log.info(`${awaiting} is not synchronous yet`)
    return exit
  }
  return report(context, await lookPatiently(look))
}

/** Says in the log what a look came to, and with which code the monitor ends. */
function report(context: Context, { plan, exit, outcome }: Look): ExitCode {
  const { log } = context
  if (outcome.kind === 'unproven') {
    const why = `cannot prove that this node is the primary still, and changes nothing: ${outcome.why}`
    log.warning(why)
    return withDegraded(context, exit, why)
  }
  if (outcome.kind === 'outdated') {
    log.warning('the members of the cluster change: what is to be changed waits for the next monitor')
  }
  const { waiting, degraded } = plan
  if (waiting !== undefined) {
    log.warning(
      `commits wait for ${waiting} (sync_policy=strict): bring it back, shut it down in good order or fence it; once it is surely off, stonith_admin --confirm NODE`,
    )
  }
  return withDegraded(context, exit, degraded)
}
