/** How a node that stays out comes back. */
import { describe, expect, test } from '@jest/globals'
import { decideWay, type Way, type WayFacts } from '../../cli/rejoin/decide'
import { type Standing } from '../../cli/rejoin/own-side'

const standing = (change: Partial<Standing> = {}): Standing => ({
  running: false,
  dataDirectory: '/data',
  locked: true,
  loss: 'diverged',
  lost: 'the primary lacks 93 bytes',
  unknown: null,
  rewindable: true,
  rewinding: null,
  note: null,
  ...change,
})

const copy = (method: 'rewind' | 'basebackup', given = 'the primary lacks 93 bytes'): Way => ({
  kind: 'copy',
  method,
  given,
})
const refused = (text: string): Way => ({ kind: 'refuse', problem: { text, soft: false } })

describe('the way back', () => {
  test.each<[string, Partial<Standing>, Partial<WayFacts>, Way]>([
    ['diverged', {}, {}, copy('rewind')],
    ['diverged, a base backup is wanted', {}, { wanted: 'basebackup' }, copy('basebackup')],
    ['diverged, a base backup is configured', {}, { configured: 'basebackup' }, copy('basebackup')],
    ['no checksums', { rewindable: false }, {}, copy('basebackup')],
    [
      'no checksums, pg_rewind is wanted',
      { rewindable: false },
      { wanted: 'rewind' },
      refused(
        'node1: pg_rewind needs data checksums or wal_log_hints=on, which this data has not: --method basebackup',
      ),
    ],
    ['WAL that is gone', { loss: 'wal removed' }, { configured: 'rewind' }, copy('basebackup')],
    [
      'the same timeline, pg_rewind is wanted',
      { loss: 'same timeline' },
      { wanted: 'rewind' },
      refused('node1: pg_rewind does nothing within one timeline: --method basebackup'),
    ],
    ['nothing to be given up', { loss: 'nothing', lost: null }, { wanted: 'rewind' }, { kind: 'let in' }],
    [
      'being done',
      { note: { method: 'basebackup', state: 'running', phase: 'copies' } },
      { wanted: 'rewind' },
      { kind: 'follow', method: 'basebackup' },
    ],
    [
      'another database',
      { loss: 'another database', lost: 'it is another' },
      {},
      refused('node1: it is another: --method basebackup replaces it'),
    ],
    [
      'another database, and that is wanted',
      { loss: 'another database', lost: 'it is another' },
      { wanted: 'basebackup' },
      copy('basebackup', 'it is another'),
    ],
    [
      'not comparable',
      { loss: null, lost: null, unknown: 'no route' },
      {},
      refused(
        "the data of node1 cannot be compared with the primary's: no route (--method basebackup gives it up all the same)",
      ),
    ],
    [
      'not comparable, and that is wanted',
      { loss: null, lost: null, unknown: 'no route' },
      { wanted: 'basebackup' },
      copy('basebackup', 'what would be discarded is not known: no route'),
    ],
    [
      'cut off, and not repeatable',
      { loss: null, lost: null, rewinding: 'not repeatable' },
      {},
      copy('basebackup', 'the data is not whole: pg_rewind was cut off'),
    ],
    [
      'a standby that runs and cannot follow',
      { running: true, loss: null, lost: null },
      { dataStatus: 'DISCONNECT|FORKED' },
      copy('rewind', 'it runs, and cannot follow the primary (DISCONNECT|FORKED)'),
    ],
    [
      'a standby that runs and is not let in',
      { running: true, loss: null, lost: null },
      { dataStatus: 'DISCONNECT|REFUSED' },
      refused(
        'node1 runs, and nothing says that its data does not fit (DISCONNECT|REFUSED): fix what keeps it from the primary, and it follows by itself (--method replaces its data all the same)',
      ),
    ],
  ])('%s', (_, change, facts, way) => {
    expect(
      decideWay({
        node: 'node1',
        standing: standing(change),
        wanted: undefined,
        configured: undefined,
        dataStatus: 'DISCONNECT',
        ...facts,
      }),
    ).toEqual(way)
  })
})
