/** Recorded CIBs of real clusters, and what must be read from them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { scanElements } from '../../lib/cluster/elements'
import { type Operation, roleAfter } from '../../lib/cluster/operations'
import { resourceEnvironmentFrom } from '../../lib/cluster/resource-environment'
import { findNode, isOutOfPlay, promotedNodes, readCib } from '../../lib/cluster/snapshot'
import { cluster, clusterNode } from './support/cluster'

const fixture = (name: string): string => readFileSync(join(__dirname, '../fixtures', name), 'utf8')

describe('pacemaker 2.1.5, node1 primary and node2 in sync', () => {
  const snapshot = readCib(fixture('cib-2.1.5-in-sync.xml'))

  test('nodes, attributes and roles', () => {
    expect(snapshot.nodes.map(({ name, online }) => [name, online])).toEqual([
      ['node1', true],
      ['node2', true],
    ])
    const node2 = findNode(snapshot, 'NODE2')
    expect(node2?.permanent).toEqual({ 'pgsql-data-status': 'STREAMING|SYNC' })
    expect(node2?.transient).toMatchObject({ 'master-pgsql': '100', 'pgsql-status': 'HS:sync' })
    expect(node2?.roles).toMatchObject({ pgsql: 'Unpromoted', pingCheck: 'Unpromoted' })
    expect(promotedNodes(snapshot, 'pgsql')).toEqual(['node1'])
  })

  test('the environment for a call by hand', () => {
    const env = resourceEnvironmentFrom(fixture('cib-2.1.5-in-sync.xml'), 'pgsql')
    expect(env).toMatchObject({
      OCF_RESOURCE_INSTANCE: 'pgsql',
      OCF_RESKEY_rep_mode: 'sync',
      OCF_RESKEY_restore_command: 'cp /var/lib/postgresql/archive/%f %p',
      OCF_RESKEY_CRM_meta_promoted_max: '1',
      OCF_RESKEY_CRM_meta_notify: 'true',
      OCF_RESKEY_CRM_meta_clone_max: '2',
    })
    expect(() => resourceEnvironmentFrom(fixture('cib-2.1.5-in-sync.xml'), 'none')).toThrow(
      /no primitive 'none'; it has vip-slave, vip-master, vip-rep, pgsql, pingCheck/,
    )
  })
})

test('pacemaker 2.1.5, node1 failed and node2 promoted', () => {
  const snapshot = readCib(fixture('cib-2.1.5-failed-over.xml'))
  expect(promotedNodes(snapshot, 'pgsql')).toEqual(['node2'])
  expect(findNode(snapshot, 'node1')?.roles['pgsql']).toBeUndefined()
  expect(findNode(snapshot, 'node1')?.permanent['pgsql-data-status']).toBe('DISCONNECT')
})

describe('membership', () => {
  const online = (attributes: string): boolean | undefined =>
    readCib(`<cib><status><node_state id="1" uname="n" ${attributes}/></status></cib>`).nodes[0]?.online

  test.each([
    ['in_ccm="true" crmd="online" join="member"', true],
    ['in_ccm="true" crmd="online" join="pending"', false],
    ['in_ccm="true" crmd="offline" join="member"', false],
    ['in_ccm="false" crmd="offline" join="down"', false],
    // From pacemaker 2.1.7 on: since when, or 0.
    ['in_ccm="1700000000" crmd="1700000005" join="member"', true],
    ['in_ccm="1700000000" crmd="0" join="member"', false],
    ['in_ccm="0" crmd="0" join="down"', false],
    // It is about to leave, but is still there.
    ['in_ccm="1" crmd="1700000005" join="member"', true],
    // On heartbeat.
    ['ha="active" in_ccm="true" crmd="online" join="member" expected="member"', true],
    ['ha="dead" in_ccm="true" crmd="online" join="member" expected="member"', false],
    // Under pacemaker_remote, before and since 1.1.15.
    ['remote_node="true"', true],
    ['remote_node="true" in_ccm="true"', true],
    ['remote_node="true" in_ccm="false"', false],
    ['', false],
  ])('%s', (attributes, expected) => {
    expect(online(attributes)).toBe(expected)
  })
})

describe('the role after a history', () => {
  const op = (operation: string, callId: number, code: number, since = 0): Operation => ({
    operation,
    callId,
    code,
    since,
  })

  test.each<[string, readonly Operation[], string]>([
    ['nothing', [], 'Stopped'],
    ['a probe that found nothing', [op('monitor', 1, 7)], 'Stopped'],
    ['a probe that found a primary', [op('monitor', 1, 8)], 'Promoted'],
    ['started', [op('monitor', 1, 7), op('start', 2, 0)], 'Unpromoted'],
    ['listed in another order', [op('promote', 9, 0), op('start', 2, 0)], 'Promoted'],
    ['demoted', [op('promote', 9, 0), op('demote', 12, 0)], 'Unpromoted'],
    ['a failed promotion', [op('start', 2, 0), op('promote', 9, 1)], 'Unpromoted'],
    ['a promotion under way', [op('start', 2, 0), op('promote', -1, -1)], 'Unpromoted'],
    ['a monitor that found it gone', [op('promote', 9, 0), op('monitor', 10, 7)], 'Stopped'],
    [
      'a monitor of the standby that ran after the promotion',
      [op('promote', 9, 0), op('monitor', 10, 0)],
      'Promoted',
    ],
    ['a monitor that failed', [op('promote', 9, 0), op('monitor', 10, 1)], 'Promoted'],
    [
      'the last failure beside the same call',
      [op('monitor', 10, 7, 200), op('monitor', 10, 8, 100)],
      'Stopped',
    ],
  ])('%s', (_, history, role) => {
    expect(roleAfter(history)).toBe(role)
  })
})

test('values are unescaped, comments are skipped, and a > in a value does not end the element', () => {
  const seen: string[] = []
  scanElements('<?xml version="1.0"?><!-- <c/> --><a><nvpair v="a &lt;&amp;&quot;&#10;&gt; > b"/></a>', {
    open: (name, { v }) => void seen.push(v ?? name),
  })
  expect(seen).toEqual(['a', 'a <&"\n> > b'])
})

test('quorum and what is done without it', () => {
  const recorded = readCib(fixture('cib-2.1.5-in-sync.xml'))
  expect(recorded).toMatchObject({ quorate: true, noQuorumPolicy: 'ignore' })
  expect(readCib('<cib have-quorum="0"/>')).toMatchObject({ quorate: false, noQuorumPolicy: 'stop' })
  expect(readCib('<cib/>').quorate).toBe(false)
})

describe('whether a node can still be promoted by somebody', () => {
  const lost = clusterNode('node2', { online: false })
  const three = [clusterNode('node1'), lost, clusterNode('node3')]
  test.each([
    ['it is a member, even if pacemaker is stopped on it', cluster(three), { ...lost, member: true }, false],
    ['it is out of the majority', cluster(three), lost, true],
    ['this node is out of the majority', cluster(three, { quorate: false }), lost, false],
    ['majorities count for nothing', cluster(three, { noQuorumPolicy: 'ignore' }), lost, false],
    ['two nodes have no majority', cluster([clusterNode('node1'), lost]), lost, false],
    [
      'a remote node does not count',
      cluster([clusterNode('node1'), lost, clusterNode('remote1', { voter: false })]),
      lost,
      false,
    ],
    ['it was fenced', cluster([clusterNode('node1'), lost]), { ...lost, departed: true }, true],
  ])('%s', (_, snapshot, node, expected) => {
    expect(isOutOfPlay(snapshot, node)).toBe(expected)
  })

  test.each([
    ['in_ccm="false" crmd="offline" join="down" expected="down"', true],
    ['in_ccm="0" crmd="0" join="down" expected="down"', true],
    ['in_ccm="false" crmd="offline" join="down" expected="member"', false],
    ['in_ccm="true" crmd="online" join="member" expected="member"', false],
    ['in_ccm="true" crmd="offline" join="down" expected="down"', false],
  ])('a node_state with %s: departed %s', (attributes, departed) => {
    const [node] = readCib(`<cib><status><node_state id="1" uname="n" ${attributes}/></status></cib>`).nodes
    expect(node?.departed).toBe(departed)
  })
})
