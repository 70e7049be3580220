/** A drill as one went, with the figures made round. */
import { type DrillResult } from '../../../cli/drill/result'

/** 20 rows a second for a minute, but for the three seconds from 4.95 to 7.95. */
const acknowledgedMs = Array.from({ length: 1200 }, (_, index) => index * 50).filter(
  (atMs) => atMs <= 4950 || atMs >= 7950,
)

export function drillResult(change: Partial<DrillResult> = {}): DrillResult {
  return {
    kind: 'kill',
    resource: 'pgsql',
    agent: 'ocf:ts:pgsql',
    mode: 'sync',
    startedAt: '2026-11-23T22:58:21.000Z',
    durationMs: 60_000,
    oldPrimary: 'node1',
    newPrimary: 'node2',
    members: [
      { node: 'node1', before: 'primary', after: 'standby' },
      { node: 'node2', before: 'standby', after: 'primary' },
    ],
    rate: 20,
    parameters: {
      'written to': 'postgres@192.168.100.163:5432/postgres',
      rate: '20 rows a second',
      rep_mode: 'sync',
    },
    versions: { 'ocf-ts': '0.1.0', PostgreSQL: '15.13', pacemaker: '2.1.5-a3f44794f94' },
    faultMs: 5000,
    events: [
      {
        atMs: 5000,
        kind: 'fault',
        label: 'kill -9 on node1',
        text: 'every process of PostgreSQL on node1 was killed (SIGKILL)',
      },
      {
        atMs: 6200,
        kind: 'lost',
        label: 'node1 seen lost',
        text: 'pgsql monitor on node1 failed (not running): PostgreSQL is not running',
      },
      { atMs: 7600, kind: 'promoted', label: 'node2 promoted', text: 'node2 is the primary' },
      { atMs: 7900, kind: 'moved', label: 'address on node2', text: "the writers' address is on node2" },
      { atMs: 7950, kind: 'write', label: 'first write', text: 'rows are acknowledged again, after 3.00 s' },
      { atMs: 13_100, kind: 'cleanup', label: 'cleanup', text: 'the failure on node1 was cleaned up' },
      {
        atMs: 22_000,
        kind: 'running',
        label: 'node1 runs again',
        text: 'PostgreSQL runs on node1, as a standby',
      },
      { atMs: 30_000, kind: 'back', label: 'node1 in sync', text: 'node1 is a standby that may take over' },
    ],
    writes: {
      acknowledgedMs,
      acknowledged: acknowledgedMs.length,
      lost: [],
      checked: true,
      unanswered: 1,
      errors: { 'connect ECONNREFUSED 192.168.100.163:5432': 21, 'Connection terminated unexpectedly': 1 },
    },
    outage: { ms: 3000, fromMs: 4950, toMs: 7950, ended: true },
    laterPause: { ms: 120, fromMs: 29_000, toMs: 29_120, ended: true },
    return: { how: 'after a cleanup', afterMs: 25_000, reason: null },
    did: ['made the schema ocf_ts_drill, with one table', 'SIGKILL to every process of pgsql on node1'],
    problems: [],
    ...change,
  }
}
