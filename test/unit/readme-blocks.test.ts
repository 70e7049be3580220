/** No block of code in README.md without a test that takes it from there. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { commandsIn, readmeBlocks, sessionsIn, shapeOf } from './support/readme-blocks'

const TESTS = join(__dirname, '..')

/** The names that the tests ask `readmeBlock` for. */
function taken(): readonly string[] {
  const files = ['cluster', 'root', 'unit'].flatMap((part) =>
    readdirSync(join(TESTS, part), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
      .map((name) => readFileSync(join(TESTS, part, name), 'utf8')),
  )
  return files.flatMap((text) => [...text.matchAll(/readmeBlock\('([^']+)'\)/g)].map(([, name = '']) => name))
}

test('each block is taken by a test, and no test takes one that is not there', () => {
  const names = [...readmeBlocks().keys()]
  expect([...new Set(taken())].sort()).toEqual(names.sort())
})

test('commands, sessions and shapes are read as they are meant', () => {
  expect(commandsIn('one --a   # why\n# no command\nnode1# two "#3"\n\n  three')).toEqual([
    'one --a',
    'two "#3"',
    '  three',
  ])
  expect(sessionsIn('# one\nprinted\n  more\n# two\n')).toEqual([
    { command: 'one', output: 'printed\n  more' },
    { command: 'two', output: '' },
  ])
  expect(shapeOf('00:11:06.645  node1   0/4000000 of 22 MB, 1.96 s  ')).toEqual(['# node# LSN of # MB, # s'])
})
