/** Whether a storm's cluster is as it should be, and how it is made to do without a person. */
import { describe, expect, test } from '@jest/globals'
import { ClusterStatus, type NodeStatus, type ResourceStatus } from '../../lib/cluster/status'
import { actionOf } from '../../scripts/lib/storm/agents'
import { unattended } from '../../scripts/lib/storm/cluster'
import { fenceConfiguration } from '../../scripts/lib/storm/fence-agent'
import { parseQuestion } from '../../scripts/lib/storm/fence'
import { assess, describe as tell } from '../../scripts/lib/storm/health'
import { crmText } from '../cluster/lab/crm-text'

const NODES = ['node1', 'node2', 'node3']

const node = (name: string, attributes: Record<string, string>, online = true): NodeStatus => ({
  ...{
    name,
    online,
    attributes,
    standby: false,
    maintenance: false,
    pending: false,
    unclean: false,
    isDc: false,
  },
})

const resource = (
  id: string,
  role: string,
  where: string,
  more: Partial<ResourceStatus> = {},
): ResourceStatus => ({
  ...{ id, role, node: where, agent: 'ocf:ts', active: true, failed: false, blocked: false, managed: true },
  ...{ orphaned: false, pending: undefined },
  ...more,
})

const HEALTHY_NODES = [
  node('node1', { 'pgsql-status': 'PRI', 'pgsql-data-status': 'LATEST' }),
  node('node2', { 'pgsql-status': 'HS:sync', 'pgsql-data-status': 'STREAMING|SYNC' }),
  node('node3', { 'pgsql-status': 'HS:potential', 'pgsql-data-status': 'STREAMING|POTENTIAL' }),
]
const HEALTHY_RESOURCES = [
  resource('pgsql', 'Promoted', 'node1'),
  resource('pgsql', 'Unpromoted', 'node2'),
  resource('pgsql', 'Unpromoted', 'node3'),
  resource('vip-master', 'Started', 'node1'),
  resource('vip-rep', 'Started', 'node1'),
  resource('vip-slave', 'Started', 'node2'),
]

const status = (nodes: readonly NodeStatus[], resources = HEALTHY_RESOURCES, quorate = true): ClusterStatus =>
  new ClusterStatus('node1', 'node1', quorate, nodes, resources, [], [])

describe('assess', () => {
  const why = (nodes: readonly NodeStatus[], resources?: ResourceStatus[], quorate?: boolean) => {
    const health = assess(status(nodes, resources, quorate), NODES, 'sync')
    return health.healthy ? 'healthy' : health.why
  }
  const [one, two, three] = HEALTHY_NODES as [NodeStatus, NodeStatus, NodeStatus]

  test('one primary that serves, one standby in sync, the other in line', () => {
    expect(assess(status(HEALTHY_NODES), NODES, 'sync')).toEqual({
      ...{ healthy: true, primary: 'node1', standbys: ['node2', 'node3'] },
    })
  })

  test('the first thing amiss is said', () => {
    expect(why([one, two, node('node3', {}, false)])).toBe('node3 not online')
    expect(why(HEALTHY_NODES, HEALTHY_RESOURCES, false)).toBe('no quorum')
    expect(why(HEALTHY_NODES, [...HEALTHY_RESOURCES, resource('pgsql', 'Promoted', 'node2')])).toBe(
      'primaries: node1, node2',
    )
    expect(why(HEALTHY_NODES, HEALTHY_RESOURCES.slice(1))).toBe('primaries: none')
    expect(
      why(HEALTHY_NODES, [
        ...HEALTHY_RESOURCES,
        resource('vip-slave', 'Started', 'node2', { blocked: true }),
      ]),
    ).toBe('vip-slave on node2 is blocked')
    expect(why([one, two, node('node3', { 'pgsql-status': 'STOP' })])).toBe('node3 is STOP, unknown')
    expect(why([one, { ...two, attributes: three.attributes }, three])).toBe('in sync: nobody')
    const waits = { ...one.attributes, 'pgsql-waiting': 'commits wait for node2' }
    expect(why([{ ...one, attributes: waits }, two, three])).toBe('commits wait for node2')
  })

  test('each mode has its own parts', () => {
    expect(assess(status(HEALTHY_NODES), NODES, 'quorum')).toMatchObject({ healthy: false })
    const quorum = { 'pgsql-status': 'HS:sync', 'pgsql-data-status': 'STREAMING|QUORUM' }
    const nodes = [one, { ...two, attributes: quorum }, { ...three, attributes: quorum }]
    expect(assess(status(nodes), NODES, 'quorum')).toMatchObject({ healthy: true })
    expect(tell(status(nodes))).toContain(
      'node2: online pgsql-status=HS:sync pgsql-data-status=STREAMING|QUORUM',
    )
  })
})

describe('the configuration', () => {
  const text = crmText({ provider: 'ts', nodes: NODES, pgBin: '/bin', pgData: '/data' })

  test('nobody has to do anything after a fault', () => {
    const changed = unattended(text, false)
    expect(changed).toContain('no-quorum-policy="stop" cluster-recheck-interval="30s"')
    expect(changed).toContain('migration-threshold="1" failure-timeout="20s"')
    expect(changed).toContain('on-fail="block"')
  })

  test('with fencing, a failed stop is fenced; each node has a device that runs elsewhere', () => {
    const changed = unattended(text, true)
    expect(changed).toContain('stonith-enabled="true"')
    expect(changed).not.toContain('on-fail="block"')
    const devices = fenceConfiguration(NODES)
    expect(devices).toContain('location fence-node2-elsewhere fence-node2 -inf: node2\n')
    expect(devices).toContain('fencing_topology node1: fence-node1 node2: fence-node2 node3: fence-node3\n')
  })
})

test('a question of a fence agent', () => {
  expect(parseQuestion('reboot node3 node1\n')).toEqual({ action: 'reboot', node: 'node3', from: 'node1' })
})

test('which action of the agent a process is', () => {
  expect(actionOf({ argv: ['/bin/sh', '/usr/lib/ocf/resource.d/ts/pgsql', 'monitor'] })).toBe('monitor')
  expect(actionOf({ argv: ['node', '/usr/lib/ocf/resource.d/ts/IPaddr2', 'monitor'] })).toBeUndefined()
})
