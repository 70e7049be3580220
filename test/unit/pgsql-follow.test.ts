/** What keeps a standby from following the primary, and what it does about it. */
import { describe, expect, test } from '@jest/globals'
import { decideFollow, type Finding, type FollowFacts, isStuck } from '../../agents/pgsql/decide-follow'
import {
  compareStanding,
  dataStatusOf,
  mayBeRemoved,
  type Obstacle,
  readRefusal,
  type Standing,
  timelinesFrom,
} from '../../agents/pgsql/decide-obstacle'
import { describeStep } from '../../agents/pgsql/steps'
import { readLsn } from '../../lib/postgres/lsn'
import { restoreCommandText } from '../../lib/postgres/restore-command'
import { type Upstream } from '../../lib/postgres/upstream'
import { segmentName, timelineAt } from '../../lib/postgres/wal-segments'

const MB = 2 ** 20

function lsn(text: string): string {
  const position = readLsn(text)
  if (position === undefined) throw new Error(`${text} is no position`)
  return position
}

describe('files of the WAL', () => {
  test.each([
    ['0/0', 16 * MB, '000000010000000000000000'],
    ['0/5000028', 16 * MB, '000000010000000000000005'],
    ['3/FF000000', 16 * MB, '0000000100000003000000FF'],
    ['1/0', MB, '000000010000000100000000'],
    ['0/FFFFFFFF', 1024 * MB, '000000010000000000000003'],
  ])('%s, in files of %d bytes, is in %s', (position, size, name) => {
    expect(segmentName(1, lsn(position), size)).toBe(name)
  })

  test.each([
    ['one timeline', ['000000010000000000000004', '000000010000000000000005'], '0/5000028', 1],
    ['two of them hold it', ['000000010000000000000005', '000000020000000000000005'], '0/5000028', 2],
    [
      'its end is the end of a file',
      ['000000010000000000000004', '000000020000000000000005'],
      '0/5000000',
      1,
    ],
    [
      'other files',
      ['00000002.history', '000000020000000000000005.partial', 'archive_status'],
      '0/5000028',
      undefined,
    ],
    ['nothing was ever received', ['000000010000000000000000'], '0/0', undefined],
  ])('the timeline of a position: %s', (_, names, position, timeline) => {
    expect(timelineAt(names, lsn(position), 16 * MB)).toBe(timeline)
  })
})

const PRIMARY: Upstream = {
  systemIdentifier: '77',
  timeline: 3,
  flushed: lsn('0/9000000'),
  history: [
    { timeline: 1, end: lsn('0/4000100') },
    { timeline: 2, end: lsn('0/6000200') },
  ],
}
const MINE: Standing = {
  systemIdentifier: '77',
  timeline: 2,
  redo: lsn('0/5000000'),
  walSegmentSize: 16 * MB,
  received: undefined,
  replayed: lsn('0/5000000'),
  followed: 2,
}
const fits = (position?: string, timeline = 2) => ({
  kind: 'fits',
  need: position === undefined ? undefined : { timeline, position: lsn(position) },
})

