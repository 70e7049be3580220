/** What a plan leaves open, said plainly: warnings, not refusals. */
import { databaseParameters, readDatabaseValues } from './model'
import { type Plan } from './plan'

export interface Advice {
  readonly warning: string
  readonly offers: readonly string[]
}

/** What the operator should know before this plan runs. */
export function adviseOn(plan: Plan): readonly Advice[] {
  const values = readDatabaseValues(databaseParameters(plan))
  const advice: Advice[] = []
  if (plan.fencing === 'none') {
    const two = plan.nodes.length === 2
    advice.push({
      warning: two
        ? 'two nodes and no fencing: when they do not see each other, both may become primary, and what one of them acknowledges then is lost'
        : 'no fencing: a primary that hangs or is cut off cannot be kept from answering for some seconds',
      offers: [
        'fencing=stonith, with a fencing device (stonith_admin --list-installed shows the agents): a lost node is switched off before another one is promoted',
        ...(two
          ? [
              'fencing=qdevice, with a quorum device on a third machine (corosync-qdevice): a node that is cut off stops',
            ]
          : []),
        ...(values.rep_mode === 'sync' && values.sync_policy !== 'strict'
          ? [
              'sync_policy=strict: nothing is acknowledged that is on one machine only; writes wait while the standby is lost',
            ]
          : []),
      ],
    })
  }
  if (values.rep_mode === 'async' && values.max_lag === 0) {
    advice.push({
      warning: 'rep_mode=async: a failover loses what the standby has not received, however much that is',
      offers: ['max_lag=16MB, for example: a standby that lacks more is not promoted', 'rep_mode=sync'],
    })
  }
  if (plan.ping.length === 0) {
    advice.push({
      warning: 'no hosts to ping: a node that has lost its network, but not the cluster, may be primary',
      offers: ['ping=GATEWAY'],
    })
  }
  return advice
}
