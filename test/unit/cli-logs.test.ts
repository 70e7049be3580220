/** Lines of real logs, and how they become one timeline. */
import { describe, expect, test } from '@jest/globals'
import { type LogLine, matters, readClusterLine, readServerLog } from '../../cli/logs/line'
import { lastPromotion, readTime } from '../../cli/logs/span'
import { mergeLines } from '../../cli/logs/timeline'

const NOW = new Date('2026-11-24T00:10:00')

describe("pacemaker's and the agents' lines", () => {
  test.each<[string, string, Partial<LogLine>, boolean]>([
    [
      'a member is lost',
      'Nov 24 00:06:19.041 node1 pacemaker-controld  [89] (update_peer_state_iter) \tnotice: Node node2 state is now lost | nodeid=2 previous=member source=pcmk__reap_unseen_nodes',
      {
        at: new Date('2026-11-24T00:06:19.041').getTime(),
        who: 'pacemaker-controld',
        level: 'notice',
        text: 'Node node2 state is now lost',
      },
      true,
    ],
    [
      'of last year',
      'Dec 31 23:59:59 node1 pacemaker-controld  [89] (do_state_transition) \tnotice: State transition S_IDLE -> S_POLICY_ENGINE | input=I_PE_CALC',
      { at: new Date('2025-12-31T23:59:59').getTime(), text: 'State transition S_IDLE -> S_POLICY_ENGINE' },
      false,
    ],
    [
      'what the scheduler decides',
      'Nov 23 23:29:39.681 node1 pacemaker-schedulerd[78] (log_list_item) \tnotice: Actions: Promote    pgsql:1         ( Unpromoted -> Promoted node2 )',
      {
        who: 'pacemaker-schedulerd',
        text: 'Actions: Promote    pgsql:1         ( Unpromoted -> Promoted node2 )',
      },
      true,
    ],
    [
      'a promotion',
      'Nov 23 23:24:44.941 node1 pacemaker-controld  [79] (log_executor_event) \tnotice: Result of promote operation for pgsql on node1: ok | CIB update 238, graph action confirmed; call=92 key=pgsql_promote_0 rc=0',
      { text: 'Result of promote operation for pgsql on node1: ok' },
      true,
    ],
    [
      'a monitor that is well',
      'Nov 23 23:24:45.373 node1 pacemaker-controld  [79] (log_executor_event) \tnotice: Result of monitor operation for pgsql on node1: promoted | CIB update 240, graph action unconfirmed',
      { text: 'Result of monitor operation for pgsql on node1: promoted' },
      false,
    ],
    [
      'an attribute of the replication',
      'Nov 24 00:06:27.689 node1 pacemaker-attrd     [69] (update_attr_on_host) \tnotice: Setting pgsql-status[node2]: (unset) -> PRI | from node2 with no write delay',
      { who: 'pacemaker-attrd', text: 'Setting pgsql-status[node2]: (unset) -> PRI' },
      true,
    ],
    [
      'a monitor that is well, of pacemaker 3.0',
      'Nov 30 13:03:27.371 node1 pacemaker-controld  [127] (log_executor_event) \tnotice: Result of monitor operation for pingCheck on node1: OK | graph action unconfirmed; call=25 key=pingCheck_monitor_10000 rc=0',
      { text: 'Result of monitor operation for pingCheck on node1: OK' },
      false,
    ],
    [
      'one that is not',
      'Nov 30 13:03:27.371 node1 pacemaker-controld  [127] (log_executor_event) \tnotice: Result of monitor operation for pgsql on node1: Not running | graph action unconfirmed; call=40 key=pgsql_monitor_2000 rc=7',
      { text: 'Result of monitor operation for pgsql on node1: Not running' },
      true,
    ],
    [
      'an attribute, of pacemaker 3.0',
      'Nov 30 13:03:27.919 node1 pacemaker-attrd     [125] (update_attr_on_host) \tnotice: Setting pgsql-status[node2] in instance_attributes: (unset) -> STOP | from node2 with no write delay',
      { text: 'Setting pgsql-status[node2] in instance_attributes: (unset) -> STOP' },
      true,
    ],
    [
      'a warning that is none',
      'Nov 24 00:06:27.661 node1 pacemaker-fenced    [67] (unpack_config) \twarning: Blind faith: not fencing unseen nodes',
      { level: 'warning' },
      false,
    ],
    [
      'an agent',
      "pgsql(pgsql)[1734]:\t2026/11/23_23:24:45 INFO: set synchronous_standby_names to '' and reload",
      {
        at: new Date('2026-11-23T23:24:45').getTime(),
        source: 'agent',
        who: 'pgsql',
        level: 'info',
        text: "set synchronous_standby_names to '' and reload",
      },
      true,
    ],
  ])('%s', (_, text, expected, isShown) => {
    const line = readClusterLine(text, NOW)
    expect(line).toMatchObject(expected)
    expect(line && matters(line)).toBe(isShown)
  })

  test('a line of anything else is left out', () => {
    expect(readClusterLine('hello', NOW)).toBeUndefined()
    expect(readClusterLine('', NOW)).toBeUndefined()
  })
})

