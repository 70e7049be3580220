/** The node's own files that are kept during a rejoin: what the account puts among them goes nowhere but into its data. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { keepOwnFiles, keptPath, restoreOwnFiles } from '../../lib/postgres/own-files'
import { asPostgres, idOf } from '../root/support/server'

const owner = { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }

/** Root's own. */
let roots: string
/** The account's. */
let home: string
let data: string
let kept: string

beforeEach(() => {
  roots = mkdtempSync('/var/tmp/ocf-ts-roots-')
  execFileSync('chmod', ['755', roots])
  home = join(roots, 'postgresql')
  data = join(home, 'data')
  kept = join(home, 'kept')
  execFileSync('install', ['-d', '-o', 'postgres', '-g', 'postgres', home])
  asPostgres('mkdir', data, kept)
})
afterEach(() => {
  rmSync(roots, { recursive: true, force: true })
})

function put(name: string, text = 'forged\n'): void {
  writeFileSync(join(kept, name), text, { mode: 0o600 })
  execFileSync('chown', ['postgres:postgres', join(kept, name)])
}

test.each([
  '..%2F..%2Fcron.d%2Fjob',
  '..%2F..%2Fjob',
  '..%2Fjob',
  '%2E%2E%2Fjob',
  'a%2F..%2F..%2F..%2Fjob',
  'a%2Fb%2Fc',
  '%2Fetc%2Fjob',
  '.%2Fjob',
  'a%2F',
  'a%00b',
  '%',
  '%FF',
  'PG_VERSION',
  'base%2F1',
  'pg_wal%2Fx',
])('%s is refused, before anything is put back', (name) => {
  put('postgresql.conf', 'kept\n')
  put(name)
  expect(() => {
    restoreOwnFiles(owner, data, kept)
  }).toThrow(/which no rejoin has put there/)
  expect(readdirSync(roots)).toEqual(['postgresql'])
  expect(readdirSync(home).sort()).toEqual(['data', 'kept'])
  expect(readdirSync(data)).toEqual([])
})

test('links in the data directory lead no further than the account may go itself', () => {
  asPostgres('ln', '-s', roots, join(data, 'conf.d'))
  put('conf.d%2Fjob')
  expect(() => {
    restoreOwnFiles(owner, data, kept)
  }).toThrow(/EACCES/)
  expect(readdirSync(roots)).toEqual(['postgresql'])
})

test('a link, a pipe and a file of ten gigabytes among them are not read', () => {
  for (const command of [
    ['ln', '-s', '/etc/shadow', join(kept, 'link')],
    ['mkfifo', join(kept, 'pipe')],
    ['truncate', '-s', '10G', join(kept, 'large')],
  ]) {
    asPostgres(command[0] ?? '', ...command.slice(1))
    expect(() => {
      restoreOwnFiles(owner, data, kept)
    }).toThrow()
    execFileSync('rm', command.slice(-1))
  }
  expect(readdirSync(data)).toEqual([])
})

test('what is kept is put back as it was, one directory down too', () => {
  asPostgres('mkdir', join(data, 'conf.d'))
  for (const [name, mode] of [
    ['postgresql.conf', '600'],
    ['conf.d/my %2F.conf', '640'],
  ] as const) {
    writeFileSync(join(data, name), `${name}\n`)
    execFileSync('chown', ['postgres:postgres', join(data, name)])
    execFileSync('chmod', [mode, join(data, name)])
  }
  writeFileSync(join(data, 'PG_VERSION'), '15\n')
  keepOwnFiles(owner, data, kept)
  execFileSync('rm', ['-r', join(data, 'conf.d'), join(data, 'postgresql.conf')])
  restoreOwnFiles(owner, data, kept)
  expect(readFileSync(join(data, 'conf.d/my %2F.conf'), 'utf8')).toBe('conf.d/my %2F.conf\n')
  expect(statSync(join(data, 'conf.d/my %2F.conf'))).toMatchObject({ uid: owner.uid, mode: 0o100640 })
  expect(statSync(join(data, 'conf.d'))).toMatchObject({ uid: owner.uid, mode: 0o40700 })
  expect(existsSync(join(data, 'postgresql.conf'))).toBe(true)
})

describe('a name', () => {
  test.each([
    ['postgresql.conf', 'postgresql.conf'],
    ['conf.d%2Fa.conf', 'conf.d/a.conf'],
    ['..conf', '..conf'],
    ['a%2F..b', 'a/..b'],
    ['a%252Fb', 'a%2Fb'],
    ['..', undefined],
    ['..%2Fa', undefined],
    ['a%2F..', undefined],
  ])('%s', (name, path) => {
    expect(keptPath(name)).toBe(path)
  })
})
