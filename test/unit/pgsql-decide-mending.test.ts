/** Whether the data of a node that starts is made a copy of the primary's first. */
import { describe, expect, test } from '@jest/globals'
import { ATTEMPTS, decideMending, type MendingFacts } from '../../agents/pgsql/decide-mending'
import { decideStart } from '../../agents/pgsql/decide-start'
import { type Loss } from '../../agents/pgsql/decide-rejoin'
import { describeFailed, describeRunning } from '../../agents/pgsql/describe-rejoin'
import { type Rejoin } from '../../agents/pgsql/rejoin-note'

const LOCK = '/var/lib/pgsql/tmp/PGSQL.lock'

const facts: MendingFacts = {
  heals: 'rewind',
  rejoin: undefined,
  rejoinFile: '/var/lib/pgsql/tmp/rejoin.json',
  rejoined: false,
  rewinding: undefined,
  rewindable: true,
  lock: LOCK,
  primary: 'node2',
  loss: { kind: 'diverged', timeline: 2, fork: '0000000003000098', bytes: 93 },
  masterIp: '192.168.2.3',
  resource: 'pgsql',
}

const note: Rejoin = {
  method: 'rewind',
  worker: { pid: 77, started: '1', boot: 'b' },
  startedAt: '2026-11-23T12:03:10.000Z',
  state: 'failed',
  phase: 'copies 34 %',
  reason: 'could not connect to server',
  attempts: 1,
}

const LOSSES: Record<Exclude<Loss['kind'], 'nothing'>, Loss> = {
  diverged: { kind: 'diverged', timeline: 2, fork: '0000000003000098', bytes: 93 },
  'same timeline': { kind: 'same timeline', timeline: 2 },
  'unknown timeline': { kind: 'unknown timeline', timeline: 3, primaryTimeline: 2 },
  'another database': { kind: 'another database' },
  'wal removed': { kind: 'wal removed', timeline: 2, position: '0000000003000098', archived: false },
}

describe('what is given up, and by which method', () => {
  test.each<[MendingFacts['heals'], keyof typeof LOSSES, boolean]>([
    [undefined, 'diverged', false],
    [undefined, 'same timeline', false],
    [undefined, 'unknown timeline', false],
    [undefined, 'another database', false],
    [undefined, 'wal removed', false],
    ['rewind', 'wal removed', false],
    ['basebackup', 'wal removed', true],
    ['rewind', 'diverged', true],
    ['rewind', 'same timeline', false],
    ['rewind', 'unknown timeline', true],
    ['rewind', 'another database', false],
    ['basebackup', 'diverged', true],
    ['basebackup', 'same timeline', true],
    ['basebackup', 'unknown timeline', true],
    ['basebackup', 'another database', false],
  ])('rejoin=%s, %s: %s', (heals, kind, mends) => {
    const decided = decideMending({ ...facts, heals, loss: LOSSES[kind] })
    if (mends) expect(decided).toBe('rejoin')
    else expect(decided).toMatchObject({ reason: expect.stringMatching(/take a base backup$/) })
  })

  test.each([{ kind: 'nothing' } as const, undefined, 'no answer'])(
    'nothing is, where the loss is %j',
    (loss) => {
      expect(decideMending({ ...facts, loss })).toBeUndefined()
    },
  )

  test('once a start: what still does not fit then is refused', () => {
    expect(decideMending({ ...facts, rejoined: true })).toMatchObject({
      reason:
        'the primary lacks 93 bytes of WAL after 0/3000098 (timeline 2) of this node: take a base backup',
    })
  })

  test('data that pg_rewind cannot work on is named, with what it would have needed', () => {
    const decided = decideMending({ ...facts, rewindable: false })
    expect(decided).toMatchObject({
      reason:
        'pg_rewind needs data checksums or wal_log_hints=on, which this data has not: take a base backup',
      detail: expect.stringContaining('the primary lacks 93 bytes'),
    })
    expect(decideMending({ ...facts, rewindable: false, heals: 'basebackup' })).toBe('rejoin')
  })
})

