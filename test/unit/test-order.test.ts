/** What the tests' files say of how they are to be run, and the table of how long they take (test/sequencer.mjs). */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { expect, test } from '@jest/globals'

const REPOSITORY = join(__dirname, '../..')

function filesIn(directory: string): readonly string[] {
  return readdirSync(join(REPOSITORY, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : filesIn(path)
    return path.endsWith('.test.ts') ? [path] : []
  })
}

test('a file that runs alone says so in its first comment, and why', () => {
  const self = relative(REPOSITORY, __filename)
  for (const file of filesIn('test').filter((path) => path !== self)) {
    const text = readFileSync(join(REPOSITORY, file), 'utf8')
    if (!text.includes('@alone')) continue
    const [comment = ''] = /^\/\*\*\n[^]*?\*\//.exec(text) ?? []
    expect([file, comment]).toEqual([file, expect.stringMatching(/^ \* @alone \S.*$/m)])
  }
})

test('the table of times has seconds, of files that are there', () => {
  const table = JSON.parse(readFileSync(join(REPOSITORY, 'test/seconds.json'), 'utf8')) as object
  for (const [file, seconds] of Object.entries(table)) {
    expect([file, existsSync(join(REPOSITORY, file))]).toEqual([file, true])
    expect(seconds).toBeGreaterThan(0)
  }
})
