/** The shell that begins an agent looks at files of the database's account as root: it opens none that a link leads to. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { agentPath } from '../root/support/agent'

/** No process has this number: the kernel's end below it. */
const GONE = 2 ** 22

let directory: string
const inData = (name: string): string => join(directory, 'data', name)

beforeEach(() => {
  directory = mkdtempSync('/dev/shm/ocf-ts-shortcut-')
  for (const name of ['', 'global', 'pg_wal']) mkdirSync(inData(name))
  writeFileSync(inData('PG_VERSION'), '15\n')
  writeFileSync(inData('global/pg_control'), 'control')
  writeFileSync(inData('postmaster.pid'), `${GONE}\n`)
  execFileSync('chown', ['-R', 'postgres:', directory])
  mkdirSync(join(directory, 'notes'))
  // Of the server that the monitor before this one has found.
  writeFileSync(join(directory, 'notes/ts-pgsql-server-pgsql'), `${GONE}\n`)
})
afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

/** The monitor of a server that has died, without the half of it that needs Node. */
function monitor(): number | null {
  const { status } = spawnSync('sh', [agentPath('pgsql'), 'monitor'], {
    env: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      HA_RSCTMP: join(directory, 'notes'),
      OCF_RESOURCE_INSTANCE: 'pgsql',
      OCF_RESKEY_pgdata: inData(''),
      OCF_RESKEY_CRM_meta_interval: '2000',
    },
  })
  return status
}

const wasRead = (path: string): boolean => statSync(path).atimeMs > 0

test('files of the account are read', () => {
  utimesSync(inData('PG_VERSION'), 0, 1)
  expect(monitor()).toBe(7)
  expect(wasRead(inData('PG_VERSION'))).toBe(true)
})

test.each(['PG_VERSION', 'global/pg_control'])('what a link in the place of %s leads to is not', (name) => {
  const secret = join(directory, 'secret')
  writeFileSync(secret, 'of root', { mode: 0o600 })
  utimesSync(secret, 0, 1)
  rmSync(inData(name))
  symlinkSync(secret, inData(name))
  monitor()
  expect(wasRead(secret)).toBe(false)
})
