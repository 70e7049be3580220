/** What a shell offers next, from the definitions of the commands. */
import { expect, test } from '@jest/globals'
import { type Command } from 'commander'
import { candidatesFor } from '../../cli/completion/candidates'
import { makeProgram } from '../../cli/program'
import { Terminal } from '../../cli/terminal'

const program = makeProgram({ terminal: new Terminal(), run: () => Promise.resolve() })
const isHidden = (command: Command): boolean =>
  command.name().startsWith('node-') || command.name() === 'complete'

test.each<[string, readonly string[], readonly string[], string | undefined]>([
  ['a command', ['st'], ['status'], undefined],
  ['an option', ['status', '--w'], ['--watch'], undefined],
  ['no option twice', ['status', '--json', '--'], ['--watch', '--help'], undefined],
  ['a choice', ['completion', ''], ['bash', 'zsh'], undefined],
  ['a choice that is begun', ['completion', 'z'], ['zsh'], undefined],
  ['a resource', ['debug', ''], [], 'resource'],
  ['an action', ['debug', 'pgsql', ''], [], 'action'],
  ["an option's value", ['debug', 'pgsql', 'monitor', '--node', ''], [], 'node'],
  ['what comes after it', ['debug', '--node', 'node1', ''], [], 'resource'],
  ['a value of any kind', ['logs', '--since', ''], [], undefined],
  ['nothing', ['nonsense', 'x'], [], undefined],
])('%s', (_, words, expected, known) => {
  const found = candidatesFor(program, words, isHidden)
  if (expected.length > 0 || known !== undefined) expect(found).toEqual({ words: expected, known })
  expect(found.known).toBe(known)
})

test('every command that is not called by the tool itself', () => {
  const { words } = candidatesFor(program, [''], isHidden)
  const all = program.commands.filter((command) => !isHidden(command)).map((command) => command.name())
  expect(words).toEqual(all)
  expect(words).toContain('completion')
  expect(words).not.toContain('complete')
})
