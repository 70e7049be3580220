import { describe, expect, test } from '@jest/globals'
import { boolean, bytes, choice, integer, type Parameter, seconds, text, words } from '../../lib/ocf'
import { readParameters, textOf } from '../../lib/ocf/parameters'
import { parameters } from './support/sample-agent'

const read = (texts: Record<string, string | undefined>) =>
  readParameters(parameters, { path: '/p', ...texts })
const reasons = (texts: Record<string, string | undefined>): readonly string[] =>
  read(texts).problems.map(({ reason }) => reason)

describe('each type reads its text', () => {
  const shortdesc = 'x'
  test.each<[string, Parameter<unknown>, string, unknown]>([
    ['text', text({ shortdesc }), " a'b $(c) ", " a'b $(c) "],
    ['integer', integer({ shortdesc }), '42', 42],
    ['integer', integer({ shortdesc }), ' -7 ', -7],
    ['integer', integer({ shortdesc }), '+7', 7],
    ['seconds', seconds({ shortdesc }), '5', 5],
    ['seconds', seconds({ shortdesc }), '5s', 5],
    ['seconds', seconds({ shortdesc }), '500ms', 0.5],
    ['seconds', seconds({ shortdesc }), '2min', 120],
    ['seconds', seconds({ shortdesc }), '1H', 3600],
    ['seconds', seconds({ shortdesc }), '0.25', 0.25],
    ['bytes', bytes({ shortdesc }), '16777216', 16_777_216],
    ['bytes', bytes({ shortdesc }), '16MB', 16_777_216],
    ['bytes', bytes({ shortdesc }), ' 0.5 gb ', 536_870_912],
    ['bytes', bytes({ shortdesc }), '3kB', 3072],
    ['bytes', bytes({ shortdesc }), '0', 0],
    ['boolean', boolean({ shortdesc }), 'Yes', true],
    ['boolean', boolean({ shortdesc }), 'on', true],
    ['boolean', boolean({ shortdesc }), 'FALSE', false],
    ['boolean', boolean({ shortdesc }), '0', false],
    ['choice', choice(['a', 'b'], { shortdesc }), 'b', 'b'],
    ['words', words({ shortdesc }), ' one  two\tthree ', ['one', 'two', 'three']],
  ])('%s %#', (_, parameter, given, value) => {
    expect(parameter.parse(given)).toEqual(value)
  })
})

describe('what is not allowed is said with the parameter, its value and the fix', () => {
  test.each<[Record<string, string>, string]>([
    [{ path: 'relative' }, "path: 'relative' is not allowed; set path to an absolute path"],
    [{ port: '0' }, "port: '0' is not allowed; set port to a whole number from 1 to 65535"],
    [{ port: '5432x' }, "port: '5432x' is not allowed; set port to a whole number from 1 to 65535"],
    [{ retries: '-1' }, "retries: '-1' is not allowed; set retries to a whole number of 0 or more"],
    [{ offset: '1.5' }, "offset: '1.5' is not allowed; set offset to a whole number"],
    [
      { offset: '99999999999999999999' },
      "offset: '99999999999999999999' is not allowed; set offset to a whole number",
    ],
    [
      { wait: '5 parsecs' },
      "wait: '5 parsecs' is not allowed; set wait to a time of 1 seconds or more, such as 5 or 5s or 500ms",
    ],
    [
      { wait: '500ms' },
      "wait: '500ms' is not allowed; set wait to a time of 1 seconds or more, such as 5 or 5s or 500ms",
    ],
    [
      { quick: 'maybe' },
      "quick: 'maybe' is not allowed; set quick to true or false (also yes/no, on/off, 1/0)",
    ],
    [{ mode: 'Sync' }, "mode: 'Sync' is not allowed; set mode to one of none, sync"],
  ])('%j', (texts, reason) => {
    expect(reasons(texts)).toEqual([reason])
  })

  test('a required parameter that is missing or empty', () => {
    const missing = 'path is not set: it is required (Where it is)'
    expect(reasons({ path: undefined })).toEqual([missing])
    expect(reasons({ path: '' })).toEqual([missing])
  })

  test('every problem is reported, and each value falls back to its default', () => {
    const { values, problems } = read({ port: 'x', mode: 'y', retries: '9' })
    expect(problems.map(({ name }) => name)).toEqual(['port', 'mode'])
    expect(values).toMatchObject({ port: 5432, mode: 'none', retries: 9 })
  })
})

test('a secret is not repeated', () => {
  const { problems } = read({ password: 'hunter2' })
  expect(problems).toEqual([
    {
      name: 'password',
      value: undefined,
      reason: 'password: the value given is not allowed; set password to eight characters or more',
    },
  ])
  expect(JSON.stringify(problems)).not.toContain('hunter2')
})

describe('defaults', () => {
  test('hold where nothing, or an empty text, is given', () => {
    expect(read({ port: '' }).values).toEqual({
      path: '/p',
      port: 5432,
      retries: 3,
      offset: 0,
      wait: 5,
      quick: false,
      mode: 'none',
      hosts: [],
      password: '',
      config: '/p/conf',
    })
  })

  test('can be derived from parameters before them, and give way to what is set', () => {
    expect(read({ path: '/q' }).values.config).toBe('/q/conf')
    expect(read({ config: '/etc/c' }).values.config).toBe('/etc/c')
  })
})

test('values are written as the environment and the meta-data write them', () => {
  expect([['a', 'b'], true, 5, 'x', undefined, {}].map(textOf)).toEqual(['a b', 'true', '5', 'x', '', ''])
})