describe('after one that failed', () => {
  test.each<[string, Partial<Rejoin>, 'rejoin' | RegExp]>([
    ['why is said first', {}, /^pg_rewind failed: could not connect to server$/],
    ['it is begun again, once that is said', { told: true }, 'rejoin'],
    ['it is begun again at once, where it was killed', { state: 'cut off' }, 'rejoin'],
    ['another method is not held back by it', { method: 'basebackup', attempts: ATTEMPTS }, 'rejoin'],
    [
      'it is given up after some attempts',
      { told: true, attempts: ATTEMPTS },
      /^stopped after 3 attempts: pg_rewind failed \(attempt 3\): could not connect to server$/,
    ],
    [
      'also where it was always killed',
      { state: 'cut off', attempts: ATTEMPTS },
      /^stopped after 3 attempts: the rejoin by pg_rewind was killed/,
    ],
    ['one that went well counts for nothing', { state: 'done', attempts: ATTEMPTS }, 'rejoin'],
  ])('%s', (_, more, wanted) => {
    const decided = decideMending({ ...facts, rejoin: { ...note, ...more } })
    if (wanted === 'rejoin') expect(decided).toBe('rejoin')
    else expect(decided).toMatchObject({ reason: expect.stringMatching(wanted) })
  })

  test('what to do when it is given up', () => {
    expect(decideMending({ ...facts, rejoin: { ...note, told: true, attempts: ATTEMPTS } })).toMatchObject({
      detail: 'fix that, then rm /var/lib/pgsql/tmp/rejoin.json, then crm resource cleanup pgsql',
    })
  })
})

describe('where pg_rewind was cut off, the data is not started as it is', () => {
  const rewinding = { repeatable: true, because: 'begun at noon; killed' }
  const unknown = { ...facts, rewinding, loss: undefined }
  test.each<[string, Partial<MendingFacts>, 'rejoin' | RegExp]>([
    ['it is repeated', {}, 'rejoin'],
    [
      'a base backup takes its place',
      { heals: 'basebackup', rewinding: { ...rewinding, repeatable: false } },
      'rejoin',
    ],
    [
      'it cannot be repeated',
      { rewinding: { ...rewinding, repeatable: false } },
      /^pg_rewind was cut off, the data is not whole, and pg_rewind cannot be repeated: set rejoin=basebackup$/,
    ],
    [
      'nothing of the kind is allowed any more',
      { heals: undefined },
      /^pg_rewind was cut off, the data is not whole: set rejoin=basebackup/,
    ],
    [
      'there is no primary',
      { primary: undefined },
      /with no primary to copy: get one promoted, then crm resource cleanup pgsql$/,
    ],
    [
      'there is none, and a base backup would be allowed',
      { primary: undefined, heals: 'basebackup' },
      /with no primary to copy/,
    ],
  ])('%s', (_, more, wanted) => {
    const decided = decideMending({ ...unknown, ...more })
    if (wanted === 'rejoin') expect(decided).toBe('rejoin')
    else expect(decided).toMatchObject({ reason: expect.stringMatching(wanted) })
  })

  test('not even by a node that was the last primary, and that the cluster means to promote', () => {
    const plan = decideStart({
      ...unknown,
      primary: undefined,
      kind: 'member',
      server: 'stopped',
      manual: false,
      running: undefined,
      last: true,
      later: undefined,
      promotesNext: true,
    })
    expect(plan).toMatchObject({ exit: 1, steps: ['publish stopped'] })
  })
})

test('a start that rejoins is nothing but that, and decides afresh afterwards', () => {
  const start = {
    ...facts,
    kind: 'member',
    server: 'stopped',
    manual: false,
    running: undefined,
    last: false,
    later: undefined,
    promotesNext: false,
  } as const
  expect(decideStart(start)).toEqual({ exit: 0, steps: ['publish stopped', 'rejoin'] })
  expect(decideStart({ ...start, rejoined: true, lock: undefined, loss: { kind: 'nothing' } })).toEqual({
    exit: 0,
    steps: ['publish stopped', 'clear remains', 'start as standby', 'publish standby'],
  })
})

describe('in one line of crm_mon', () => {
  const reasons = [
    describeRunning({ ...note, phase: 'waits for a checkpoint' }),
    describeRunning({ ...note, method: 'basebackup' }),
    describeFailed({ ...note, state: 'cut off', phase: 'waits for a checkpoint', attempts: 2 }),
    ...(['rewind', undefined] as const).flatMap((heals) =>
      [true, false].flatMap((repeatable) =>
        ['node2', undefined].map((primary) => {
          const decided = decideMending({ ...facts, heals, primary, rewinding: { repeatable, because: '' } })
          return typeof decided === 'object' ? decided.reason : ''
        }),
      ),
    ),
  ]
  test.each(reasons)('%s', (reason) => {
    expect(reason.length).toBeLessThanOrEqual(127)
    expect(reason).not.toContain("'")
  })

  test('a long reason is cut', () => {
    const decided = decideMending({ ...facts, rejoin: { ...note, reason: 'x'.repeat(200) } })
    expect(decided).toMatchObject({ reason: expect.stringMatching(/^pg_rewind failed: x{109}$/) })
  })
})
