/** What text becomes on its way to a terminal, a log, JSON or pacemaker. */
import { describe, expect, test } from '@jest/globals'
import {
  asciiLine,
  forPacemaker,
  jsonText,
  printable,
  printableLine,
  withoutMarks,
} from '../../lib/ocf/printable'
import { makeStyles } from '../../lib/ocf/styles'

const code = (number: number): string => String.fromCodePoint(number)
const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

/** Every character that may steer a terminal or reorder what stands beside it. */
const UNSAFE = [
  ...range(0x00, 0x08),
  ...range(0x0b, 0x1f),
  ...range(0x7f, 0x9f),
  0xad,
  0x061c,
  ...range(0x200b, 0x200f),
  ...range(0x2028, 0x202e),
  ...range(0x2060, 0x2064),
  ...range(0x2066, 0x2069),
  0xd800,
  0xdbff,
  0xdc00,
  0xdfff,
  0xfeff,
  0xe0001,
]

describe('printable', () => {
  test.each(UNSAFE.map((number) => [number.toString(16), number]))(
    '%s is shown as an escape',
    (hex, number) => {
      expect(printable(`a${code(Number(number))}b`)).toMatch(
        new RegExp(`^a\\\\(?:x|u|u\\{)0*${String(hex)}\\}?b$`),
      )
    },
  )

  test.each([
    ['what it is of itself', 'cp "/备份/%f" é 😀 e\u0301\tb\nc', 'cp "/备份/%f" é 😀 e\u0301\tb\nc'],
    ['a title of the window', '\x1b]0;evil\x07', '\\x1b]0;evil\\x07'],
    ['a colour', '\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
    ['C1: another way to begin a sequence', '\x9b31m', '\\x9b31m'],
    ['a line that is written over', 'all is well\rERROR', 'all is well\\x0dERROR'],
    ['text from right to left', 'a\u202egpj.exe', 'a\\u202egpj.exe'],
    ['half a pair', '\ud83d', '\\ud83d'],
  ])('%s', (_, text, shown) => {
    expect(printable(text)).toBe(shown)
  })

  test('a line stays one', () => {
    expect(printableLine('a\nERROR: forged\r\nb')).toBe('a\\nERROR: forged\\nb')
  })
})

test('JSON holds every character, and shows a terminal none of them', () => {
  const value = { [`k${code(0x202e)}`]: UNSAFE.map((number) => `${code(number)}\n\t`) }
  for (const indent of [undefined, 2]) {
    const text = jsonText(value, indent)
    expect(JSON.parse(text)).toEqual(value)
    expect(printable(text)).toBe(text)
  }
})

describe('styles', () => {
  const { red, bold } = makeStyles(true)

  test('are passed on, and those of others are not', () => {
    const text = printable(`${red(`a ${bold('b')} \x1b[8mhidden`)} \x1b[31m`)
    expect(withoutMarks(text)).toBe('\x1b[31ma \x1b[1mb\x1b[22m \\x1b[8mhidden\x1b[39m \\x1b[31m')
  })

  test('go through any number of steps', () => {
    expect(printable(printableLine(red('a\x07')))).toBe(printable(red('a\x07')))
  })

  test('one within another of the same kind does not end it', () => {
    expect(withoutMarks(red(`a${red('b')}c`))).toBe('\x1b[31ma\x1b[31mb\x1b[39m\x1b[31mc\x1b[39m')
  })

  test('without colours there is nothing of them', () => {
    expect(makeStyles(false).red('a')).toBe('a')
  })
})

test.each([
  ['ASCII stays', `role "a" <b> & 'c'`, `role "a" <b> & 'c'`],
  ['what could end an attribute is replaced beside other characters', `role "é" <b> &`, `role 'é' ‹b› ＆`],
  ['a line break', 'é\n"', "é\\n'"],
  ['a control character', '\x1b"', '\\x1b"'],
])('for pacemaker: %s', (_, text, expected) => {
  expect(forPacemaker(text)).toBe(expected)
})

test('for a tool that is given no locale', () => {
  expect(asciiLine('é 😀\n\x1b')).toBe('\\xe9 \\u{1f600}\\n\\x1b')
})
