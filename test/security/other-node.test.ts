/**
 * A Node that does not let a process change its identity, as that of Debian 13: what works as an account does so through a
 * helper, and is stopped by the kernel at the same places. (scripts/test debian13-root runs all of these tests there.)
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { Deadline } from '../../lib/ocf'
import { changeConfigFile } from '../../lib/postgres/config-file'
import { type Connection, connect } from '../../lib/postgres/connection'
import { type Instance } from '../../lib/postgres/instance'
import { asUser, prepareUser } from '../../lib/system/as-user'
import { tryLock } from '../../lib/system/file-lock'
import {
  makeDirectory,
  makePrivateDirectory,
  openOwnedLog,
  privateDirectoryObstacle,
  readOwned,
  removeOwned,
  writeOwned,
} from '../../lib/system/owned-files'
import { callAgent } from '../root/support/agent'
import { emptyCib } from '../root/support/cib'
import { idOf, removeTemplate, TestServer } from '../root/support/server'

jest.setTimeout(180_000)

/** What that Node does, in a process that is started with this file. */
const REFUSES = `
  for (const name of ['setgroups', 'initgroups', 'setegid', 'seteuid', 'setgid', 'setuid'])
    process[name] = () => {
      const error = new Error(name + '() disabled: io_uring may be enabled. See CVE-2024-22017.')
      throw Object.assign(error, { code: 'ERR_INVALID_STATE' })
    }`

let server: TestServer
let directory: string
let refuses: string
const owner = {
  name: 'postgres',
  uid: idOf('-u', 'postgres'),
  gid: idOf('-g', 'postgres'),
  home: '/var/lib/postgresql',
}

beforeAll(() => {
  for (const name of ['setgroups', 'setegid', 'seteuid'] as const) {
    process[name] = () => {
      throw Object.assign(new Error(`${name}() disabled`), { code: 'ERR_INVALID_STATE' })
    }
  }
  server = TestServer.create()
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-other-node-'))
  // Others may pass.
  chmodSync(directory, 0o755)
  refuses = join(directory, 'refuses.js')
  writeFileSync(refuses, REFUSES)
})
afterAll(() => {
  server.destroy()
  removeTemplate()
  rmSync(directory, { recursive: true, force: true })
})

const call = (action: string) =>
  callAgent('pgsql', action, {
    params: server.params,
    env: { OCF_RESOURCE_INSTANCE: 'pgsql', ...emptyCib() },
    through: [process.execPath, '--require', refuses, join(__dirname, '../../dist/ocf/ts/pgsql')],
  })

/** A directory of the account's, and what root alone may read. */
function ground(): { theirs: string; secret: string } {
  const theirs = mkdtempSync(join(server.directory, 'theirs-'))
  chownSync(theirs, owner.uid, owner.gid)
  const secret = join(theirs, 'secret')
  writeFileSync(secret, 'secret', { mode: 0o600 })
  return { theirs, secret }
}

test('it refuses', () => {
  expect(() => process.seteuid?.(owner.uid)).toThrow('disabled')
  prepareUser(owner, new Deadline(120_000))
  expect(asUser(owner, (files) => files.stat('/proc/self').uid)).toBe(owner.uid)
})

describe('files', () => {
  test('are read and written as the account, and no other way', () => {
    const { theirs, secret } = ground()
    expect(() => readOwned(owner, secret)).toThrow('EACCES')
    const file = join(theirs, 'file')
    writeOwned(owner, file, 'text', 0o640)
    expect(statSync(file)).toMatchObject({ uid: owner.uid, gid: owner.gid })
    expect(readOwned(owner, file)).toBe('text')
    symlinkSync(secret, join(theirs, 'link'))
    expect(() => readOwned(owner, join(theirs, 'link'))).toThrow(`${theirs}/link is a symbolic link`)
    expect(() => readOwned(owner, join(theirs, 'link'), { links: true })).toThrow('EACCES')
    removeOwned(owner, file)
    removeOwned(owner, file)
    expect(readOwned(owner, file)).toBeUndefined()
  })

  test('directories are made where the account may, and are not taken from others', () => {
    const { theirs } = ground()
    makePrivateDirectory(owner, join(theirs, 'a/b'))
    expect(statSync(join(theirs, 'a/b'))).toMatchObject({ uid: owner.uid, mode: 0o40700 })
    expect(makeDirectory(owner, join(theirs, 'a/b'), 0o755)).toBe(false)
    const others = join(directory, 'others')
    mkdirSync(others)
    chownSync(others, 65534, 65534)
    expect(() => {
      makePrivateDirectory(owner, join(others, 'x'))
    }).toThrow(`${others}/x would lie in ${others}, which belongs to `)
    expect(privateDirectoryObstacle(owner, others)).toBe('belongs to user 65534, not to postgres')
  })

  test('a configuration file stays whose it is, and a link leads no further than the account may go', () => {
    const { theirs, secret } = ground()
    const file = join(theirs, 'postgresql.conf')
    writeOwned(owner, file, 'a\n', 0o644)
    expect(changeConfigFile(owner, file, (text) => `${text}b\n`)).toBe(true)
    expect(readFileSync(file, 'utf8')).toBe('a\nb\n')
    expect(statSync(file)).toMatchObject({ uid: owner.uid, mode: 0o100644 })
    symlinkSync(secret, join(theirs, 'conf'))
    expect(() => changeConfigFile(owner, join(theirs, 'conf'), () => 'x')).toThrow('EACCES')
  })

  test('a lock is held by one, and a log is the account’s own', async () => {
    const { theirs } = ground()
    const lock = await tryLock(owner, join(theirs, 'lock'))
    expect(lock).toBeDefined()
    expect(await tryLock(owner, join(theirs, 'lock'))).toBeUndefined()
    lock?.release()
    const next = await tryLock(owner, join(theirs, 'lock'))
    expect(next).toBeDefined()
    next?.release()
    closeSync(openOwnedLog(owner, join(theirs, 'log')))
    expect(statSync(join(theirs, 'log')).uid).toBe(owner.uid)
    closeSync(openOwnedLog(owner, '/dev/null'))
  })
})

test('the agent starts, monitors and stops a server, which lets it in as the account (peer)', async () => {
  expect(await call('start')).toMatchObject({ code: 0 })
  expect(await call('monitor')).toMatchObject({ code: 0 })
  // In this process, more sessions than one helper relays.
  const instance = {
    ...{
      owner,
      dataDirectory: server.dataDirectory,
      socketDirectory: server.directory,
      host: '',
      port: 5432,
    },
  } as Instance
  const sessions: Connection[] = []
  for (let count = 0; count < 6; count += 1) {
    const login = { user: 'postgres', database: 'template1' }
    const session = await connect(instance, undefined, login, new Deadline(60_000))
    sessions.push(session)
    expect(await session.rows('select session_user::text as who')).toEqual([{ who: 'postgres' }])
  }
  for (const session of sessions) session.close()
  expect(await call('stop')).toMatchObject({ code: 0 })
  expect(await call('monitor')).toMatchObject({ code: 7 })
})
