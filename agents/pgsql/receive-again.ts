/** The end of holding a standby off (hold-off.ts): it receives from the primary that was promoted last. */
import { takeSnapshot } from '../../lib/cluster/snapshot'
import { ExitCode, messageOf } from '../../lib/ocf'
import { spawnDetached } from '../../lib/system/background-program'
import { type Context } from './agent'
import { askPrimary, primarySettings } from './ask-primary'
import { changeRecoverySettings, isHeldOff } from './hold-off'
import { latestPromotion } from './promotions'
import { prove } from './prove'
import { publish } from './publish'
import { requireLatest } from './rejoin'
import { readReplicatedSite, readSiteVersion, type Site } from './site'
import { standbySettings } from './standby-settings'

/** How long the primary may take to answer one question. */
const ASK_MS = 5000
const CONNECT_SECONDS = '2'

const POLL_MS = 100

/** Why it is not the primary that was promoted last that answers at `master_ip`; nothing where it is. */
async function askLatest(context: Context, site: Site): Promise<string | undefined> {
  const settings = primarySettings(site, context.values)
  const deadline = context.deadline.within(ASK_MS)
  try {
    await requireLatest(context, site, await askPrimary(context, site, settings, deadline, CONNECT_SECONDS))
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

/**
 * Has a standby that was held off receive from the primary again. What it said in the election is taken back first: from
 * now on it has more.
 *
 * @returns why it does not receive yet; nothing where it does
 */
export async function receiveAgain(context: Context, site: Site): Promise<string | undefined> {
  const { values, deadline, log } = context
  const unreached = await askLatest(context, site)
  if (unreached !== undefined) return unreached
  const snapshot = await takeSnapshot(deadline)
  const { number } = latestPromotion(snapshot, site.resource)
  await publish(site, site.node, { position: null })
  // Another standby may be about to be promoted by what this one has said. Either that one sees that it is taken back,
  // or this one sees the number of that promotion: both go through the cluster in one order.
  const [proof, lost] = await Promise.all([prove(site, snapshot, number, deadline), askLatest(context, site)])
  if (lost !== undefined) return lost
  if (proof.kind === 'unproven') return proof.why
  if (proof.kind === 'superseded') return `${proof.by.node} is promoted (promotion ${proof.by.number})`
  log.info('there is a primary: this standby receives from it')
  const settings = standbySettings(site, values, readSiteVersion(site))
  return changeRecoverySettings(site, settings) ? undefined : 'PostgreSQL does not run'
}

/**
 * The action `receive`, of a process in the background: as `receiveAgain`, as soon as the new primary has its address.
 * Where that takes longer than the action may, the monitors go on with it.
 */
export async function receive(context: Context): Promise<ExitCode> {
  const site = await readReplicatedSite(context)
  await context.deadline.holds(
    POLL_MS,
    async () => !isHeldOff(site) || (await receiveAgain(context, site)) === undefined,
  )
  return ExitCode.SUCCESS
}

/** Begins that process: the address of the replication is brought up only after the notification of the promotion. */
export async function beginReceiving({ variables }: Context): Promise<void> {
  await spawnDetached(process.execPath, [process.argv[1] ?? '', 'receive'], {
    ...variables,
    OCF_RESKEY_CRM_meta_timeout: undefined,
    OCF_RESKEY_CRM_meta_interval: undefined,
  })
}
