/** What it means that a server did not answer its monitor as it should. */
import { describe, expect, test } from '@jest/globals'
import { decideTrouble, type TroubleFacts, UNENDED } from '../../agents/pgsql/decide-trouble'
import { describeDiskTrouble, type DiskTrouble, judgeRoom } from '../../lib/postgres/disk-trouble'
import { mountOf } from '../../lib/system/file-system'

const DATA = '/var/lib/postgresql/15/main'
const mount = { point: '/var/lib/postgresql', type: 'ext4' }
const full: DiskTrouble = {
  kind: 'full',
  path: `${DATA}/pg_wal`,
  mount,
  room: { freeBytes: 0, totalBytes: 2 ** 30, freeFiles: 7 },
}
const failing: DiskTrouble = { kind: 'failing', path: `${DATA}/PG_VERSION`, mount, code: 'EIO' }

const facts: TroubleFacts = {
  pid: 1234567,
  complaint: 'other',
  message: 'relation does not exist',
  otherwise: { exit: 1, reason: 'PostgreSQL runs, but: relation does not exist', detail: 'more of it' },
  server: 'running',
  processState: 'S',
  monitorTimeout: 5,
  waited: 5.04,
  disk: undefined,
  ofDisk: false,
  replicated: true,
  controlState: undefined,
}

describe('fails', () => {
  test.each<[string, Partial<TroubleFacts>, number, string]>([
    [
      'no answer in time',
      { complaint: 'silent', message: 'timeout expired' },
      1,
      'PostgreSQL runs (process 1234567) but does not answer within 5 s (monitor_timeout)',
    ],
    [
      'a monitor_sql that takes too long',
      { complaint: 'silent', message: UNENDED },
      1,
      'PostgreSQL runs (process 1234567) but does not answer within 5 s (monitor_timeout): monitor_sql has not ended',
    ],
    [
      'a suspended server',
      { complaint: 'silent', message: 'timeout expired', processState: 'T' },
      1,
      'PostgreSQL runs (process 1234567) but does not answer within 5 s (monitor_timeout): it is suspended (SIGSTOP)',
    ],
    [
      'one that waits for a disk, without monitor_timeout',
      { complaint: 'silent', message: 'timeout expired', processState: 'D', monitorTimeout: undefined },
      1,
      'PostgreSQL runs (process 1234567) but does not answer before the timeout of the monitor: it waits for a disk (state D)',
    ],
    [
      'one that accepts no connection',
      { complaint: 'silent', message: 'connect EAGAIN /run/postgresql/.s.PGSQL.5432' },
      1,
      'PostgreSQL runs (process 1234567) but does not answer within 5 s (monitor_timeout): more connections wait than its socket holds',
    ],
    [
      'one that hangs is not hung for want of room',
      { complaint: 'silent', message: 'timeout expired', disk: full },
      1,
      'PostgreSQL runs (process 1234567) but does not answer within 5 s (monitor_timeout)',
    ],
    [
      'a recovery that does not end in time',
      { complaint: 'restarting', message: 'the database system is in recovery mode' },
      1,
      'waited 5 s for PostgreSQL (process 1234567) to take connections again: the database system is in recovery mode',
    ],
    [
      'one that crashes again and again for want of room',
      { complaint: 'restarting', message: 'the database system is in recovery mode', disk: full },
      1,
      `PostgreSQL fails: no space left on /var/lib/postgresql (ext4), 0.0 MB free, for ${DATA}/pg_wal`,
    ],
    [
      'one that says that a disk is full',
      { message: 'could not extend file', ofDisk: true, disk: full },
      1,
      `PostgreSQL fails: no space left on /var/lib/postgresql (ext4), 0.0 MB free, for ${DATA}/pg_wal`,
    ],
    [
      'one whose disk is lost',
      { message: 'could not open file', disk: failing },
      1,
      `PostgreSQL fails: I/O error (EIO) on /var/lib/postgresql (ext4): ${DATA}/PG_VERSION`,
    ],
    [
      'one that has ended since, and its disk is lost',
      { complaint: 'restarting', server: 'stopped', disk: failing },
      7,
      `PostgreSQL is not running: I/O error (EIO) on /var/lib/postgresql (ext4): ${DATA}/PG_VERSION`,
    ],
    [
      'one that has ended since',
      { complaint: 'restarting', server: 'stopped', message: 'one of its processes crashed' },
      7,
      'PostgreSQL is not running: it ended while it was asked',
    ],
    [
      'one that has ended since, with an error',
      { server: 'stopped' },
      7,
      'PostgreSQL is not running: it ended while it was asked: relation does not exist',
    ],
    [
      'one whose postmaster has died, and not all of its processes with it',
      { complaint: 'restarting', server: 'orphaned' },
      1,
      'the postmaster is gone, but processes of it still run: stop the resource to end them',
    ],
    ['any other error, also with little room', { disk: full }, 1, facts.otherwise.reason],
    [
      'one without connections whose role nobody knows',
      { complaint: 'crowded', controlState: undefined },
      1,
      facts.otherwise.reason,
    ],
    [
      'one without connections that shuts down',
      { complaint: 'crowded', controlState: 'shutting down' },
      1,
      facts.otherwise.reason,
    ],
  ])('%s', (_, change, exit, reason) => {
    const plan = decideTrouble({ ...facts, ...change })
    expect(plan).toMatchObject({ exit, reason, steps: [] })
    expect(plan.warning).toBeUndefined()
    expect(reason.length).toBeLessThanOrEqual(127)
  })
})