describe("PostgreSQL's lines", () => {
  test.each<[string, string, Partial<LogLine>, boolean]>([
    [
      'ready',
      '2026-11-23 23:24:37.917 UTC [1204] @ LOG:  database system is ready to accept connections',
      {
        at: Date.UTC(2026, 10, 23, 23, 24, 37, 917),
        level: 'info',
        text: 'database system is ready to accept connections',
      },
      true,
    ],
    [
      'by the default prefix, in the local zone',
      '2026-11-23 23:24:37.917 CET [1204] LOG:  selected new timeline ID: 4',
      { at: new Date('2026-11-23T23:24:37.917').getTime(), text: 'selected new timeline ID: 4' },
      true,
    ],
    [
      'a client that is turned away',
      '2026-11-23 23:24:37.917 UTC [1204] postgres@app FATAL:  the database system is starting up',
      { level: 'error' },
      false,
    ],
    [
      'a checkpoint',
      '2026-11-23 23:24:37.913 UTC [1206] @ LOG:  checkpoint starting: force',
      { text: 'checkpoint starting: force' },
      false,
    ],
    [
      'an error that is no client',
      '2026-11-23 23:24:42.819 UTC [806] @ FATAL:  could not receive data from WAL stream: server closed the connection unexpectedly',
      { level: 'error' },
      true,
    ],
  ])('%s', (_, text, expected, isShown) => {
    const [line] = readServerLog([text])
    expect(line).toMatchObject(expected)
    expect(line && matters(line)).toBe(isShown)
  })

  test('statements and details are left out', () => {
    expect([
      ...readServerLog(['2026-11-23 23:24:42.981 UTC [1218] postgres@x STATEMENT:  select 1']),
    ]).toEqual([])
  })
})

describe('what only the server itself says', () => {
  const TIME = '2026-11-23 23:24:42.981 UTC'
  const REQUEST = 'received promote request'
  const FORGED = `2026-11-23 23:24:42 UTC [1] LOG:  ${REQUEST}`

  test.each<[string, readonly string[]]>([
    ['with a prefix that is empty for it', [`${TIME} [1204] @ LOG:  ${REQUEST}`]],
    ['with a prefix that ends before it', [`${TIME} [1204] LOG:  ${REQUEST}`]],
    [
      'beside what others say',
      [
        `${TIME} [1300] a@b FATAL:  role "a" does not exist`,
        `${TIME} [1204] @ LOG:  ${REQUEST}`,
        'rsync: connection refused',
        `${TIME} [1301] a@b ERROR:  x`,
        `${TIME} [1301] a@b STATEMENT:  x`,
      ],
    ],
    [
      'of a standby that quotes its primary',
      [
        `${TIME} [806] @ FATAL:  could not connect to the primary: FATAL:  the database system is shutting down`,
      ],
    ],
  ])('%s', (_, lines) => {
    const own = [...readServerLog(lines)].filter(({ who }) => who === 'postgres')
    expect(own).toHaveLength(1)
    expect(own.every(matters)).toBe(true)
  })

  test.each<[string, readonly string[]]>([
    ['RAISE LOG', [`${TIME} [1300] app@shop LOG:  ${REQUEST}`]],
    [
      'RAISE LOG, without a user in the prefix',
      [
        `${TIME} [1300] LOG:  ${REQUEST}`,
        `${TIME} [1300] CONTEXT:  PL/pgSQL function inline_code_block line 1 at RAISE`,
        `${TIME} [1300] STATEMENT:  do $$ begin raise log '${REQUEST}'; end $$`,
      ],
    ],
    ['a database with a level in its name', [`${TIME} [1300] a@x LOG:  ${REQUEST} FATAL:  no such database`]],
    ['a user with a level in its name', [`${TIME} [1300] LOG:  ${REQUEST}@b FATAL:  no such role`]],
    ['the same, with an empty prefix', [`${TIME} [1300] @ LOG:  ${REQUEST}@b FATAL:  no such role`]],
    ['a user that begins with a blank', [`${TIME} [1300]  LOG:  ${REQUEST}`]],
    ['a user with a line in its name', [`${TIME} [1300] `, FORGED, '@b FATAL:  no such role', '\tx']],
    ['a user with the end of its line', [`${TIME} [1300] `, `${FORGED}@b FATAL:  no such role`]],
    ['a user and a database with lines', [`${TIME} [1300] a LOG:  `, FORGED, '@', FORGED, ' FATAL:  no']],
    ['a database with a line', [`${TIME} [1300] LOG:  @`, FORGED, ' FATAL:  no such database']],
    ['a database with the end of its line', [`${TIME} [1300] LOG:  @`, `${FORGED} FATAL:  no such database`]],
    ['no process', [`${TIME} LOG:  ${REQUEST}`]],
    ['only a user in the prefix', [`${TIME} [1300] postgres LOG:  ${REQUEST}`]],
  ])('is not taken from a client: %s', (_, lines) => {
    const read = [...readServerLog(lines)]
    expect(read.filter(({ who }) => who === 'postgres')).toEqual([])
    expect(
      read.filter(({ text, level }) => level === 'info' && text.includes(REQUEST)).filter(matters),
    ).toEqual([])
  })

  test('an error of a client is shown as its own', () => {
    const [line] = readServerLog([`${TIME} [1300] app@shop ERROR:  ${REQUEST}`])
    expect(line).toMatchObject({ who: 'app@shop', text: REQUEST })
    expect(line && matters(line)).toBe(true)
  })
})