describe('a standby compared with the primary', () => {
  test.each<[string, Partial<Standing>, Partial<Upstream>, unknown]>([
    ['on the way to where the primary went', {}, {}, fits('0/5000000')],
    ['it is further in what it has received', { received: lsn('0/5800000') }, {}, fits('0/5800000')],
    ['it waits where the primary left', { replayed: lsn('0/6000200') }, {}, fits('0/6000200')],
    [
      'half a record beyond, and nothing of it replayed: no proof',
      { replayed: lsn('0/6000200'), received: lsn('0/6000300') },
      {},
      fits('0/6000200'),
    ],
    [
      'one record beyond',
      { replayed: lsn('0/6000201') },
      {},
      { kind: 'forked', timeline: 2, end: lsn('0/6000200'), position: lsn('0/6000201') },
    ],
    [
      'beyond where the timeline of its control file was left, but it has gone on to the next',
      { replayed: lsn('0/8000000'), followed: 3 },
      {},
      fits('0/8000000', 3),
    ],
    [
      'beyond where the timeline of its control file was left, and nothing shows on which it is: no proof',
      { replayed: lsn('0/8000000'), followed: undefined },
      {},
      fits(),
    ],
    [
      'beyond, and what is left of its WAL is older than its control file: no proof',
      { replayed: lsn('0/8000000'), followed: 1 },
      {},
      fits(),
    ],
    [
      'it was promoted by somebody',
      { followed: 4 },
      {},
      { kind: 'unknown timeline', timeline: 4, primaryTimeline: 3 },
    ],
    [
      'it was promoted by somebody, and says so itself',
      { timeline: 7, followed: undefined },
      {},
      { kind: 'unknown timeline', timeline: 7, primaryTimeline: 3 },
    ],
    ['another system identifier', { systemIdentifier: '78' }, {}, { kind: 'another database' }],
    [
      'on the timeline of the primary, and ahead of it',
      { timeline: 3, followed: 3, replayed: lsn('0/9000001') },
      {},
      { kind: 'forked', timeline: 3, end: lsn('0/9000000'), position: lsn('0/9000001') },
    ],
    [
      'on the timeline of the primary, in its last file: that cannot have been removed',
      { timeline: 3, followed: 3, replayed: lsn('0/9000000') },
      {},
      fits(),
    ],
    [
      'the primary does not say how far it is',
      { timeline: 3, followed: 3, replayed: lsn('0/9000001') },
      { flushed: undefined },
      fits('0/9000001', 3),
    ],
    ['it has nothing', { replayed: undefined }, {}, fits()],
  ])('%s', (_, mine, primary, expected) => {
    expect(compareStanding({ ...MINE, ...mine }, { ...PRIMARY, ...primary })).toEqual(expected)
  })

  test('only what is in an earlier file than the end can have been removed', () => {
    expect(mayBeRemoved(lsn('0/8FFFFFF'), PRIMARY, 16 * MB)).toBe(true)
    expect(mayBeRemoved(lsn('0/9000000'), PRIMARY, 16 * MB)).toBe(false)
  })

  test('an archive is asked for the files of the primary first, and for none before the timeline of the node', () => {
    expect(timelinesFrom(2, PRIMARY)).toEqual([3, 2])
    expect(timelinesFrom(1, PRIMARY)).toEqual([3, 2, 1])
  })
})

test('restore_command', () => {
  const file = '000000010000000000000003'
  expect(restoreCommandText('get "%f" %p -o %r 100%%', { file, target: '/t/x', oldest: 'A' })).toBe(
    `get "${file}" /t/x -o A 100%`,
  )
  expect(restoreCommandText('a %x %', { file, target: '', oldest: '' })).toBe('a %x %')
})

test.each([
  ['FATAL:  no pg_hba.conf entry for replication connection from host "192.168.2.2", user "postgres"', 'hba'],
  ['FATAL:  kein pg_hba.conf-Eintrag für Replikationsverbindung von Host »192.168.2.2«', 'hba'],
  ['FATAL:  password authentication failed for user "postgres"', 'password'],
  ['fe_sendauth: no password supplied', 'password'],
  ['FATAL: Passwort falsch\npassword retrieved from file "/var/lib/postgresql/.pgpass"', 'password'],
  ['FATAL:  role "rep" does not exist', 'role'],
  ['FATAL:  permission denied to start WAL sender', 'role'],
  ['FATAL:  must be superuser or replication role to start walsender', 'role'],
  ['connection to server at "192.168.2.3", port 5432 failed: Connection refused', undefined],
  ['FATAL:  the database system is starting up', undefined],
  ['FATAL:  the database system is not yet accepting connections', undefined],
  ['FATAL:  number of requested standby connections exceeds max_wal_senders', undefined],
  ['could not translate host name "db" to address', undefined],
  ['timeout expired', undefined],
])('who is not let in: %s', (message, kind) => {
  expect(readRefusal(message)).toBe(kind)
})

