/** What crm_mon says as XML, and what is read from it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { findNode, promotedNodes, readCib } from '../../lib/cluster/snapshot'
import { parseStatus } from '../../lib/cluster/status'

const fixture = (name: string): string => readFileSync(join(__dirname, '../fixtures', name), 'utf8')

describe('pacemaker 3.0.0, three nodes', () => {
  test('in sync', () => {
    const status = parseStatus('node1', fixture('crm_mon-3.0.0-in-sync.xml'))
    expect(status).toMatchObject({ dc: 'node1', quorate: true, online: ['node1', 'node2', 'node3'] })
    expect(status.failures).toEqual([])
    expect(status.promoted('pgsql')).toEqual(['node1'])
    expect(['node1', 'node2', 'node3'].map((node) => status.role('pgsql', node))).toEqual([
      'Promoted',
      'Unpromoted',
      'Unpromoted',
    ])
    expect(status.nodeOf('vip-rep')).toBe('node1')
    expect(status.attribute('node3', 'pgsql-status')).toBe('HS:potential')
  })

  test('node1 failed and node2 promoted: the failure is told as by older versions', () => {
    const status = parseStatus('node2', fixture('crm_mon-3.0.0-failed-over.xml'))
    expect(status.failures).toEqual([
      {
        ...{ resource: 'pgsql', task: 'monitor', intervalMs: 2000, node: 'node1' },
        ...{ exitCode: 7, exitStatus: 'not running', exitReason: '', status: 'complete' },
      },
    ])
    expect(status.failCounts).toEqual([{ resource: 'pgsql', node: 'node1', count: 1 }])
    expect(status.promoted('pgsql')).toEqual(['node2'])
    expect(status.role('pgsql', 'node1')).toBe('Stopped')
    expect(status.instances('pgsql').map(({ orphaned }) => orphaned)).toEqual([false, false, false])
  })

  test('its CIB', () => {
    const snapshot = readCib(fixture('cib-3.0.0-failed-over.xml'))
    expect(promotedNodes(snapshot, 'pgsql')).toEqual(['node2'])
    expect(findNode(snapshot, 'node1')?.roles['pgsql']).toBeUndefined()
    expect(findNode(snapshot, 'node1')?.permanent['pgsql-data-status']).toBe('DISCONNECT')
  })
})

test.each([
  ['orphaned="false"', false],
  ['orphaned="true"', true],
  ['orphaned="false" removed="true"', true],
  ['removed="true"', true],
  ['removed="false"', false],
])('a resource that is configured no more: %s', (attributes, expected) => {
  const resource = `<resource id="a" resource_agent="ocf:ts:ping" role="Started" active="true" ${attributes}/>`
  const { resources } = parseStatus(
    'node1',
    `<pacemaker-result><resources>${resource}</resources></pacemaker-result>`,
  )
  expect(resources[0]?.orphaned).toBe(expected)
})
