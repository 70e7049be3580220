/** What a restore_command calls for, and this node does not have. */
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { findProgram } from '../../../lib/system/find-program'
import { shellWords } from '../../../lib/system/shell-words'

/** Words that begin with a letter and are followed by more shell than can be judged here. */
const SHELL_WORDS = ['test', '[', 'if', 'cd', 'exec', 'set', 'export']

/** The directories that a command takes its files from: those of words with %f, when they are written out. */
export function directoriesOf(command: string): readonly string[] {
  return (shellWords(command) ?? [])
    .filter((word) => word.startsWith('/') && word.includes('%f') && !/[$`*]/.test(word))
    .map((word) => dirname(word))
    .filter((path) => !path.includes('%'))
}

/** Paths and programs that the command names and that are not there. */
export function lacksOf(command: string): readonly string[] {
  const [program = ''] = shellWords(command) ?? []
  const judged = /^[\w./+-]+$/.test(program) && !SHELL_WORDS.includes(program)
  const found = program.startsWith('/') ? existsSync(program) : findProgram(program) !== undefined
  return [
    ...(judged && !found ? [`the program ${program}`] : []),
    ...directoriesOf(command)
      .filter((path) => !existsSync(path))
      .map((path) => `the directory ${path}`),
  ]
}
