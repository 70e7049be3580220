/** Do the nodes see each other, is the cluster in charge, and what has failed? */
import { sameNode } from '../../../lib/cluster/snapshot'
import { type Check, type Trouble } from '../finding'
import { isTrue, knownNodes, withCorosync } from '../examination'
import { decisions } from './quorum'

const daemons: Check = {
  id: 'cluster-down',
  theme: 'cluster',
  wellWhen: 'pacemaker and its messaging layer run on every node',
  examine: (examination) => {
    // One that never had a member is no cluster yet.
    if (!examination.configuration?.nodes.length) return undefined
    return knownNodes(examination).flatMap(({ name, facts }): readonly Trouble[] => {
      const { corosync, heartbeat, pacemaker } = facts
      if (pacemaker) return []
      const below = corosync?.running === true || heartbeat?.running === true
      return [
        {
          severity: 'error',
          node: name,
          finding: `pacemaker does not run on ${name}`,
          evidence: [
            'cibadmin --query has no answer there',
            below
              ? 'its messaging layer runs'
              : `${corosync === null && heartbeat !== null ? 'heartbeat' : 'corosync'} does not run either`,
            ...(examination.status === undefined ? ['nor on any other node that answers'] : []),
          ],
          advice: `start it (systemctl start pacemaker), and see /var/log/pacemaker/pacemaker.log and journalctl -u corosync on ${name} when it does not stay`,
        },
      ]
    })
  },
}

const offline: Check = {
  id: 'node-offline',
  theme: 'cluster',
  wellWhen: 'every node is a member of the cluster',
  examine: ({ status, nodes }) =>
    status?.nodes.flatMap(({ name, online, unclean, pending }): readonly Trouble[] => {
      if (online && !unclean) return []
      // What runs there has been asked, and is told by another check.
      const known = nodes.find((node) => sameNode(node.name, name))?.facts
      const state = unclean ? 'UNCLEAN (lost, and not fenced)' : pending ? 'pending' : 'offline'
      return [
        {
          severity: 'error',
          node: name,
          finding: `${name} is ${state}`,
          evidence: [
            known === undefined
              ? 'it does not answer through ssh either'
              : `it answers through ssh; pacemaker ${known.pacemaker ? 'runs there: the nodes do not see each other' : 'does not run there'}`,
          ],
          advice:
            known?.pacemaker === true
              ? 'look at the links between the nodes (corosync-cfgtool -s) and at firewalls (UDP 5405)'
              : `start the cluster on ${name}`,
        },
      ]
    }),
}

const failures: Check = {
  id: 'failed-actions',
  theme: 'cluster',
  wellWhen: 'no action has failed',
  examine: ({ status, configuration }) => {
    if (status === undefined) return undefined
    return status.failures
      .filter(({ exitCode }) => exitCode !== 190 && exitCode !== 191)
      .map(({ resource, task, node, exitStatus, exitReason, status: how }): Trouble => {
        const meta = configuration?.primitives.find(({ id }) => id === resource)?.meta
        const limit = Number(meta?.['migration-threshold'] ?? Infinity)
        const count = status.failCounts.find(
          (one) => one.resource === resource && sameNode(one.node, node),
        )?.count
        const barred = count !== undefined && limit > 0 && count >= limit
        return {
          severity: barred ? 'error' : 'warning',
          node,
          finding: `${resource}: ${task} has failed on ${node}${barred ? ', and it is kept off that node' : ''}`,
          evidence: [
            `${how === 'complete' ? exitStatus : how}${exitReason === '' ? '' : `: ${exitReason}`}`,
            ...(barred ? [`migration-threshold=${limit}, fail-count=${count}`] : []),
          ],
          advice: `when its cause is fixed: crm_resource --cleanup --resource ${resource} --node ${node}`,
        }
      })
  },
}

const maintenance: Check = {
  id: 'maintenance',
  theme: 'cluster',
  wellWhen: 'the cluster is in charge of every node and resource',
  examine: ({ configuration, status }) => {
    if (configuration === undefined) return undefined
    const away = (status?.nodes ?? []).flatMap(({ name, maintenance: kept, standby }): readonly Trouble[] =>
      standby || kept
        ? [
            {
              severity: 'warning',
              node: name,
              finding: `${name} is in ${standby ? 'standby: it runs nothing, and takes nothing over' : 'maintenance: the cluster does nothing on it'}`,
              advice: `crm_attribute --node ${name} --name ${standby ? 'standby' : 'maintenance'} --delete`,
            },
          ]
        : [],
    )
    if (!isTrue(configuration.properties['maintenance-mode'])) return away
    return [
      {
        severity: 'warning',
        finding: 'the cluster is in maintenance mode: it starts, stops and fails over nothing',
        evidence: ['property maintenance-mode=true'],
        advice: 'crm_attribute --name maintenance-mode --delete, when what runs is what should run',
      },
    ]
  },
}

