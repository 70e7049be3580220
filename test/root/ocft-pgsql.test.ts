/** The database agent under the case file that resource-agents has for its own, with Debian's agent beside it. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, expect, test } from '@jest/globals'
import { agentPath } from './support/agent'
import { CASE_FILES, type OcftCase, runOcft } from './support/ocft'
import { PG_MAJOR } from './support/server'

/** Debian's cluster main, as its package makes it, in the place where the cases look for it; seen by the run alone. */
const DATABASE = `
for directory in /etc/postgresql /var/lib/postgresql /var/log/postgresql; do
  mount -t tmpfs -o mode=755 tmpfs $directory
  chown postgres:postgres $directory
done
pg_createcluster --start-conf manual ${PG_MAJOR} main -- --no-sync >&2
`

/** The cases as they are, but for the first line: it has apt-get fetch PostgreSQL, which is there. */
const CASES = readFileSync(join(CASE_FILES, 'pgsql'), 'utf8').replace(/^\s*InstallPackage .*\n/m, '')

let ours: readonly OcftCase[]
let shell: readonly OcftCase[]

beforeAll(async () => {
  const run = { name: 'pgsql', cases: CASES, prepare: DATABASE, shards: 3 }
  const agentRoot = dirname(agentPath('pgsql'))
  ;[ours, shell] = await Promise.all([runOcft({ ...run, agentRoot }), runOcft(run)])
}, 120_000)

/** The cases that did not pass, in words. */
function failures(cases: readonly OcftCase[]): readonly string[] {
  return cases
    .filter(({ result }) => result !== 'ok')
    .map(({ number, title, result, output }) => `${number} ${title}: ${result}\n${output}`)
}

test('ours: every case', () => {
  expect(ours).toHaveLength(11)
  expect(failures(ours)).toEqual([])
})

test('the shell agent: every case', () => {
  expect(shell).toHaveLength(11)
  expect(failures(shell)).toEqual([])
})
