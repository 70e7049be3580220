/** Acknowledged rows, and what they prove. */
import { describe, expect, test } from '@jest/globals'
import { longestSilence, overlaps, reigns } from '../../scripts/lib/storm/reigns'
import { type AcknowledgedRow, missingRows, parsePresent, parseRow } from '../../scripts/lib/storm/rows'

const row = (server: string, timeline: number, beganMs: number, endedMs = beganMs + 1): AcknowledgedRow => ({
  ...{ writer: `${server}.1`, id: beganMs, beganMs, endedMs, server, timeline },
})

describe('rows', () => {
  test('a line of a book', () => {
    expect(parseRow('outside.1', '17 1000.250 1003.500 node2 8')).toEqual({
      ...{ writer: 'outside.1', id: 17, beganMs: 1000.25, endedMs: 1003.5, server: 'node2', timeline: 8 },
    })
  })

  test('what a database has, as psql prints it; what it has not is missing', () => {
    const present = parsePresent('outside.1|{[1,3),[4,8)}\nnode1.2|{[5,6)}\n')
    const rows = [1, 2, 3, 4, 7, 8].map((id) => ({ ...row('node1', 1, 0), writer: 'outside.1', id }))
    expect(missingRows(rows, present).map(({ id }) => id)).toEqual([3, 8])
    expect(missingRows([{ ...row('node1', 1, 0), writer: 'node9.1', id: 1 }], present)).toHaveLength(1)
    expect(missingRows([], parsePresent(''))).toEqual([])
  })
})

describe('reigns', () => {
  const names = (rows: readonly AcknowledgedRow[]) =>
    overlaps(reigns(rows)).map(({ one, other }) => `${one.server} ${other.server}`)

  test('one primary after the other is as it should be', () => {
    expect(
      names([row('node1', 1, 0), row('node1', 1, 100), row('node2', 2, 200), row('node2', 2, 300)]),
    ).toEqual([])
    // Back again, on a timeline of its own.
    expect(names([row('node1', 1, 0), row('node2', 2, 200), row('node1', 3, 400)])).toEqual([])
  })

  test('two that acknowledge in turns are two primaries', () => {
    const rows = [row('node1', 1, 0), row('node2', 2, 200), row('node1', 1, 300), row('node2', 2, 400)]
    expect(names(rows)).toEqual(['node1 node2'])
    const [overlap] = overlaps(reigns(rows))
    expect(overlap?.rows.map(({ server, beganMs }) => [server, beganMs])).toEqual([
      ['node1', 300],
      ['node2', 200],
    ])
  })

  test('so is one whose every row lies within the time of the other', () => {
    expect(names([row('node1', 1, 0), row('node2', 2, 200), row('node1', 1, 400)])).toEqual(['node1 node2'])
  })

  test('an answer that was read late was perhaps given early: that proves nothing', () => {
    // The writer inside node1 slept from 60 to 900.
    const rows = [row('node1', 1, 0), row('node1', 1, 50, 900), row('node2', 2, 200), row('node2', 2, 800)]
    expect(names(rows)).toEqual([])
  })

  test('a row that was sent after the other had acknowledged, and the other again after it, does', () => {
    const rows = [row('node1', 1, 0), row('node1', 1, 50, 900), row('node1', 1, 901), row('node2', 2, 200)]
    expect(names([...rows, row('node2', 2, 1000)])).toEqual(['node1 node2'])
  })

  test('two timelines of one server are no two primaries', () => {
    expect(names([row('node1', 1, 0), row('node1', 2, 50), row('node1', 1, 100)])).toEqual([])
  })
})

describe('longestSilence', () => {
  const rows = [10, 20, 30, 530, 540].map((at) => row('node1', 1, at - 1, at))

  test('the longest gap within the window, its ends included', () => {
    expect(longestSilence(rows, { fromMs: 0, toMs: 550 })).toBe(500)
    expect(longestSilence(rows, { fromMs: 535, toMs: 2000 })).toBe(1460)
    expect(longestSilence(rows, { fromMs: 100, toMs: 400 })).toBe(300)
    expect(longestSilence([], { fromMs: 0, toMs: 7 })).toBe(7)
  })
})