const AT = { primary: 'node2', received: undefined, replayed: lsn('0/5000000') }
const FORKED: Obstacle = { kind: 'forked', timeline: 1, end: lsn('0/4000100'), position: lsn('0/5000000') }
const REMOVED: Obstacle = { kind: 'wal removed', timeline: 1, position: lsn('0/5000000'), archived: false }
const REFUSED: Obstacle = { kind: 'refused', message: 'FATAL:  no pg_hba.conf entry' }

const facts = (given: Partial<FollowFacts>): FollowFacts => ({
  resource: 'pgsql',
  node: 'node1',
  now: AT,
  note: AT,
  finding: undefined,
  dataStatus: 'DISCONNECT',
  rejoin: 'safe',
  knowsDegraded: true,
  user: 'postgres',
  masterIp: '192.168.2.3',
  owner: 'postgres',
  ...given,
})

describe('a standby that does not receive although there is a primary', () => {
  test.each([
    ['the first look', undefined, false],
    ['the second, where it was', AT, true],
    ['it has replayed more', { ...AT, replayed: lsn('0/4000000') }, false],
    ['it has received more', { ...AT, received: lsn('0/4000000') }, false],
    ['another node has become the primary', { ...AT, primary: 'node3' }, false],
  ])('asks at the second look: %s', (_, note, stuck) => {
    expect(isStuck(AT, note)).toBe(stuck)
  })

  const status = (value: string) => `set node attribute pgsql-data-status of node1 to ${value}`
  test.each<[string, Partial<FollowFacts>, number, RegExp | undefined, readonly string[]]>([
    ['the first look', { note: undefined }, 0, undefined, ['note that this standby receives nothing']],
    [
      'it gets on',
      { note: { ...AT, replayed: lsn('0/1') } },
      0,
      undefined,
      ['note that this standby receives nothing'],
    ],
    [
      'forked',
      { finding: FORKED },
      1,
      /^has diverged: .* take a base backup$/,
      [status('DISCONNECT|FORKED')],
    ],
    ['forked, said already', { finding: FORKED, dataStatus: 'DISCONNECT|FORKED' }, 1, /has diverged/, []],
    [
      'forked, and the primary saw it try',
      { finding: FORKED, dataStatus: 'STARTUP|ASYNC' },
      1,
      /has diverged/,
      [status('DISCONNECT|FORKED')],
    ],
    [
      'forked, rejoin=manual',
      { finding: FORKED, rejoin: 'manual' },
      0,
      undefined,
      [status('DISCONNECT|FORKED')],
    ],
    [
      'forked, rejoin=rewind',
      { finding: FORKED, rejoin: 'rewind' },
      1,
      /rejoin=rewind fixes it$/,
      [status('DISCONNECT|FORKED')],
    ],
    [
      'WAL removed',
      { finding: REMOVED },
      1,
      /^the primary has removed the next WAL/,
      [status('DISCONNECT|WAL_REMOVED')],
    ],
    [
      'WAL removed, and not in the archive',
      { finding: { ...REMOVED, archived: true } },
      1,
      /^neither the primary nor restore_command has/,
      [status('DISCONNECT|WAL_REMOVED')],
    ],
    [
      'WAL removed, which pg_rewind does not bring',
      { finding: REMOVED, rejoin: 'rewind' },
      1,
      /take a base backup$/,
      [status('DISCONNECT|WAL_REMOVED')],
    ],
    [
      'WAL removed, rejoin=basebackup',
      { finding: REMOVED, rejoin: 'basebackup' },
      1,
      /rejoin=basebackup fixes it$/,
      [status('DISCONNECT|WAL_REMOVED')],
    ],
    [
      'another database',
      { finding: { kind: 'another database' } },
      1,
      /another database/,
      [status('DISCONNECT|OTHER_DATABASE')],
    ],
    [
      'not let in: it stays, degraded',
      { finding: REFUSED },
      190,
      /pg_hba\.conf/,
      [status('DISCONNECT|REFUSED')],
    ],
    [
      'not let in, an old pacemaker',
      { finding: REFUSED, knowsDegraded: false },
      0,
      undefined,
      [status('DISCONNECT|REFUSED')],
    ],
    [
      'not let in, rejoin=manual',
      { finding: REFUSED, rejoin: 'manual' },
      0,
      undefined,
      [status('DISCONNECT|REFUSED')],
    ],
    [
      'the primary does not answer',
      { finding: { kind: 'unanswered', message: 'timeout' } },
      0,
      undefined,
      [],
    ],
    [
      'the primary does not answer any more: what was proven stays said',
      { finding: { kind: 'unanswered', message: 'timeout' }, dataStatus: 'DISCONNECT|FORKED' },
      0,
      undefined,
      [],
    ],
    ['nothing is wrong', { finding: { kind: 'none' } }, 0, undefined, []],
    [
      'its slot is missing: it stays, and the primary makes it',
      { finding: { kind: 'no slot', slot: 'ha_node2', trouble: 'missing' } },
      190,
      /^cannot follow: replication slot ha_node2 is missing on \w+, whose next monitor makes it again$/,
      [],
    ],
    [
      'its slot is given up, and that is shown in the log where the cluster knows no degraded',
      { finding: { kind: 'no slot', slot: 'ha_node2', trouble: 'invalid' }, knowsDegraded: false },
      0,
      undefined,
      [],
    ],
    [
      'nothing is wrong any more',
      { finding: { kind: 'none' }, dataStatus: 'DISCONNECT|REFUSED' },
      0,
      undefined,
      [status('DISCONNECT')],
    ],
  ])('%s', (_, given, exit, reason, steps) => {
    const plan = decideFollow(facts(given))
    expect(plan.exit).toBe(exit)
    if (reason === undefined) expect(plan.reason).toBeUndefined()
    else expect(plan.reason).toMatch(reason)
    // One that fails counts how often.
    const noted = exit === 1 ? ['note that this standby receives nothing', ...steps] : steps
    expect(plan.steps.map(describeStep)).toEqual(noted)
    const said = plan.info ?? plan.warning ?? plan.reason
    expect(said).toBeDefined()
  })

  test('where the cluster does not act, every sixth monitor has another answer, so that the next one is news', () => {
    const codes: number[] = []
    let { note } = facts({})
    for (let count = 0; count < 14; count += 1) {
      const plan = decideFollow(facts({ finding: FORKED, rejoin: 'rewind', note }))
      const kept = plan.steps.flatMap((step) => (step.step === 'follow' ? [step.note] : []))
      note = kept[0]
      codes.push(plan.exit)
    }
    expect(codes).toEqual([1, 1, 1, 1, 1, 190, 1, 1, 1, 1, 1, 190, 1, 1])
  })

  test('before pacemaker 2.0 it fails every time', () => {
    const note = { ...facts({}).now, failed: 5 }
    expect(decideFollow(facts({ finding: FORKED, note, knowsDegraded: false })).exit).toBe(1)
  })

  const longest = 'F'.repeat(16)
  test.each<Finding>([
    { kind: 'another database' },
    { kind: 'forked', timeline: 4294967295, end: longest, position: longest },
    { kind: 'unknown timeline', timeline: 4294967295, primaryTimeline: 4294967295 },
    { kind: 'wal removed', timeline: 4294967295, position: longest, archived: true },
    REFUSED,
    { kind: 'refused', message: 'no password supplied' },
    { kind: 'refused', message: 'role "x" does not exist' },
  ])('crm_mon shows all of the reason: $kind', (finding) => {
    const { reason = '' } = decideFollow(facts({ finding }))
    expect(reason).not.toContain("'")
    expect(reason.length).toBeGreaterThan(20)
    expect(reason.length).toBeLessThanOrEqual(127)
  })
})

test('what is proven is said also by a start that refuses, and what is not is not', () => {
  const loss = { kind: 'diverged', timeline: 1, fork: lsn('0/1'), bytes: 1 } as const
  expect(dataStatusOf(loss)).toBe('DISCONNECT|FORKED')
  expect(dataStatusOf({ kind: 'same timeline', timeline: 1 })).toBeUndefined()
})