describe('lives, with every connection taken', () => {
  test.each<[string, Partial<TroubleFacts>, number]>([
    ['a primary', { controlState: 'in production' }, 8],
    ['a standby', { controlState: 'in archive recovery' }, 0],
    ['a server without replication', { replicated: false }, 0],
    ['a primary with little room', { controlState: 'in production', disk: full }, 8],
  ])('%s', (_, change, exit) => {
    const plan = decideTrouble({
      ...facts,
      complaint: 'crowded',
      message: 'sorry, too many clients already',
      ...change,
    })
    expect(plan.exit).toBe(exit)
    expect(plan.reason).toBeUndefined()
    expect(plan.warning).toContain('(sorry, too many clients already)')
  })
})

test.each<[string, Parameters<typeof judgeRoom>, string | undefined]>([
  ['enough', [{ freeBytes: 100, totalBytes: 200, freeFiles: 3 }, 100], undefined],
  ['too little', [{ freeBytes: 99, totalBytes: 200, freeFiles: 3 }, 100], 'full'],
  ['none, and none is needed in particular', [{ freeBytes: 0, totalBytes: 200, freeFiles: 3 }, 0], 'full'],
  ['no inode', [{ freeBytes: 100, totalBytes: 200, freeFiles: 0 }, 0], 'no files'],
  ['inodes are made as needed', [{ freeBytes: 100, totalBytes: 200, freeFiles: undefined }, 0], undefined],
])('room: %s', (_, args, expected) => {
  expect(judgeRoom(...args)).toBe(expected)
})

test.each<[DiskTrouble, string]>([
  [{ kind: 'no files', path: DATA, mount }, `no inode left on /var/lib/postgresql (ext4) for ${DATA}`],
  [{ kind: 'read-only', path: DATA, mount }, `/var/lib/postgresql (ext4) is read-only: ${DATA}`],
  [
    { kind: 'failing', path: DATA, mount: undefined, code: 'ESTALE' },
    `I/O error (ESTALE) on its file system: ${DATA}`,
  ],
])('a disk in words: %j', (trouble, words) => {
  expect(describeDiskTrouble(trouble)).toBe(words)
})

const TABLE = `21 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 21 0:25 / /var/lib rw - xfs /dev/sdb1 rw
31 30 0:26 / /var/lib/postgresql rw - tmpfs tmpfs rw,size=1024k
32 30 0:27 /sub /var/lib/a\\040b rw shared:3 master:2 - btrfs /dev/sdc rw
33 31 0:28 / /var/lib/postgresql rw - ext4 /dev/loop0 rw
`

test.each([
  ['/etc', { point: '/', type: 'ext4' }],
  ['/var/lib/postgres', { point: '/var/lib', type: 'xfs' }],
  ['/var/lib/postgresql', { point: '/var/lib/postgresql', type: 'ext4' }],
  [`${DATA}/pg_wal`, { point: '/var/lib/postgresql', type: 'ext4' }],
  ['/var/lib/a b/c', { point: '/var/lib/a b', type: 'btrfs' }],
])('the mount of %s', (path, expected) => {
  expect(mountOf(path, TABLE)).toEqual(expected)
})
