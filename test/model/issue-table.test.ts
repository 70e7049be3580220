/** The model finds the fault that was measured, as long as no primary has to prove that it still is one. */
import { describe, expect, test } from '@jest/globals'
import { sleepOfThePrimary } from './issue-table'
import { settle } from './settle'
import { type Options } from './world'

const OPTIONS: Options = {
  size: 3,
  coordinator: 1,
  policy: { strict: false, count: 1, quorum: false },
  rejoin: 'rewind',
  protocol: 'before',
}

describe.each([0, 1, 2])('the primary sleeps, and node number %d decides for the cluster', (coordinator) => {
  test('with the proof, nothing of it is lost', () => {
    const log: string[] = []
    const world = sleepOfThePrimary({ ...OPTIONS, coordinator, protocol: 'with proof' }, log)
    settle(world)
    expect(log).toContain('  node2 acknowledges the commit at 4 (timeline 2)')
    expect(world.violations).toEqual([])
  })

  test('without a proof, what the majority has acknowledged is lost', () => {
    const log: string[] = []
    const world = sleepOfThePrimary({ ...OPTIONS, coordinator }, log)
    settle(world, false)
    expect(log).toContain('  node2 acknowledges the commit at 4 (timeline 2)')
    expect(log).toContain('  node1: master-pgsql of node2 is -INFINITY')
    expect(world.violations.map(({ kind }) => kind)).toContain('discarded')
    expect(log).toContainEqual(
      expect.stringMatching(/^VIOLATION \(discarded\): node[23] discards the acknowledged/),
    )
  })
})