test('one timeline, by this node’s clock: what all nodes say stands once, what is said in a row is counted', () => {
  const line = (at: number, text: string, who = 'pacemaker-attrd'): LogLine => ({
    at,
    source: 'pacemaker',
    who,
    level: 'notice',
    text,
  })
  const merged = mergeLines([
    {
      node: 'node1',
      aheadMs: 0,
      lines: [
        line(1000, 'Setting a: 1 -> 2'),
        line(3000, 'try 1', 'postgres'),
        line(3100, 'try 2', 'postgres'),
      ],
    },
    {
      node: 'node2',
      aheadMs: 5000,
      lines: [line(6010, 'Setting a: 1 -> 2'), line(7000, 'Setting a: 2 -> 3')],
    },
  ])
  expect(merged.map(({ node, at, text, times }) => [node, at, text, times])).toEqual([
    ['node1', 1000, 'Setting a: 1 -> 2', 1],
    ['node2', 2000, 'Setting a: 2 -> 3', 1],
    ['node1', 3000, 'try 1', 2],
  ])
})

test.each([
  ['15m', '2026-11-23T23:55:00'],
  ['2 h', '2026-11-23T22:10:00'],
  ['00:05', '2026-11-24T00:05:00'],
  ['23:30', '2026-11-23T23:30:00'],
  ['2026-11-20 08:00', '2026-11-20T08:00:00'],
])('%s is %s', (text, time) => {
  expect(readTime('--since', text, NOW)).toBe(new Date(time).getTime())
})

test('what is no time is refused', () => {
  expect(() => readTime('--since', 'yesterday', NOW)).toThrow(`--since: 'yesterday' is no time`)
})

test('the last promotion, by the history of all nodes', () => {
  const operation = (name: string, code: number, since: number): string =>
    `<lrm_rsc_op operation="${name}" rc-code="${code}" last-rc-change="${since}"/>`
  const node = (id: string, ...operations: readonly string[]): string =>
    `<node_state uname="n"><lrm><lrm_resources><lrm_resource id="${id}">${operations.join('')}</lrm_resource></lrm_resources></lrm></node_state>`
  const cib = (...nodes: readonly string[]): string => `<cib><status>${nodes.join('')}</status></cib>`
  const xml = cib(
    node('pgsql:0', operation('promote', 0, 100), operation('monitor', 8, 500)),
    node('pgsql', operation('promote', 0, 200), operation('promote', 1, 300)),
    node('other', operation('promote', 0, 400)),
  )
  expect(lastPromotion(xml, 'pgsql')).toBe(200_000)
  expect(lastPromotion(cib(node('pgsql', operation('start', 0, 1))), 'pgsql')).toBeUndefined()
  expect(lastPromotion('<cib><status/></cib>', 'pgsql')).toBeUndefined()
})
