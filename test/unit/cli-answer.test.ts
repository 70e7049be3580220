/** What another node answers is read by its form, or counts for nothing. */
import { describe, expect, test } from '@jest/globals'
import { doctorFactsForm, reachedForm } from '../../cli/doctor/facts-form'
import { cloneEventForm } from '../../cli/clone/event-form'
import { initReportForm } from '../../cli/init/report-form'
import { ownLogsForm } from '../../cli/logs/own-logs'
import { readAnswer } from '../../cli/nodes/answer'
import { nodeFactsForm } from '../../cli/nodes/facts-form'
import { standingForm } from '../../cli/rejoin/standing-form'
import { type StatusReport } from '../../cli/status/report'
import { statusReportForm } from '../../cli/status/report-form'
import { type Form } from '../../lib/system/state-file'
import { doctorFacts, nodeFacts } from './support/examination'

const ODD = /^node2: 'ocf-ts node-facts' there gave an answer that this version \([^)]*\) cannot read$/

const logs = {
  clock: 1000,
  lines: [{ at: 999.5, source: 'agent', who: 'pgsql', level: 'info', text: 'started' }],
  files: ['/var/log/x'],
  unknown: [],
}
const report: StatusReport = {
  asked: 'node1',
  quorate: true,
  maintenance: false,
  fencing: true,
  dc: null,
  nodes: [{ node: 'node1', state: 'online' }],
  databases: [
    {
      resource: 'pgsql',
      agent: 'ocf:ts:pgsql',
      clone: 'pgsql-clone',
      mode: 'sync',
      primary: 'node1',
      members: [
        {
          node: 'node1',
          state: 'online',
          role: 'primary',
          ...{ status: 'PRI', dataStatus: 'LATEST', score: '1000', refused: null, waiting: null },
          ...{ rejoin: null, timeline: 1, lsn: '0/3000148', lagBytes: null, lagSeconds: null },
          ...{ syncState: null, blocked: false, locked: true, unknown: [] },
        },
      ],
      risk: { level: 'none', text: 'no commit' },
    },
  ],
  addresses: [{ resource: 'vip', address: '192.0.2.3', node: null }],
  failures: [],
  upcoming: [],
}
const finding = { name: 'wal_level', found: 'minimal', needed: 'replica', why: 'x', restart: true }
const made = {
  version: 15,
  server: 'stopped',
  findings: [
    { ...finding, state: 'lacks', change: { kind: 'set', name: 'wal_level', value: 'replica' } },
    { ...finding, state: 'ok', change: { kind: 'record' } },
    { ...finding, state: 'waits', advice: 'restart it' },
  ],
  made: ['configuration reloaded'],
}
const standing = {
  ...{ running: false, dataDirectory: '/data', locked: true, loss: 'diverged', lost: '3 bytes of WAL' },
  ...{ unknown: null, rewindable: true, rewinding: null },
  note: { method: 'rewind', state: 'cut off', phase: 'copies' },
}
const reached = [{ to: '192.0.2.1:5432', result: 'no answer' }]
const facts = doctorFacts('node1', {
  heartbeat: {
    running: true,
    directives: [['udpport', '694']],
    authkeys: { path: '/etc/ha.d/authkeys', mode: 0o600, owner: 0 },
    uuid: null,
    portTakenBy: null,
    missingPrograms: [],
    foundElsewhere: {},
  },
})

describe.each<[string, Form<unknown>, object]>([
  ['node-facts of a primary', nodeFactsForm, nodeFacts('node1')],
  ['node-facts of a standby', nodeFactsForm, nodeFacts('node2')],
  ['node-facts of a stopped server', nodeFactsForm, nodeFacts('node1', { server: 'stopped', sql: null })],
  ['doctor-facts', doctorFactsForm, facts],
  ['doctor-facts of a standby', doctorFactsForm, doctorFacts('node2')],
  ['doctor-reach', reachedForm, reached],
  ['node-logs', ownLogsForm, logs],
  ['status', statusReportForm, report],
  ['node-init', initReportForm, made],
  ['rejoin-node', standingForm, standing],
  ['node-clone', cloneEventForm, { event: 'progress', percent: 12.5, totalBytes: 1e12 }],
  [
    'node-clone that has ended',
    cloneEventForm,
    { event: 'done', dataDirectory: '/data', aside: '/data.old' },
  ],
  ['node-clone that was refused', cloneEventForm, { event: 'refused', reason: 'not empty' }],
])('%s', (_, form, answer) => {
  test('is read', () => {
    expect(readAnswer(JSON.stringify(answer), form, 'node2', 'node-facts')).toEqual(answer)
  })

  test.each([
    'null',
    '5',
    '"x"',
    '{}',
    '[null]',
    '{"lines":null}',
    '{"sql":{"standbys":5}}',
    '',
    'Welcome to node2!',
    JSON.stringify({ ...answer, [Object.keys(answer)[0] ?? '']: {} }),
    JSON.stringify({ ...answer, [Object.keys(answer).at(-1) ?? '']: { x: 1 } }),
    JSON.stringify(answer).slice(1),
  ])('%s is not', (text) => {
    expect(() => readAnswer(text, form, 'node2', 'node-facts')).toThrow(ODD)
  })
})

test.each<[string, object, object]>([
  ['a standby', nodeFacts('node1').sql ?? {}, { standbys: [5] }],
  ['a position', nodeFacts('node1').sql ?? {}, { position: 'x' }],
])('node-facts with %s that is none', (_, sql, change) => {
  const answer = JSON.stringify({ ...nodeFacts('node1'), sql: { ...sql, ...change } })
  expect(() => readAnswer(answer, nodeFactsForm, 'node2', 'node-facts')).toThrow(ODD)
})

test.each([
  ['at', 'now'],
  ['at', 1e300],
  ['source', 'me'],
  ['level', 'constructor'],
  ['text', null],
])('node-logs with a line whose %s is %j', (name, value) => {
  const answer = JSON.stringify({ ...logs, lines: [{ ...logs.lines[0], [name]: value }] })
  expect(() => readAnswer(answer, ownLogsForm, 'node2', 'node-facts')).toThrow(ODD)
})
