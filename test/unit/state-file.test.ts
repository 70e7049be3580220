/** The forms that state files are read by. */
import { describe, expect, test } from '@jest/globals'
import {
  dictionary,
  flag,
  type Form,
  list,
  oneOf,
  optional,
  parseState,
  record,
  text,
  whole,
} from '../../lib/system/state-file'

const form = record({
  name: text({ max: 5, pattern: /^\w+$/ }),
  count: whole(0, 10),
  state: oneOf('running', 'done'),
  told: optional(flag),
  worker: optional(record({ pid: whole(2, 100) })),
})

test.each<[string, unknown]>([
  ['{"name":"a","count":1,"state":"done"}', { name: 'a', count: 1, state: 'done' }],
  [
    '{"name":"a","count":1,"state":"done","told":true,"worker":{"pid":7,"more":1},"more":[]}',
    { name: 'a', count: 1, state: 'done', told: true, worker: { pid: 7 } },
  ],
  ['{"name":"a","count":1,"state":"done","told":null}', undefined],
  ['{"name":"a","count":1,"state":"done","told":"yes"}', undefined],
  ['{"name":"abcdef","count":1,"state":"done"}', undefined],
  ['{"name":"a b","count":1,"state":"done"}', undefined],
  ['{"name":"","count":1,"state":"done"}', undefined],
  ['{"name":"a","count":1.5,"state":"done"}', undefined],
  ['{"name":"a","count":-1,"state":"done"}', undefined],
  ['{"name":"a","count":1e999,"state":"done"}', undefined],
  ['{"name":"a","count":"1","state":"done"}', undefined],
  ['{"name":"a","count":1,"state":"other"}', undefined],
  ['{"name":"a","count":1,"state":"done","worker":{"pid":1}}', undefined],
  ['{"name":"a","count":1,"state":"done","worker":[]}', undefined],
  ['{"__proto__":{"name":"a"},"count":1,"state":"done"}', undefined],
  ['null', undefined],
  ['[]', undefined],
  ['7', undefined],
  ['', undefined],
  ['{', undefined],
])('%s', (content, state) => {
  expect(parseState(content, form)).toEqual(state)
})

describe('a dictionary', () => {
  const positions = dictionary(text({ max: 4 }), 2)
  test.each<[unknown, unknown]>([
    [{}, {}],
    [
      { a: 'x', b: 'y' },
      { a: 'x', b: 'y' },
    ],
    [{ a: 'x', b: 'y', c: 'z' }, undefined],
    [{ a: 1 }, undefined],
    [['a'], undefined],
    [null, undefined],
  ])('%j', (value, read) => {
    expect(positions(value)).toEqual(read)
  })
})

test('numbers of the kernel are whole numbers in their range', () => {
  const pid: Form<number> = whole(2, 2 ** 22)
  expect([0, 1, 2, 2 ** 22, 2 ** 22 + 1, NaN, -0].map((value) => pid(value))).toEqual([
    undefined,
    undefined,
    2,
    2 ** 22,
    undefined,
    undefined,
    undefined,
  ])
})

test.each<[unknown, string]>([
  [{ name: 'a', count: 11, state: 'done' }, 'count'],
  [{ name: 'a', state: 'done' }, 'count'],
  [{ name: 'a', count: 1, state: 'done', worker: { pid: 1 } }, 'worker.pid'],
  [{ name: 'a', count: 1, state: 'done', worker: 7 }, 'worker'],
  [[], ''],
])('of %j it is told which field is wrong', (value, where) => {
  const trail: string[] = []
  expect(form(value, trail)).toBeUndefined()
  expect(trail.join('.')).toBe(where)
})

test('a field in a list and in a dictionary', () => {
  const each = dictionary(list(record({ on: flag })), 3)
  const trail: string[] = []
  expect(each({ a: [{ on: true }], b: [{ on: true }, { on: 1 }] }, trail)).toBeUndefined()
  expect(trail).toEqual(['b', '1', 'on'])
})
