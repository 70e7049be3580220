/** The report of the cluster's state, from what the cluster says. */
import { expect, test } from '@jest/globals'
import { renderReport } from '../../cli/status/render'
import { makeReport, type MemberReport, type StatusReport } from '../../cli/status/report'
import { isWell } from '../../cli/status/run'
import { Terminal } from '../../cli/terminal'
import { readConfiguration } from '../../lib/cluster/configuration'
import { readCib } from '../../lib/cluster/snapshot'
import { CIB, clusterStatus, type StatusChange } from './support/examination'
import { member, primary } from './support/member'

function report(status: StatusChange): StatusReport {
  const view = {
    local: 'node1',
    status: clusterStatus(status),
    snapshot: readCib(CIB),
    configuration: readConfiguration(CIB),
    xml: CIB,
  }
  return makeReport(view, {}, [])
}

function rolesIn(status: StatusChange): readonly string[] {
  const [database] = report(status).databases
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

test('a server whose stop has failed is shown as blocked, and nothing is well', () => {
  const now = report({ blocked: ['node2'] })
  const [database] = now.databases
  if (database === undefined) throw new Error('no database')
  const risk = { level: 'none', text: '' } as const
  const withMembers = (members: readonly MemberReport[]): StatusReport => ({
    ...now,
    databases: [{ ...database, risk, members }],
  })
  expect(isWell(withMembers([primary, member('node2')]))).toBe(true)
  expect(isWell(withMembers([primary, member('node2', { blocked: true })]))).toBe(false)
  const shown = renderReport(new Terminal(), now)
  expect(shown.find((line) => line.startsWith('node2'))).toMatch(/^node2 +standby, blocked /)
  expect(shown).toContain(
    'node2: blocked: a stop of pgsql has failed, and the cluster neither monitors nor moves it: see that PostgreSQL runs or is stopped there, then crm_resource --cleanup --resource pgsql --node node2',
  )
})
