import { lstatSync, readlinkSync, symlinkSync } from 'node:fs'
import { Script } from 'node:vm'
import { describe, expect, test } from '@jest/globals'
import {
  callError,
  readAnswer,
  readDescriptor,
  readNames,
  readNothing,
  readStats,
  readSystemStats,
  readText,
  WrongAnswer,
} from '../../lib/system/account-helper-answers'
import { frame, HEAD_BYTES, programText } from '../../lib/system/account-helper-program'

describe('an answer of a helper process', () => {
  test.each<[string, unknown]>([
    ['{"value":7}', { value: 7 }],
    ['{"value":null}', { value: null }],
    ['{"errno":-2}', { errno: -2 }],
  ])('%s', (text, answer) => {
    expect(readAnswer(text)).toEqual(answer)
  })

  test.each(['', '{', 'null', '7', '[]', '{}', '{"errno":"-2"}', '{"errno":2}', '{"errno":-99999}'])(
    '%s is none',
    (text) => {
      expect(() => readAnswer(text)).toThrow(WrongAnswer)
    },
  )
})

const STATS = [64, 12, 0o100644, 0, 0, 0, 7, 1.5]
const statsWith = (index: number, value: number): readonly number[] =>
  STATS.map((one, at) => (at === index ? value : one))

describe('what it says', () => {
  test.each<[string, (value: unknown) => unknown, unknown]>([
    ['nothing', readNothing, null],
    ['a descriptor', readDescriptor, 3],
    ['a text', readText, '/x'],
    ['names', readNames, ['a', '...', 'a b']],
    ['no names', readNames, []],
    ['stats', readStats, STATS],
    ['room', readSystemStats, [4096, 1, 2, 3, 4]],
  ])('%s', (_, read, value) => {
    expect(() => read(value)).not.toThrow()
  })

  test.each<[string, (value: unknown) => unknown, readonly unknown[]]>([
    ['a descriptor', readDescriptor, [undefined, null, '3', 2, -1, 3.5, 2 ** 31, [3]]],
    ['a text', readText, [undefined, null, 3, ['a']]],
    ['names', readNames, [null, 'ab', {}, [1], [''], ['.'], ['..'], ['a/b'], ['a\0b'], ['a', null]]],
    [
      'stats',
      readStats,
      [
        null,
        {},
        STATS.slice(1),
        [...STATS, 1],
        statsWith(6, -1),
        statsWith(2, 0o200000),
        statsWith(3, 0.5),
        [...STATS.slice(1), null],
      ],
    ],
    ['room', readSystemStats, [null, [1, 2, 3, 4], [1, 2, 3, 4, '5']]],
  ])('what is not %s', (_, read, values) => {
    for (const value of values) expect(() => read(value)).toThrow(WrongAnswer)
  })

  test('stats tell what a file is, as Node does', () => {
    for (const path of ['/', '/etc/passwd', '/dev/null', '/proc/self']) {
      const found = lstatSync(path)
      const { dev, ino, mode, uid, gid, rdev, size, mtimeMs } = found
      const read = readStats([dev, ino, mode, uid, gid, rdev, size, mtimeMs])
      expect([read.isFile(), read.isDirectory(), read.isSymbolicLink(), read.isCharacterDevice()]).toEqual([
        found.isFile(),
        found.isDirectory(),
        found.isSymbolicLink(),
        found.isCharacterDevice(),
      ])
    }
  })
})

function thrownBy(work: () => void): NodeJS.ErrnoException {
  try {
    work()
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
  throw new Error('nothing was thrown')
}

test("an error of a call is Node's own, word for word", () => {
  const missing = thrownBy(() => readlinkSync('/nowhere/x'))
  const ours = callError({ name: 'readlink', path: '/nowhere/x' }, -2)
  expect({ ...ours, message: ours.message }).toMatchObject({ ...missing, message: missing.message })
  const two = thrownBy(() => {
    symlinkSync('/a', '/nowhere/x')
  })
  const other = callError({ name: 'symlink', path: '/a', dest: '/nowhere/x' }, -2)
  expect({ ...other, message: other.message }).toMatchObject({ ...two, message: two.message })
})

test('a request and an answer begin with the lengths of both of their parts', () => {
  const bytes = frame(['é'], Buffer.from('data'))
  expect([bytes.readUInt32LE(0), bytes.readUInt32LE(4)]).toEqual([6, 4])
  expect(bytes.toString('utf8', HEAD_BYTES)).toBe('["é"]data')
})

test("the helper's program is a text that needs nothing of what it was written in", () => {
  expect(() => new Script(programText())).not.toThrow()
  expect(programText()).not.toMatch(/\bimport_|\brequire\(["']\.|exports\./)
})
