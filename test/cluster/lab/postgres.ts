/** PostgreSQL on a node, set up as chapters 4.7 and 5.3 of the document do it. */
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { mustRun } from './command'
import type { LabNode } from './node'

export const pgUser = 'postgres'
export const archiveDir = '/var/lib/postgresql/archive'
/** The agent's default `tmpdir`. */
export const pgTmpDir = '/var/lib/pgsql/tmp'
export const pgSocketDir = '/var/run/postgresql'

/** One PostgreSQL on the nodes: its programs, and where its database lies. */
export interface PostgresInstallation {
  /** The major version. */
  readonly version: number
  readonly bin: string
  /** Below /var/lib/postgresql, which is on the node's own disk. */
  readonly data: string
}

/** A version from Debian's packages. */
export function debianPostgres(version: string): PostgresInstallation {
  return {
    version: Number(version),
    bin: `/usr/lib/postgresql/${version}/bin`,
    data: `/var/lib/postgresql/${version}/main`,
  }
}

/** The newest version whose server is installed on this machine, or in this root file system. */
export function installedVersion(root = ''): string {
  const directory = `${root}/usr/lib/postgresql`
  const versions = existsSync(directory)
    ? readdirSync(directory).filter((name) => existsSync(`${directory}/${name}/bin/initdb`))
    : []
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0]
  if (!newest) throw new Error(`no PostgreSQL server below ${directory}`)
  return newest
}

/** Chapter 4.7, in the words of the version, plus where the log goes. */
const configuration = (version: number): string => `
listen_addresses = '*'
port = 5432
wal_level = replica
archive_mode = on
archive_command = 'test ! -f ${archiveDir}/%f && cp %p ${archiveDir}/%f'
max_wal_senders = 4
${version >= 13 ? 'wal_keep_size = 800MB' : 'wal_keep_segments = 50'}
hot_standby = on
logging_collector = on
log_directory = '/var/log/postgresql'
log_filename = 'postgresql.log'
log_line_prefix = '%m [%p] %u@%d '
`

const hostBasedAuthentication = `local   all             all                                peer
host    replication     postgres        192.168.2.0/24     trust
host    all             all             192.168.100.0/24   trust
host    all             all             127.0.0.1/32       trust
`

export interface InitdbOptions {
  readonly checksums?: boolean
  /** More lines for postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Makes a new, empty database on the node, with the document's configuration. Does not start it. */
export async function initdb(node: LabNode, options: InitdbOptions = {}): Promise<void> {
  await wipe(node)
  await node.must(
    [
      ...[`${node.pgBin}/initdb`, '--pgdata', node.pgData, '--username', pgUser, '--auth', 'trust'],
      ...['--encoding', 'UTF8', '--locale', 'C'],
      ...(options.checksums ? ['--data-checksums'] : []),
    ],
    { user: pgUser },
  )
  const more = Object.entries(options.settings ?? {}).map(
    ([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`,
  )
  await node.must(['tee', '--append', `${node.pgData}/postgresql.conf`], {
    user: pgUser,
    input: configuration(node.postgres.version) + more.join(''),
  })
  await node.writeFile(`${node.pgData}/pg_hba.conf`, hostBasedAuthentication, { user: pgUser })
  // The agent's first start is as a standby, which refuses settings lower than those that the control file
  // remembers from initdb. Running once, like the document's database had, records ours.
  await node.must([`${node.pgBin}/postgres`, '--single', '-D', node.pgData, 'postgres'], {
    user: pgUser,
    input: '',
  })
}

/**
 * The same, once in a run of the tests (its directory is in OCF_TS_RUN) and a copy of that from then on: every lab's
 * database has the same system identifier then.
 *
 * @param root - the root file system of the node's programs
 */
export async function preparedInitdb(
  node: LabNode,
  root: string,
  options: InitdbOptions = {},
): Promise<void> {
  const run = process.env['OCF_TS_RUN']
  if (run === undefined) return initdb(node, options)
  const what = JSON.stringify([root, node.postgres, options])
  const kept = join(run, `initdb-${createHash('sha256').update(what).digest('hex').slice(0, 16)}.tar`)
  // Packed and unpacked on the node, which may have mounted the data directory from elsewhere.
  const handed = '/var/lib/postgresql/prepared.tar'
  if (existsSync(kept)) {
    await wipe(node)
    copyFileSync(kept, node.onDisk(handed))
    await node.must(['tar', '--extract', '--file', handed, '--directory', node.pgData])
  } else {
    await initdb(node, options)
    await node.must(['tar', '--create', '--file', handed, '--directory', node.pgData, '.'])
    // Two labs may come this far at the same time.
    const draft = join(mkdtempSync(join(run, 'draft-')), 'prepared.tar')
    copyFileSync(node.onDisk(handed), draft)
    renameSync(draft, kept)
  }
  await node.must(['rm', '--', handed])
}

/** Replaces the node's data by a copy of the server at this address (chapter 5.3). */
export async function baseBackup(node: LabNode, fromAddress: string): Promise<void> {
  await wipe(node)
  await node.must(
    [
      ...[`${node.pgBin}/pg_basebackup`, '-h', fromAddress, '-U', pgUser, '-D', node.pgData],
      ...['--wal-method', 'stream', '--checkpoint', 'fast', '--no-password'],
    ],
    { user: pgUser, timeoutMs: 120_000 },
  )
}

/** Replaces the node's data by that of a server that has stopped. */
export async function copyDatabase(node: LabNode, from: LabNode): Promise<void> {
  const [source, target] = [from.onDisk(from.pgData), node.onDisk(node.pgData)]
  if (existsSync(`${source}/postmaster.pid`)) {
    throw new Error(`${from.name}: PostgreSQL has not stopped, its files cannot be copied`)
  }
  await wipe(node)
  rmSync(target, { recursive: true })
  await mustRun(['cp', '--archive', '--', source, target])
}

/** Removes the database, the archived log and the agent's files, as if there had never been a database. */
export async function removeDatabase(node: LabNode): Promise<void> {
  await node.must(['rm', '-rf', '--', node.pgData])
  await node.must(['find', archiveDir, pgTmpDir, '-mindepth', '1', '-delete'])
}

/** Runs a query over the unix socket as the database's owner; rows as psql prints them, unaligned. */
export async function sql(node: LabNode, query: string, timeoutMs = 20_000): Promise<string> {
  const argv = [
    `${node.pgClientBin}/psql`,
    '-XAtq',
    '-v',
    'ON_ERROR_STOP=1',
    '-h',
    pgSocketDir,
    '-d',
    'postgres',
    '-f',
    '-',
  ]
  return (await node.must(argv, { user: pgUser, input: query, timeoutMs })).trim()
}

async function wipe(node: LabNode): Promise<void> {
  await node.must(['rm', '-rf', '--', node.pgData])
  await node.must(['install', '-d', '-o', pgUser, '-g', pgUser, '-m', '755', dirname(node.pgData)])
  await node.must(['install', '-d', '-o', pgUser, '-g', pgUser, '-m', '700', node.pgData])
}
