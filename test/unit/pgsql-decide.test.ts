import { describe, expect, test } from '@jest/globals'
import { decideDemote, type DemoteFacts } from '../../agents/pgsql/decide-demote'
import { decideProbe } from '../../agents/pgsql/decide-probe'
import { decideStart, type StartFacts } from '../../agents/pgsql/decide-start'
import { type NodeState } from '../../lib/cluster/snapshot'

describe('start', () => {
  const facts: StartFacts = {
    replicated: true,
    server: 'stopped',
    running: undefined,
    lock: undefined,
    masterIp: '192.168.2.3',
    resource: 'pgsql',
  }

  test('comes up as a standby, and says it is stopped until it has', () => {
    expect(decideStart(facts)).toEqual({
      exit: 0,
      steps: ['publish stopped', 'clear remains', 'start as standby', 'publish standby'],
    })
  })

  test('refuses a node with a lock file, with what to do, and lets nobody promote it', () => {
    const plan = decideStart({ ...facts, lock: '/var/lib/pgsql/tmp/PGSQL.lock' })
    expect(plan.exit).toBe(1)
    expect(plan.steps).toEqual(['publish stopped'])
    expect(plan.reason).toContain('/var/lib/pgsql/tmp/PGSQL.lock is there')
    expect(plan.detail).toContain('pg_basebackup -h 192.168.2.3')
    expect(plan.reason?.length).toBeLessThanOrEqual(127)
    expect(plan.reason).toContain('crm resource cleanup pgsql')
  })

  test('is done when the server runs as a standby already', () => {
    expect(decideStart({ ...facts, server: 'running', running: 'standby' })).toEqual({ exit: 0, steps: [] })
  })

  test('does not take over a primary that somebody else started', () => {
    const plan = decideStart({ ...facts, server: 'running', running: 'primary' })
    expect(plan).toMatchObject({ exit: 1, steps: [] })
    expect(plan.reason).toContain('already runs here as a primary')
  })

  test.each<[StartFacts['server'], readonly string[]]>([
    ['stopped', ['clear remains', 'start']],
    ['orphaned', ['clear remains', 'start']],
    ['running', []],
  ])('without replication, a server that is %s', (server, steps) => {
    expect(decideStart({ ...facts, replicated: false, server })).toEqual({ exit: 0, steps })
  })
})

describe('demote', () => {
  const facts: DemoteFacts = { server: 'running', standby: false, stopsNext: false, wasAlone: false }

  test.each<[string, Partial<DemoteFacts>, readonly string[]]>([
    [
      'a primary that goes on as a standby',
      {},
      ['publish demoted', 'stop', 'publish stopped', 'start as standby'],
    ],
    ['a primary that is stopped next', { stopsNext: true }, ['publish demoted', 'stop', 'publish stopped']],
    [
      'a primary without a standby leaves no lock file',
      { stopsNext: true, wasAlone: true },
      ['publish demoted', 'stop', 'remove lock', 'publish stopped'],
    ],
    ['a primary that has crashed', { server: 'stopped' }, ['publish stopped']],
    [
      'what is left of a crashed primary',
      { server: 'orphaned' },
      ['publish demoted', 'stop', 'publish stopped'],
    ],
    ['a standby', { standby: true }, []],
  ])('%s', (_, change, steps) => {
    expect(decideDemote({ ...facts, ...change })).toEqual({ exit: 0, steps })
  })
})

describe('a probe of a server that runs', () => {
  const self = (score?: string): NodeState => ({
    name: 'node1',
    online: true,
    transient: score === undefined ? {} : { 'master-pgsql': score },
    permanent: {},
    roles: {},
  })

  test.each<[string, boolean, string | undefined, number, string | undefined]>([
    ['a primary is to stay one', false, undefined, 8, '1000'],
    ['a primary that is known as one', false, '1000', 8, undefined],
    ['a standby nobody knows may not be promoted', true, undefined, 0, '-INFINITY'],
    ['a standby keeps the score its primary gave it', true, '100', 0, undefined],
  ])('%s', (_, inRecovery, score, exit, written) => {
    const plan = decideProbe({ resource: 'pgsql', node: 'node1', inRecovery, self: self(score) })
    expect(plan).toEqual({
      exit,
      steps: written === undefined ? [] : [{ step: 'score', node: 'node1', score: written }],
    })
  })
})
