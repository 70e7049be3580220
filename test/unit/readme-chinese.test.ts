/** README.zh-CN.md has all that README.md has; what is added or changed there fails here until it is brought up. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { REPOSITORY } from '../../scripts/build/repository'
import { anchorsOf, sectionsOf } from './support/markdown'
import { deadLinks, differences } from './support/translation'

const ENGLISH = 'README.md'
const CHINESE = 'README.zh-CN.md'
const READMES = [ENGLISH, CHINESE]

const textOf = (name: string): string => readFileSync(join(REPOSITORY, name), 'utf8')
const english = textOf(ENGLISH)
const chinese = textOf(CHINESE)
const exists = (path: string): boolean => existsSync(join(REPOSITORY, path))
const between = (original: string, translated: string): string[] =>
  differences(sectionsOf(original), sectionsOf(translated), READMES)

test('the Chinese README has the sections, code, tables, parameters, names and links of the English one', () => {
  expect(between(english, chinese)).toEqual([])
})

test.each([
  [ENGLISH, english],
  [CHINESE, chinese],
])('every link of %s leads somewhere', (_name, text) => {
  expect(deadLinks(sectionsOf(text), exists)).toEqual([])
})

test('each README links to the other below its title', () => {
  const linked = (text: string): string[] => sectionsOf(text)[0]?.links.map(({ target }) => target) ?? []
  expect(linked(english)).toContain(CHINESE)
  expect(linked(chinese)).toContain(ENGLISH)
})

/**
 * Emphasis that would be shown as asterisks: a mark with punctuation on its inner side needs a blank or punctuation on
 * its outer side, which English has anyway, and Chinese has not.
 */
function brokenEmphasis(markdown: string): string[] {
  const prose = sectionsOf(markdown).flatMap(({ prose: lines }) => lines)
  return [...prose.join('\n').matchAll(/(.?)\*\*(.+?)\*\*(.?)/gs)]
    .filter(
      ([, before = '', inside = '', after = '']) =>
        (/^[\p{P}\p{S}]/u.test(inside) && /[\p{L}\p{N}]/u.test(before)) ||
        (/[\p{P}\p{S}]$/u.test(inside) && /[\p{L}\p{N}]/u.test(after)),
    )
    .map(([all]) => all)
}

test('emphasis is shown as such', () => {
  expect(brokenEmphasis(chinese)).toEqual([])
  expect(brokenEmphasis('# 标题\n\n先**提升。**然后')).toEqual(['先**提升。**然'])
  expect(brokenEmphasis('# 标题\n\n先**`提升`**，然后')).toEqual(['先**`提升`**，'])
})

test('the anchors of headings are as GitHub makes them', () => {
  expect(
    anchorsOf(['Configure', '`configure`', 'Look, change: `a b`', 'Configure', '演练：故障切换 `x_y`']),
  ).toEqual(['configure', 'configure-1', 'look-change-a-b', 'configure-2', '演练故障切换-x_y'])
})

describe('what was changed in the English README alone is found', () => {
  /** A change that does take place, or the case would prove nothing. */
  function changed(from: string | RegExp, to: string): string {
    const text = english.replace(from, to)
    expect(text).not.toBe(english)
    return text
  }

  test.each<[string, string | RegExp, string, RegExp]>([
    ['a section', '\n## Debug\n', '\n## More\n\nWords.\n\n## Debug\n', /the level of heading/],
    ['the level of a heading', '\n## Debug\n', '\n### Debug\n', /the level of heading/],
    [
      'a comment in a code block',
      'npm ci && npm run build     #',
      'npm ci && npm run build    #',
      /Install: code block 1/,
    ],
    ['a parameter', '\n| `psql` |', '\n| `new` | `1` | New. |\n| `psql` |', /parameter 2 is «`psql` `/],
    [
      'the default of a parameter',
      '| `stop_escalate` | `90` |',
      '| `stop_escalate` | `60` |',
      /`stop_escalate` `90`/,
    ],
    ['a required parameter', '| `ip` | _required_ |', '| `ip` |  |', /`ip` _required_/],
    [
      'a row of a table',
      '\n| 8         |',
      '\n| 9 | failed |\n| 8         |',
      /Debug: part .* «table of 10 × 2»/,
    ],
    [
      'a name in a paragraph',
      'After about half a minute',
      '`node_list` After about half a minute',
      /node_list/,
    ],
    [
      'an item of a list',
      '\n- **PostgreSQL hangs:**',
      '\n- More.\n- **PostgreSQL hangs:**',
      /Fail over: part/,
    ],
    ['a paragraph', '\n## Debug\n', '\nMore words.\n\n## Debug\n', /basebackup`: part/],
    ['a link to a file', 'MIT licence.', '[MIT licence](LICENSE).', /relative link 1 is «none»/],
    ['a link within the document', 'MIT licence.', '[See](#debug).', /links within the document/],
  ])('%s', (_name, from, to, found) => {
    expect(between(changed(from, to), chinese).join('\n')).toMatch(found)
  })

  test('a link to nothing', () => {
    const text = changed(
      'MIT licence.',
      '[a](#nothing) [b](nothing.md) [c](LICENSE) [d](#debug) [e](https://example.org)',
    )
    expect(deadLinks(sectionsOf(text), exists)).toEqual(['#nothing', 'nothing.md'])
  })
})
