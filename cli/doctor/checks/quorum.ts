/** Who goes on when the nodes do not see each other, and what keeps the others from it. */
import { type Check, type Trouble } from '../finding'
import { fencingProperty, isFencingEnabled } from '../../../lib/cluster/fencing'
import { databases, type Examination, isFenced, isSynchronous, withCorosync } from '../examination'

/** What corosync.conf says of the quorum, on the first node that has one. */
function quorumSettings(examination: Examination) {
  const configuration = withCorosync(examination)?.[0]?.corosync.configuration
  return configuration === undefined
    ? undefined
    : {
        twoNode: configuration['quorum.two_node'] === '1',
        waitForAll: configuration['quorum.wait_for_all'],
        device: configuration['quorum.device.model'],
      }
}

const quorum: Check = {
  id: 'quorum',
  theme: 'cluster',
  wellWhen: 'there is a quorum, and it is set up for the number of nodes',
  examine: (examination) => {
    const { configuration, status } = examination
    if (configuration === undefined) return undefined
    const settings = quorumSettings(examination)
    const policy = configuration.properties['no-quorum-policy'] ?? 'stop'
    const count = configuration.nodes.length
    const evidence = [
      `${count} nodes, no-quorum-policy=${policy}`,
      ...(settings
        ? [
            `corosync.conf: two_node ${settings.twoNode ? 1 : 0}, wait_for_all ${settings.waitForAll ?? '(not set)'}, quorum device ${settings.device ?? 'none'}`,
          ]
        : []),
    ]
    const lost: readonly Trouble[] =
      status?.quorate === false && policy !== 'ignore'
        ? [
            {
              severity: 'error',
              finding: 'this part of the cluster has no quorum: it runs nothing',
              evidence,
              advice:
                'bring the other nodes back, or where they are known to be down, corosync-quorumtool -e VOTES',
            },
          ]
        : []
    const setup = ((): readonly Trouble[] => {
      if (count >= 3 && policy === 'ignore') {
        return [
          {
            severity: isFenced(examination) ? 'warning' : 'error',
            finding: `${count} nodes have a majority, and no-quorum-policy=ignore lets every part go on without it`,
            evidence,
            advice: 'crm_attribute --name no-quorum-policy --update stop',
          },
        ]
      }
      if (settings === undefined) return []
      if (count >= 3 && settings.twoNode) {
        return [
          {
            severity: 'error',
            finding: `two_node is set in corosync.conf for a cluster of ${count} nodes: one node alone counts as a majority`,
            evidence,
            advice: 'take two_node out of corosync.conf on every node, then corosync-cfgtool -R',
          },
        ]
      }
      if (count === 2 && !settings.twoNode && settings.device === undefined && policy !== 'ignore') {
        return [
          {
            severity: 'error',
            finding:
              'when one of the two nodes is lost, the other one has no quorum and stops everything, too',
            evidence,
            advice:
              'set two_node: 1 in the section quorum of corosync.conf on both nodes, or use a quorum device',
          },
        ]
      }
      if (count === 2 && settings.twoNode && settings.waitForAll === '0' && isFenced(examination)) {
        return [
          {
            severity: 'warning',
            finding:
              'two nodes that come up without seeing each other fence one another, again and again (wait_for_all is off)',
            evidence,
            advice: 'take wait_for_all: 0 out of corosync.conf: two_node turns it on',
          },
        ]
      }
      return []
    })()
    return [...lost, ...setup]
  },
}

const quorumDevice: Check = {
  id: 'quorum-device',
  theme: 'cluster',
  wellWhen: 'the quorum device is asked by every node',
  examine: (examination) => {
    const found = withCorosync(examination)?.filter(
      ({ corosync }) => corosync.configuration['quorum.device.model'] !== undefined,
    )
    if (found === undefined || found.length === 0) return undefined
    return found
      .filter(({ corosync }) => corosync.running && !corosync.deviceRuns)
      .map(({ name, corosync }): Trouble => ({
        severity: 'error',
        node: name,
        finding: `the quorum device has no vote on ${name}: corosync-qdevice does not run there`,
        evidence: [
          `corosync.conf: device model ${corosync.configuration['quorum.device.model'] ?? ''}`,
          `host ${corosync.configuration['quorum.device.net.host'] ?? '(not set)'}`,
        ],
        advice: `install corosync-qdevice on ${name} and start it (systemctl enable --now corosync-qdevice)`,
      }))
  },
}

/** What keeps two nodes that do not see each other from both being primary, where no fencing does. */
function protections(examination: Examination): readonly string[] {
  const { configuration } = examination
  const settings = quorumSettings(examination)
  const policy = configuration?.properties['no-quorum-policy'] ?? 'stop'
  const strict = databases(examination).filter(({ parameters }) => parameters['sync_policy'] === 'strict')
  const count = configuration?.nodes.length ?? 0
  return [
    ...(settings?.device === undefined ? [] : [`quorum device (${settings.device}): one part goes on`]),
    ...(count >= 3 && policy !== 'ignore' ? ['the majority goes on, the rest stops by itself'] : []),
    ...strict.map(({ id }) => `${id}: sync_policy=strict: a primary alone acknowledges nothing`),
  ]
}

const fencing: Check = {
  id: 'fencing',
  theme: 'cluster',
  wellWhen: 'a node that is lost is fenced before its work is taken over',
  examine: (examination) => {
    const { configuration } = examination
    if (configuration === undefined || configuration.primitives.length === 0) return undefined
    if (isFenced(examination)) return []
    const enabled = isFencingEnabled(configuration.properties)
    const property = fencingProperty(configuration.properties)
    const guards = protections(examination)
    if (enabled) {
      return [
        {
          severity: 'error',
          finding: 'fencing is switched on and there is no fencing device: the cluster starts nothing',
          evidence: [`${property} is true (or not set), and no resource is of the class stonith`],
          advice: `configure a device (stonith_admin --list-installed), or, knowing what that means, set ${property}=false`,
        },
      ]
    }
    const policy = configuration.properties['no-quorum-policy']
    const strict = guards.some((guard) => guard.includes('sync_policy'))
    const instead = [
      ...(configuration.nodes.length === 2 && guards.length === 0 ? ['a quorum device'] : []),
      ...(configuration.nodes.length > 2 && policy === 'ignore' ? ['no-quorum-policy=stop'] : []),
      ...(databases(examination).some(isSynchronous) && !strict
        ? ['sync_policy=strict on the database']
        : []),
    ]
    return [
      {
        severity: 'warning',
        finding:
          configuration.nodes.length === 2
            ? 'there is no fencing: two nodes that do not see each other may both become primary'
            : 'there is no fencing: a node that hangs and comes back may still believe itself the primary',
        evidence: [
          `${property}=false`,
          ...(guards.length === 0
            ? ['nothing else protects: no quorum device, no sync_policy=strict']
            : guards.map((guard) => `what protects instead: ${guard}`)),
        ],
        advice: `give the cluster a fencing device${instead.length === 0 ? '' : `; without one, ${instead.join(', or ')}`}`,
      },
    ]
  },
}

export const decisions: readonly Check[] = [quorum, quorumDevice, fencing]
