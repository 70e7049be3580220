import { execFileSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import { shellWords } from '../../lib/system/shell-words'

describe('words as a shell reads them', () => {
  test.each([
    '',
    '  ',
    ' -w  -t 60 ',
    `-o '-c work_mem=8MB' -s`,
    `-o "-c log_line_prefix='%m [%p] '"`,
    String.raw`a\ b "c\"d\\e\x" 'f\g' h\'i`,
    `x''y "" ''`,
    '-o\t"two\nlines"',
  ])('%j', (text) => {
    const shell = execFileSync('sh', ['-c', `printf '%s\\0' ${text.trim()}`], { encoding: 'utf8' })
    // Without any word, printf prints its format once.
    const expected = text.trim() === '' ? [] : shell.split('\0').slice(0, -1)
    expect(shellWords(text)).toEqual(expected)
  })

  test('nothing is expanded', () => {
    expect(shellWords('$HOME `id` *')).toEqual(['$HOME', '`id`', '*'])
  })

  test.each([`it's`, `"open`, 'end\\', `'a' "b`])('a quote that is not closed: %s', (text) => {
    expect(shellWords(text)).toBeUndefined()
  })
})
