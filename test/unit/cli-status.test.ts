/** The report of the cluster's state, from what the cluster says. */
import { expect, test } from '@jest/globals'
import { makeReport } from '../../cli/status/report'
import { readConfiguration } from '../../lib/cluster/configuration'
import { readCib } from '../../lib/cluster/snapshot'
import { CIB, clusterStatus, type StatusChange } from './support/examination'

function rolesIn(status: StatusChange): readonly string[] {
  const view = {
    local: 'node1',
    status: clusterStatus(status),
    snapshot: readCib(CIB),
    configuration: readConfiguration(CIB),
    xml: CIB,
  }
  const [database] = makeReport(view, {}, []).databases
  return database?.members.map(({ node, role }) => `${node} ${role}`) ?? []
}

test.each<[string, StatusChange, readonly string[]]>([
  ['nothing is under way', {}, ['node1 primary', 'node2 standby']],
  [
    'a recurring monitor has just begun on each: each is what it was',
    { pending: { node1: 'Monitoring', node2: 'Monitoring' } },
    ['node1 primary', 'node2 standby'],
  ],
  [
    'a switchover is under way: neither can be counted on',
    { pending: { node1: 'Demoting', node2: 'Promoting' } },
    ['node1 demoting', 'node2 promoting'],
  ],
])('%s', (_, status, expected) => {
  expect(rolesIn(status)).toEqual(expected)
})
