import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { readControlData } from '../../lib/postgres/control-data'
import {
  cleanShutdown,
  hasReceived,
  readShutdown,
  type Shutdown,
  writeShutdown,
} from '../../lib/postgres/shutdown'

const controlData = (name: string) => {
  const data = readControlData(readFileSync(`${__dirname}/../fixtures/pg_controldata-15-${name}.txt`, 'utf8'))
  if (!data) throw new Error(`${name} cannot be read`)
  return data
}

const shutdown: Shutdown = { timeline: 3, checkpoint: '0000000003001F80', walBlockSize: 8192 }

test('a clean shutdown of a primary is one, a crash and a shutdown of a standby are none', () => {
  const clean = controlData('shut-down')
  expect(cleanShutdown(clean)).toEqual({
    timeline: clean.timeline,
    checkpoint: clean.checkpoint,
    walBlockSize: 8192,
  })
  expect(cleanShutdown(controlData('killed-after-promotion'))).toBeUndefined()
  expect(cleanShutdown({ ...clean, state: 'shut down in recovery' })).toBeUndefined()
})

describe('a standby that has received the WAL', () => {
  test.each([
    ['up to a record before', '0000000003001F08', false],
    ['up to the last record, without it', '0000000003001F80', false],
    ['up to the end of the page, where the last record may go on', '0000000003002000', false],
    ['to the end of the last record', '0000000003001FF8', true],
    ['to the end of the last record, on the next page', '0000000003002048', true],
    ['of another volume', '0000000103000028', true],
  ])('%s', (_, position, expected) => {
    expect(hasReceived(shutdown, position)).toBe(expected)
  })
})

test('it is noted as PostgreSQL writes it, and read again', () => {
  expect(writeShutdown(shutdown)).toBe('{"timeline":3,"checkpoint":"0/3001F80","walBlockSize":8192}\n')
  expect(readShutdown(writeShutdown(shutdown))).toEqual(shutdown)
})

test.each([
  '',
  '{',
  'null',
  '[]',
  '{"timeline":3,"checkpoint":"0/3001F80"}',
  '{"timeline":0,"checkpoint":"0/3001F80","walBlockSize":8192}',
  '{"timeline":3,"checkpoint":"3001F80","walBlockSize":8192}',
  '{"timeline":3,"checkpoint":5,"walBlockSize":8192}',
])('%j is no note of a shutdown', (text) => {
  expect(readShutdown(text)).toBeUndefined()
})
