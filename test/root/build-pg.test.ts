/** The build changes how `pg` is loaded (scripts/build): here it logs in by every method, on a real server. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { bundle } from '../../scripts/build/bundle'
import { temporaryDirectory } from '../unit/support/built-agents'
import { PG_BIN } from './support/server'

const directory = temporaryDirectory()
const data = join(directory.path, 'postgres/data')
const program = join(directory.path, 'query.js')

/** Runs a shell script as the database's owner. */
function asPostgres(script: string): void {
  execFileSync('runuser', ['-u', 'postgres', '--', 'bash', '-euc', script], {
    cwd: directory.path,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

beforeAll(async () => {
  chmodSync(directory.path, 0o755)
  execFileSync('install', ['-d', '-o', 'postgres', '-m', '755', join(directory.path, 'postgres')])
  asPostgres(`
    ${PG_BIN}/initdb --no-sync --auth=peer -D ${data}
    printf '%s\\n' 'local all md5user md5' 'local all scramuser scram-sha-256' 'local all plainuser password' \\
      'local all all peer' >${data}/pg_hba.conf
    printf '%s\\n' "listen_addresses = ''" "unix_socket_directories = '${directory.path}/postgres'" 'fsync = off' \\
      >>${data}/postgresql.conf
    ${PG_BIN}/pg_ctl -w -l ${data}/log -D ${data} start
    ${PG_BIN}/psql -q -h ${directory.path}/postgres postgres <<'END'
      set password_encryption = 'md5';
      create role md5user login password 'it''s md5';
      set password_encryption = 'scram-sha-256';
      create role scramuser login password 'it''s scram';
      create role plainuser login password 'it''s plain';
END`)
  const source = join(directory.path, 'query.ts')
  writeFileSync(
    source,
    `import { Client } from 'pg'
     const [host, user, password] = process.argv.slice(2)
     const client = new Client({ host, user, password, database: 'postgres', ssl: false })
     client
       .connect()
       .then(() => client.query('select current_user::text as name, $1::int + 1 as sum', [41]))
       .then(({ rows }) => console.log(JSON.stringify(rows)))
       .catch((error) => console.log(error.code))
       .finally(() => client.end())`,
  )
  const bundled = await bundle(source, 'a test')
  expect(bundled).toContain('\n//# package pg after line ')
  writeFileSync(program, bundled)
}, 180_000)

afterAll(() => {
  spawnSync('runuser', ['-u', 'postgres', '--', `${PG_BIN}/pg_ctl`, '-D', data, '-m', 'immediate', 'stop'])
  directory.remove()
})

/** What the bundled program prints, run as the database's owner. */
function query(...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(
    'runuser',
    ['-u', 'postgres', '--', process.execPath, program, `${directory.path}/postgres`, ...args],
    { encoding: 'utf8', cwd: '/' },
  )
  return `${stdout}${stderr}`.trim()
}

test.each([
  ['peer', ['postgres']],
  ['md5', ['md5user', "it's md5"]],
  ['scram-sha-256', ['scramuser', "it's scram"]],
  ['password', ['plainuser', "it's plain"]],
])('%s', (_, login) => {
  expect(query(...login)).toBe(`[{"name":"${login[0] ?? ''}","sum":42}]`)
})

test.each([['md5user'], ['scramuser']])('a wrong password of %s is refused', (user) => {
  expect(query(user, 'wrong')).toBe('28P01')
})
