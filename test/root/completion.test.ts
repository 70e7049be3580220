/** The shells' own completion, with the script that the built tool prints. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { bundleTool } from '../../scripts/build/bundle'

let directory: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-completion-'))
  ;(await bundleTool()).write(directory)
}, 180_000)

afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

const run = (shell: string, args: readonly string[], script: string): string =>
  execFileSync(shell, [...args, '-c', script], {
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: [directory, dirname(process.execPath), process.env['PATH']].join(delimiter),
    },
  })

const inBash = (...words: readonly string[]): readonly string[] =>
  run(
    'bash',
    ['--norc'],
    `source <(ocf-ts completion bash)
     COMP_WORDS=(ocf-ts ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
     "$(complete -p ocf-ts | sed 's/.*-F \\([^ ]*\\).*/\\1/')"
     printf '%s\\n' "\${COMPREPLY[@]}"`,
  )
    .split('\n')
    .filter(Boolean)

test('bash', () => {
  expect(inBash('stat')).toEqual(['status'])
  expect(inBash('status', '--w')).toEqual(['--watch'])
  expect(inBash('debug', 'pgsql', 'm')).toEqual(['monitor', 'meta-data', 'methods'])
  expect(inBash('nonsense')).toEqual([])
})

/** Types into a zsh that runs in a terminal of its own, and tells what stands there after the key TAB. */
test('zsh', () => {
  const script = `
    zmodload zsh/zpty
    zpty shell zsh -f -i
    zpty -w shell 'PROMPT=; autoload -Uz compinit; compinit -u -D; source <(ocf-ts completion zsh); print rea"dy"'
    while zpty -r shell line; do [[ $line == *ready* ]] && break; done
    zpty -n -w shell $'ocf-ts stat\\t --js\\t\\n'
    zpty -w shell 'exit'
    while zpty -r shell line; do print -r -- $line; done`
  // Without colours, and without what the cursor has gone back over.
  const seen = run('zsh', ['-f'], script)
    .replace(/\x1b\[[\d;?]*[A-Za-z]/g, '')
    .replace(/[^]\x08/g, '')
  // Each word is completed, for it is the only one.
  expect(seen).toMatch(/ocf-ts status +--json/)
}, 30_000)