const leftovers: Check = {
  id: 'leftover-constraints',
  theme: 'cluster',
  wellWhen: 'no ban or preference is left over from a move by hand',
  examine: ({ configuration }) =>
    configuration?.constraints
      .filter(({ id, expires }) => /^cli-(?:ban|prefer|standby)-/.test(id) && !expires)
      .map(({ id, resource, node }): Trouble => ({
        severity: 'warning',
        ...(node !== undefined && { node }),
        finding: id.startsWith('cli-prefer')
          ? `${resource ?? 'a resource'} is bound to ${node ?? 'a node'} since it was moved there by hand`
          : `${resource ?? 'a resource'} is kept off ${node ?? 'a node'} since it was banned there by hand`,
        evidence: [`constraint ${id}`],
        advice: `crm_resource --clear --resource ${resource ?? 'RESOURCE'}`,
      })),
}

const links: Check = {
  id: 'corosync-links',
  theme: 'cluster',
  wellWhen: 'the nodes see each other on every link of corosync',
  examine: (examination) => {
    const found = withCorosync(examination)
    const isDown = (peer: string): boolean => {
      const known = knownNodes(examination).find(({ name }) => sameNode(name, peer))
      if (known) return known.facts.corosync?.running === false
      return examination.status?.nodes.some(({ name, online }) => sameNode(name, peer) && !online) === true
    }
    return found?.flatMap(({ name, corosync: { links: all, configuration } }) =>
      (all ?? [])
        .filter(({ status }) => status !== 'connected' && status !== 'localhost')
        .flatMap(({ link, nodeId, status }): readonly Trouble[] => {
          const nodeKey = Object.keys(configuration).find(
            (key) => /^nodelist\.node\.\d+\.nodeid$/.test(key) && Number(configuration[key]) === nodeId,
          )
          const prefix = nodeKey?.replace(/nodeid$/, '')
          const peer = (prefix && configuration[`${prefix}name`]) ?? `node ${nodeId}`
          const other = prefix === undefined ? undefined : configuration[`${prefix}ring${link}_addr`]
          // That a node is down is said elsewhere.
          if (isDown(peer)) return []
          return [
            {
              severity: 'error',
              node: name,
              finding: `${name} does not see ${peer} on corosync's link ${link}`,
              evidence: [
                `corosync-cfgtool -s on ${name}, link ${link}: ${peer}${other === undefined ? '' : ` (${other})`} ${status}`,
              ],
              advice: `look at the cable and the firewall between them (UDP 5405): ping ${other ?? peer} from ${name}`,
            },
          ]
        }),
    )
  },
}

const sameConfiguration: Check = {
  id: 'corosync-conf',
  theme: 'cluster',
  wellWhen: 'corosync.conf is the same on every node',
  examine: (examination) => {
    const found = withCorosync(examination)
    const [first, ...others] = found ?? []
    if (first === undefined || others.length === 0) return undefined
    const different = others.filter(({ corosync }) => corosync.fingerprint !== first.corosync.fingerprint)
    return different.map(({ name, corosync }): Trouble => {
      const [mine, theirs] = [first.corosync.configuration, corosync.configuration]
      const keys = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])].filter(
        (key) => mine[key] !== theirs[key],
      )
      return {
        severity: 'warning',
        node: name,
        finding: `corosync.conf on ${name} is not that of ${first.name}`,
        evidence:
          keys.length === 0
            ? ['only its comments or blanks differ']
            : keys.slice(0, 4).map((key) => {
                const secret = /key/i.test(key)
                const say = (value: string | undefined): string =>
                  value === undefined ? '(not set)' : secret ? '(set)' : value
                return `${key}: ${first.name} ${say(mine[key])}, ${name} ${say(theirs[key])}`
              }),
        advice: 'copy the right one to every node, then corosync-cfgtool -R',
      }
    })
  },
}

export const cluster: readonly Check[] = [
  daemons,
  offline,
  failures,
  maintenance,
  leftovers,
  links,
  sameConfiguration,
  ...decisions,
]
