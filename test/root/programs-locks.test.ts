/** A lock that somebody has is told from one that cannot be asked for. */
import { execFileSync } from 'node:child_process'
import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { buildSync } from 'esbuild'
import { tryLock } from '../../lib/system/file-lock'
import { idOf } from './support/server'

const owner = { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-lock-'))
  chownSync(directory, owner.uid, owner.gid)
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

test('it is had by one at a time', async () => {
  const path = join(directory, 'lock')
  const first = await tryLock(owner, path)
  expect(first).toBeDefined()
  expect(await tryLock(owner, path)).toBeUndefined()
  first?.release()
  const second = await tryLock(owner, path)
  expect(second).toBeDefined()
  second?.release()
})

test('an error of flock is no word that another process has it', () => {
  const program = join(directory, 'try.js')
  const code = `
    import { tryLock } from '${join(__dirname, '../../lib/system/file-lock')}'
    tryLock(${JSON.stringify(owner)}, '${join(directory, 'lock')}').then(
      (lock) => console.log(lock === undefined ? 'taken' : 'locked'),
      (error) => console.log(error.message),
    )
  `
  buildSync({
    stdin: { contents: code, resolveDir: __dirname },
    bundle: true,
    platform: 'node',
    outfile: program,
  })
  const flock = join(directory, 'flock')
  writeFileSync(flock, '#!/bin/sh\necho "flock: 3: No locks available" >&2\nexit 71\n', { mode: 0o755 })
  const script = 'mount --bind "$0" "$(command -v flock)"; exec "$@"'
  const argv = ['--mount', 'bash', '-euc', script, flock, process.execPath, program]
  expect(execFileSync('unshare', argv, { encoding: 'utf8' })).toBe(
    `${directory}/lock cannot be locked: flock failed with exit code 71: flock: 3: No locks available\n`,
  )
})
