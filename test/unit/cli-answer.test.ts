/** What another node answers is read by its form, or counts for nothing. */
import { describe, expect, test } from '@jest/globals'
import { doctorFactsForm, reachedForm } from '../../cli/doctor/facts-form'
import { ownLogsForm } from '../../cli/logs/own-logs'
import { readAnswer } from '../../cli/nodes/answer'
import { nodeFactsForm } from '../../cli/nodes/facts-form'
import { type Form } from '../../lib/system/state-file'
import { doctorFacts, nodeFacts } from './support/examination'

const logs = {
  clock: 1000,
  lines: [{ at: 999.5, source: 'agent', who: 'pgsql', level: 'info', text: 'started' }],
  files: ['/var/log/x'],
  unknown: [],
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
])('%s', (_, form, answer) => {
  test('is read', () => {
    expect(readAnswer(JSON.stringify(answer), form)).toEqual(answer)
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
    JSON.stringify({ ...answer, unknown: 5, to: 5 }).replace('"no answer"', '5'),
    JSON.stringify(answer).slice(1),
  ])('%s is not', (text) => {
    expect(() => readAnswer(text, form)).toThrow('it answered with something else than ocf-ts does')
  })
})

test.each<[string, object, object]>([
  ['a standby', nodeFacts('node1').sql ?? {}, { standbys: [5] }],
  ['a position', nodeFacts('node1').sql ?? {}, { position: 'x' }],
])('node-facts with %s that is none', (_, sql, change) => {
  const answer = JSON.stringify({ ...nodeFacts('node1'), sql: { ...sql, ...change } })
  expect(() => readAnswer(answer, nodeFactsForm)).toThrow('it answered with something else')
})

test.each([
  ['at', 'now'],
  ['at', 1e300],
  ['source', 'me'],
  ['level', 'constructor'],
  ['text', null],
])('node-logs with a line whose %s is %j', (name, value) => {
  const answer = JSON.stringify({ ...logs, lines: [{ ...logs.lines[0], [name]: value }] })
  expect(() => readAnswer(answer, ownLogsForm)).toThrow('it answered with something else')
})
