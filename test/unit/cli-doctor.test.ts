/** The doctor's checks of what is configured and installed, and of the cluster. */
import { describe, expect, test } from '@jest/globals'
import { CHECKS } from '../../cli/doctor/checks'
import { cluster } from '../../cli/doctor/checks/cluster'
import { configuration } from '../../cli/doctor/checks/configuration'
import { disk } from '../../cli/doctor/checks/disk'
import { installation } from '../../cli/doctor/checks/installation'
import { time } from '../../cli/doctor/checks/time'
import { diagnose } from '../../cli/doctor/finding'
import { nearest } from '../../cli/doctor/nearest'
import { interpretersIn } from '../../cli/doctor/own/agents'
import { readCorosyncConf, readLinks } from '../../cli/doctor/own/corosync'
import { summary } from '../../cli/doctor/render'
import { exitOf } from '../../cli/doctor/run'
import { secondsOf } from '../../cli/doctor/time-text'
import {
  agentFacts,
  brief,
  type Change,
  corosyncFacts,
  doctorFacts,
  examination,
  troublesOf,
  withDatabase,
} from './support/examination'

/** The recorded cluster has no-quorum-policy=ignore, as the document has; and no fencing. */
const NO_FENCING =
  'warning fencing: there is no fencing: two nodes that do not see each other may both become primary'

test('a healthy cluster has no fencing, and nothing else', () => {
  expect(brief(CHECKS)).toEqual([NO_FENCING])
  const findings = diagnose(CHECKS, examination())
  expect(findings.filter(({ severity }) => severity === 'ok').length).toBeGreaterThan(25)
  expect(findings[0]?.evidence).toEqual([
    'stonith-enabled=false',
    'nothing else protects: no quorum device, no sync_policy=strict',
  ])
  expect(summary(findings)).toMatch(/^1 warning; \d+ checks found nothing wrong$/)
})

test('every check has an id of its own', () => {
  expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length)
})

test('without a cluster, what there is to look at is looked at', () => {
  const alone = { ...examination(), configuration: undefined, status: undefined }
  const ids = diagnose(CHECKS, alone).map(({ id }) => id)
  expect(ids).toEqual(expect.arrayContaining(['disk-full', 'node-unreachable', 'agent-permissions']))
  expect(ids).not.toContain('fencing')
})

test('the exit code: findings first, then what could not be asked', () => {
  const of = (...severities: readonly ('error' | 'warning' | 'unknown' | 'ok')[]) =>
    exitOf(severities.map((severity) => ({ id: '', theme: 'time', severity, finding: '', evidence: [] })))
  expect([of('ok'), of('ok', 'warning'), of('error', 'unknown'), of('ok', 'unknown'), of()]).toEqual([
    0, 1, 1, 4, 0,
  ])
})

const agents = (...facts: ReturnType<typeof agentFacts>[]): Change => ({ node2: { agents: facts } })

describe('installation', () => {
  test.each<[string, Change, readonly string[]]>([
    ['well', {}, []],
    [
      'a node that cannot be asked',
      { asked: { node2: { facts: undefined, why: 'ssh node2: Connection refused' } } },
      ['unknown node-unreachable node2: node2 could not be asked: nothing is known of what only it can see'],
    ],
    [
      'another version',
      { node2: { version: '0.0.9' } },
      ['warning node-unreachable node2: node2 has another version of ocf-ts than node1'],
    ],
    [
      'what a node could not find out',
      { node2: { unknown: ['virtual addresses: cannot run arping: it is not installed'] } },
      ['unknown not-seen node2: node2 could not tell all that it was asked'],
    ],
    [
      'no agent',
      agents(agentFacts('ping', { file: null, metadata: null, interpreters: [] })),
      ['error agent-missing node2: ocf:ts:ping is not installed on node2'],
    ],
    [
      'not executable',
      agents(
        agentFacts('ping', {
          file: { mode: 0o644, owner: 0, executable: false },
          metadata: null,
          complaint: 'cannot run: EACCES',
        }),
      ),
      [
        'error agent-permissions node2: ocf:ts:ping on node2 cannot be executed',
        'error agent-metadata node2: ocf:ts:ping on node2 does not tell its meta-data: it cannot run',
      ],
    ],
    [
      'one that its Node does not run',
      agents(agentFacts('ping', { complaint: 'ping failed with exit code 1: SyntaxError' })),
      ['error agent-metadata node2: ocf:ts:ping on node2 tells its meta-data and cannot run'],
    ],
    [
      'written to by others, and of another owner, two of them in an open directory',
      agents(
        agentFacts('ping', {
          file: { mode: 0o775, owner: 1000, executable: true },
          openDirectory: { path: '/usr/lib/ocf/resource.d/ts', mode: 0o777, owner: 1000 },
        }),
        agentFacts('pgsql', {
          openDirectory: { path: '/usr/lib/ocf/resource.d/ts', mode: 0o777, owner: 1000 },
        }),
      ),
      [
        'error agent-permissions node2: ocf:ts:ping on node2 does not belong to root, and root runs what is in it',
        'error agent-permissions node2: ocf:ts:ping on node2 can be written to by others than root, and root runs what is in it',
        'error agent-permissions node2: the directory /usr/lib/ocf/resource.d/ts on node2 does not belong to root, and root runs what is in it',
        'error agent-permissions node2: the directory /usr/lib/ocf/resource.d/ts on node2 can be written to by others than root, and root runs what is in it',
      ],
    ],
    [
      'no interpreter',
      agents(
        agentFacts('ping', { interpreters: [{ program: '/opt/node/bin/node', path: null, version: null }] }),
      ),
      [
        'error agent-interpreter node2: ocf:ts:ping on node2 cannot run: its interpreter /opt/node/bin/node is not there',
      ],
    ],
    [
      'an old Node',
      agents(
        agentFacts('ping', {
          interpreters: [{ program: 'node', path: '/usr/bin/node', version: '18.18.2' }],
        }),
      ),
      ['error agent-interpreter node2: ocf:ts:ping on node2 is run by Node 18.18.2, which is too old'],
    ],
    [
      'a new Node, and a shell',
      agents(
        agentFacts('ping', {
          interpreters: [
            { program: '/bin/sh', path: '/bin/sh', version: null },
            { program: 'node', path: '/usr/bin/node', version: '24.1.0' },
          ],
        }),
      ),
      [],
    ],
  ])('%s', (_, change, expected) => {
    expect(brief(installation, change)).toEqual(expected)
  })

  test('what is safe can be done', () => {
    const [first] = troublesOf(
      installation,
      agents(agentFacts('ping', { file: { mode: 0o644, owner: 0, executable: false } })),
    )
    expect(first?.fix).toEqual({
      node: 'node2',
      argv: ['chmod', '755', '--', '/usr/lib/ocf/resource.d/ts/ping'],
    })
  })

  test.each([
    [
      'ocf-shellfuncs: line 56: @OCF_ROOT_DIR@/lib/heartbeat/ocf-binaries: No such file',
      /package resource-agents/,
    ],
    [
      '/usr/lib/ocf/lib/heartbeat/ocf-rarun: No such file or directory',
      /^put \/usr\/lib\/ocf\/lib\/heartbeat\/ocf-rarun/,
    ],
    ['something else', /^run it by hand: OCF_ROOT/],
  ])('meta-data that fails with %s', (complaint, advice) => {
    const facts = agentFacts('ping', { agent: 'ocf:heartbeat:pgsql', metadata: null, complaint })
    const [found] = troublesOf(installation, agents(facts))
    expect(found?.advice).toMatch(advice)
  })

  test.each([
    ['#!/usr/bin/env node\n// x', ['node']],
    ['#!/bin/sh\n\':\' // x\n\':\' //; exit; exec /usr/bin/env node "$0" "$@"\n', ['/bin/sh', 'node']],
    ['#!/bin/sh\n\':\' // x\n\':\' //; exec /opt/n/bin/node "$0" "$@"\n', ['/bin/sh', '/opt/n/bin/node']],
    [
      '#!/bin/sh\n\':\' // x\n\':\' //; exec /opt/n/bin/node --v8-pool-size=1 --preserve-symlinks-main "$0" "$@"\n',
      ['/bin/sh', '/opt/n/bin/node'],
    ],
    [
      '#!/bin/sh\n\':\' // x\n\':\' //; start() { exec /opt/n/bin/node --v8-pool-size=1 "$@"; }; start "$0" "$@"\n',
      ['/bin/sh', '/opt/n/bin/node'],
    ],
    ['#! /usr/bin/perl -w\n', ['/usr/bin/perl']],
    ['#!/usr/bin/env -S LANG=C python3 -u\n', ['python3']],
    ['\x7fELF', []],
  ])('the programs that start %j', (text, expected) => {
    expect(interpretersIn(text)).toEqual(expected)
  })
})

describe('configuration', () => {
  const monitor2s = /<op name="monitor" timeout="60s" interval="2s"[^>]*>/
  test.each<[string, Change, readonly string[]]>([
    ['well', {}, []],
    [
      'a parameter that nobody knows, and one misspelt',
      {
        cib: [
          ['name="master_ip"', 'name="masterip"'],
          ['name="start_opt"', 'name="colour"'],
        ],
      },
      [
        "error unknown-parameter: ocf:ts:pgsql has no parameter 'colour', which pgsql sets: it has no effect",
        "error unknown-parameter: ocf:ts:pgsql has no parameter 'masterip', which pgsql sets: it has no effect",
      ],
    ],
    ["an alias of an agent's", { cib: [['name="cidr_netmask"', 'name="netmask"']] }, []],
    [
      'short timeouts',
      {
        cib: [
          ['name="promote" timeout="60s"', 'name="promote" timeout="50s"'],
          ['name="demote" timeout="60s"', 'name="demote"'],
        ],
      },
      ['warning timeout-short: pgsql has timeouts below what ocf:ts:pgsql advises: promote, demote'],
    ],
    [
      'a default for all timeouts',
      {
        cib: [
          ['name="demote" timeout="60s"', 'name="demote"'],
          [
            '</configuration>',
            '<op_defaults><meta_attributes id="o"><nvpair id="t" name="timeout" value="2min"/></meta_attributes></op_defaults></configuration>',
          ],
        ],
      },
      [],
    ],
    [
      'stop_escalate',
      { cib: [['name="stop_escalate" value="0"', 'name="stop_escalate" value="55"']] },
      [
        'warning stop-escalate: pgsql: stop_escalate=55 leaves nothing of the 60 s that a stop or demote may take',
      ],
    ],
    [
      "the shell agent's own, and a short demote",
      {
        cib: [
          ['provider="ts" type="pgsql"', 'provider="heartbeat" type="pgsql"'],
          [/<nvpair name="stop_escalate"[^>]*>/, ''],
        ],
      },
      [
        'error stop-escalate: pgsql: stop_escalate=90 leaves nothing of the 60 s that a stop or demote may take',
      ],
    ],
    [
      'monitor_timeout',
      { cib: [['name="start_opt" value="-p 5432"', 'name="monitor_timeout" value="2min"']] },
      [
        'warning monitor-timeout: pgsql: monitor_timeout has no effect on monitor (interval 7s), which is ended before',
        'warning monitor-timeout: pgsql: monitor_timeout has no effect on monitor (interval 2s, role Master), which is ended before',
      ],
    ],
    [
      'a node that is not fit',
      withDatabase('node2', { invalid: ["pgctl: there is no program '/x' here"] }),
      [
        "error resource-invalid node2: the next start of pgsql fails on node2: pgctl: there is no program '/x' here",
      ],
    ],
    [
      'no monitor for the primary',
      { cib: [[monitor2s, '']] },
      [
        'error monitor-missing: pgsql has no monitor for the Promoted role: the cluster does not notice when the primary fails',
      ],
    ],
    [
      'no monitor at all',
      { cib: [[/<op name="monitor"[^>]*id="pingCheck-monitor-10s"\/>/, '']] },
      ['error monitor-missing: pingCheck is not monitored: the cluster does not notice when it fails'],
    ],
    [
      'two monitors with one interval',
      { cib: [['interval="2s"', 'interval="7000ms"']] },
      [
        'error monitor-missing: pgsql has two monitors with the same interval: pacemaker runs only one of them',
      ],
    ],
    [
      'no notify, too few instances, two primaries',
      {
        cib: [
          [/<nvpair name="notify"[^>]*>/, ''],
          ['name="clone-max" value="2"', 'name="clone-max" value="1"'],
          ['name="master-max" value="1"', 'name="master-max" value="2"'],
        ],
      },
      [
        'error clone-settings: msPostgresql has no notify=true: the agents do not learn of a failover while it happens',
        'error clone-settings: msPostgresql may run on 1 nodes only, and node_list names 2',
        'error clone-settings: msPostgresql may have 2 primaries, and PostgreSQL has one',
      ],
    ],
    [
      'no promotable clone',
      {
        cib: [
          ['<master id="msPostgresql">', '<clone id="msPostgresql">'],
          ['</master>', '</clone>'],
        ],
      },
      [
        'error clone-settings: pgsql replicates (rep_mode=sync), but is no promotable clone: nobody can be promoted',
      ],
    ],
    [
      'a node that is called otherwise',
      { cib: [['value="node1 node2"', 'value="node1 nod2"']] },
      [
        "error node-list: pgsql: node_list names 'nod2', which is no node of the cluster",
        'error node-list node2: pgsql: node_list does not name node2: its database takes no part in the replication',
      ],
    ],
    [
      'a node that is there for its vote, and one that was forgotten',
      {
        cib: [
          ['<node id="2"', '<node id="3" uname="arbiter"/><node id="4" uname="node4"/><node id="2"'],
          [
            '<constraints>',
            '<constraints><rsc_location id="x" rsc="msPostgresql" node="arbiter" score="-INFINITY"/>',
          ],
        ],
      },
      [
        'warning node-list node4: pgsql: node_list does not name node4: its database takes no part in the replication',
      ],
    ],
    ['case is nothing', { cib: [['value="node1 node2"', 'value="NODE1 Node2"']] }, []],
  ])('%s', (_, change, expected) => {
    expect(brief(configuration, change)).toEqual(expected)
  })

  test('a misspelt parameter is told what is meant', () => {
    const [found] = troublesOf(configuration, { cib: [['name="master_ip"', 'name="masterip"']] })
    expect(found?.advice).toBe("it is perhaps 'master_ip' that is meant")
  })

  test('what may be a password is not told', () => {
    const [found] = troublesOf(configuration, {
      cib: [['name="start_opt" value="-p 5432"', 'name="monitor_pasword" value="hush"']],
    })
    expect(found?.advice).toBe("it is perhaps 'monitor_password' that is meant")
    expect(JSON.stringify(found)).not.toContain('hush')
  })

  test('short timeouts are told with what is advised', () => {
    const [found] = troublesOf(configuration, {
      cib: [
        ['timeout="60s" interval="2s"', 'timeout="20s" interval="2s"'],
        ['name="demote" timeout="60s"', 'name="demote"'],
      ],
    })
    expect(found?.evidence).toEqual([
      'monitor (interval 2s, role Master): 20 s, advised 30 s',
      'demote: 20 s (none is set), advised 60 s',
    ])
    expect(found?.advice).toBe('crm configure edit pgsql: monitor timeout=30s, demote timeout=60s')
  })

  test('without its meta-data, nothing is said of an agent', () => {
    const silent = { agents: [] }
    expect(brief(configuration, { node1: silent, node2: silent })).toEqual([])
  })

  test.each([
    ['master-ip', 'master_ip'],
    ['restorecommand', 'restore_command'],
    ['colour', undefined],
  ])('%s is perhaps %s', (name, expected) => {
    expect(nearest(name, ['master_ip', 'restore_command', 'node_list', 'config'])).toBe(expected)
  })

  test.each([
    ['60s', 60],
    ['2min', 120],
    ['500ms', 0.5],
    ['10', 10],
    ['', undefined],
    ['PT30S', undefined],
  ])('%s is %p seconds', (text, expected) => {
    expect(secondsOf(text)).toBe(expected)
  })
})

const fencing = /^warning fencing/
const FENCED: NonNullable<Change['cib']> = [
  ['name="stonith-enabled" value="false"', 'name="stonith-enabled" value="true"'],
  ['<resources>', '<resources><primitive id="fence" class="stonith" type="fence_ipmilan"/>'],
]
const corosync = (change: Parameters<typeof corosyncFacts>[0]): Change => ({
  node1: { corosync: corosyncFacts(change) },
  node2: { corosync: corosyncFacts(change) },
})
const keys = corosyncFacts().configuration
const policy = (value: string): readonly [string, string] => [
  'name="no-quorum-policy" value="ignore"',
  `name="no-quorum-policy" value="${value}"`,
]
const THIRD: readonly [string, string] = ['<node id="2"', '<node id="3" uname="node3"/><node id="2"']

describe('cluster', () => {
  test.each<[string, Change, readonly string[]]>([
    ['well', {}, []],
    [
      'pacemaker is down',
      { node2: { pacemaker: false, corosync: corosyncFacts({ running: false, links: null }) } },
      ['error cluster-down node2: pacemaker does not run on node2'],
    ],
    [
      'a node is lost, one in standby',
      { status: { nodes: { node1: { standby: true }, node2: { online: false, unclean: true } } } },
      [
        'error node-offline node2: node2 is UNCLEAN (lost, and not fenced)',
        'warning maintenance node1: node1 is in standby: it runs nothing, and takes nothing over',
      ],
    ],
    [
      'maintenance mode',
      {
        cib: [
          [/(<nvpair name="stonith-enabled")/, '<nvpair id="m" name="maintenance-mode" value="true"/>$1'],
        ],
      },
      ['warning maintenance: the cluster is in maintenance mode: it starts, stops and fails over nothing'],
    ],
    [
      'a ban is left over; one that ends by itself is not',
      {
        cib: [
          [
            '<constraints>',
            '<constraints><rsc_location id="cli-ban-msPostgresql-on-node2" rsc="msPostgresql" node="node2" score="-INFINITY"/>',
          ],
        ],
      },
      [
        'warning leftover-constraints node2: msPostgresql is kept off node2 since it was banned there by hand',
      ],
    ],
    [
      'a link is down',
      {
        node1: {
          corosync: corosyncFacts({
            links: [{ link: 0, nodeId: 2, status: 'disconnected' }],
          }),
        },
      },
      ["error corosync-links node1: node1 does not see node2 on corosync's link 0"],
    ],
    [
      'a link to a node that is down is no news',
      {
        node1: {
          corosync: corosyncFacts({
            links: [{ link: 0, nodeId: 2, status: 'disconnected' }],
          }),
        },
        asked: { node2: { facts: undefined, why: 'no route' } },
        status: { nodes: { node2: { online: false } } },
      },
      ['error node-offline node2: node2 is offline'],
    ],
    [
      'another corosync.conf',
      { node2: { corosync: corosyncFacts({ fingerprint: 'xyz' }) } },
      ['warning corosync-conf node2: corosync.conf on node2 is not that of node1'],
    ],
    [
      'two nodes, and one alone has no quorum',
      { ...corosync({ configuration: { 'quorum.provider': 'corosync_votequorum' } }), cib: [policy('stop')] },
      [
        'error quorum: when one of the two nodes is lost, the other one has no quorum and stops everything, too',
      ],
    ],
    [
      'three nodes, and every part goes on',
      { cib: [THIRD] },
      ['error quorum: 3 nodes have a majority, and no-quorum-policy=ignore lets every part go on without it'],
    ],
    [
      'three nodes with two_node',
      { cib: [THIRD, policy('stop')] },
      [
        'error quorum: two_node is set in corosync.conf for a cluster of 3 nodes: one node alone counts as a majority',
      ],
    ],
    [
      'no quorum now',
      { cib: [policy('stop')], status: { quorate: false } },
      ['error quorum: this part of the cluster has no quorum: it runs nothing'],
    ],
    [
      'fencing, and nobody waits',
      { cib: FENCED },
      [
        'warning quorum: two nodes that come up without seeing each other fence one another, again and again (wait_for_all is off)',
      ],
    ],
    [
      'a quorum device that nobody asks',
      corosync({ configuration: { ...keys, 'quorum.device.model': 'net' } }),
      [
        'error quorum-device node1: the quorum device has no vote on node1: corosync-qdevice does not run there',
        'error quorum-device node2: the quorum device has no vote on node2: corosync-qdevice does not run there',
      ],
    ],
  ])('%s', (_, change, expected) => {
    expect(brief(cluster, change).filter((text) => !fencing.test(text))).toEqual(expected)
  })

  test('fencing that is on, and without a device', () => {
    expect(brief(cluster, { cib: FENCED.slice(0, 1) })).toEqual([
      'error fencing: fencing is switched on and there is no fencing device: the cluster starts nothing',
    ])
    expect(brief(cluster, { cib: [...FENCED] }).some((text) => / fencing:/.test(text))).toBe(false)
  })

  test.each<[string, NonNullable<Change['cib']>, boolean]>([
    ['fencing that is off', [], false],
    ['the name of pacemaker up to 3.0', FENCED.slice(0, 1), true],
    [
      'its other name',
      [['name="stonith-enabled" value="false"', 'name="fencing-enabled" value="true"']],
      true,
    ],
    [
      'a watchdog in place of a device',
      [
        [
          'name="stonith-enabled" value="false"',
          'name="stonith-enabled" value="true"/><nvpair id="w" name="fencing-watchdog-timeout" value="10s"',
        ],
      ],
      false,
    ],
    [
      'a watchdog that fences nobody',
      [
        [
          'name="stonith-enabled" value="false"',
          'name="stonith-enabled" value="true"/><nvpair id="w" name="stonith-watchdog-timeout" value="0"',
        ],
      ],
      true,
    ],
  ])('fencing with nothing that fences is an error: %s', (_, cib, expected) => {
    const found = brief(cluster, { cib }).filter((text) => text.startsWith('error fencing:'))
    expect(found.length > 0).toBe(expected)
  })

  test('where a fenced cluster would block; without fencing nothing else is safe', () => {
    const blocking = (cib: Change['cib']) =>
      brief(configuration, cib ? { cib } : {}).filter((text) => text.includes('on-fail-block'))
    expect(blocking(undefined)).toEqual([])
    expect(blocking(FENCED)).toEqual(
      ['vip-slave', 'vip-master', 'vip-rep', 'pgsql'].map(
        (id) =>
          `warning on-fail-block: ${id}: a failed stop blocks it until a person has looked, although the cluster can fence the node`,
      ),
    )
    expect(blocking([...FENCED, [/on-fail="block"/g, 'on-fail="fence"']])).toEqual([])
    const usual =
      '<op_defaults><meta_attributes id="o"><nvpair id="b" name="on-fail" value="block"/></meta_attributes></op_defaults>'
    const both = blocking([
      ...FENCED,
      [/ on-fail="(?:block|stop)"/g, ''],
      ['</configuration>', `${usual}</configuration>`],
    ])
    expect(both).toContain(
      'warning on-fail-block: pgsql: a failed demote or stop blocks it until a person has looked, although the cluster can fence the node',
    )
  })

  test('fencing that is off under its other name', () => {
    const cib: Change['cib'] = [
      ['name="stonith-enabled" value="false"', 'name="fencing-enabled" value="false"'],
    ]
    expect(troublesOf(cluster, { cib }).find(({ id }) => id === 'fencing')?.evidence).toContain(
      'fencing-enabled=false',
    )
  })

  test.each<[string, Change, RegExp]>([
    ['two nodes', {}, /device; without one, a quorum device, or sync_policy=strict on the database$/],
    [
      'two, async',
      { cib: [['name="rep_mode" value="sync"', 'name="rep_mode" value="async"']] },
      /device; without one, a quorum device$/,
    ],
    [
      'three, and the majority goes on',
      {
        cib: [THIRD, policy('stop'), ['name="rep_mode" value="sync"', 'name="rep_mode" value="async"']],
      },
      /^give the cluster a fencing device$/,
    ],
  ])('what may be there instead of fencing: %s', (_, change, expected) => {
    expect(troublesOf(cluster, change).find(({ id }) => id === 'fencing')?.advice).toMatch(expected)
  })

  test('what protects where there is no fencing', () => {
    const [found] = troublesOf(cluster, {
      cib: [['name="node_list"', 'name="sync_policy" value="strict" id="s"/><nvpair name="node_list"']],
    })
    expect(found?.evidence).toContain(
      'what protects instead: pgsql: sync_policy=strict: a primary alone acknowledges nothing',
    )
  })

  test('a failure that keeps a resource off a node, one that does not, one that is none', () => {
    const failure = (resource: string, exitCode: number) => ({
      resource,
      task: 'monitor',
      intervalMs: 0,
      node: 'node2',
      exitCode,
      exitStatus: 'error',
      exitReason: 'why',
      status: 'complete',
    })
    const found = troublesOf(cluster, {
      status: {
        failures: [failure('pgsql', 1), failure('vip-rep', 1), failure('pgsql', 190)],
        failCounts: [
          { resource: 'pgsql', node: 'node2', count: 1 },
          { resource: 'vip-rep', node: 'node2', count: 1 },
        ],
      },
    }).filter(({ id }) => id === 'failed-actions')
    expect(found.map(({ severity, finding, evidence }) => [severity, finding, evidence[0]])).toEqual([
      ['error', 'pgsql: monitor has failed on node2, and it is kept off that node', 'error: why'],
      ['warning', 'vip-rep: monitor has failed on node2', 'error: why'],
    ])
  })

  test("corosync's own files and words", () => {
    expect(
      readCorosyncConf(
        'totem {\n  version: 2\n  interface {\n    linknumber: 0\n  }\n}\n# x\nnodelist {\n node {\n  name: a\n }\n node {\n  name: b\n }\n}\nquorum {\n device {\n  model: net\n  net {\n   host: q\n  }\n }\n}\n',
      ),
    ).toEqual({
      'totem.version': '2',
      'totem.interface.0.linknumber': '0',
      'nodelist.node.0.name': 'a',
      'nodelist.node.1.name': 'b',
      'quorum.device.model': 'net',
      'quorum.device.net.host': 'q',
    })
    // corosync-cfgtool(8) has the form of the second.
    for (const line of ['nodeid:          2:\tdisconnected', 'nodeid  2:      disconnected']) {
      expect(
        readLinks(
          `Local node ID 1, transport udpu\nLINK ID 0 udpu\n\taddr\t= 10.0.0.1\n\tstatus:\n\t\t${line}\n`,
        ),
      ).toEqual([{ link: 0, nodeId: 2, status: 'disconnected' }])
    }
  })
})

describe('time', () => {
  const at = (begun: number, ended: number): Change => ({ node2: { begun, ended } })
  test.each<[string, Change, readonly string[]]>([
    ['agree', at(1000, 2000), []],
    ['ahead by less than a second, the way there taken into account', at(2800, 2900), []],
    [
      'ahead',
      at(91_000, 92_000),
      ['warning clock-skew node2: the clock of node2 is 89.9 s or more ahead of that of node1'],
    ],
    [
      'behind',
      at(-5000, -4000),
      ['warning clock-skew node2: the clock of node2 is 5.9 s or more behind that of node1'],
    ],
  ])('%s', (_, change, expected) => {
    expect(brief(time, change)).toEqual(expected)
  })
})

describe('disk', () => {
  const [healthy] = doctorFacts('node2').disks
  const with_ = (change: object): Change => ({ node2: { disks: healthy ? [{ ...healthy, ...change }] : [] } })
  test.each<[string, Change, readonly string[]]>([
    ['half full', {}, []],
    ['a small part of much', with_({ freeBytes: 40 * 2 ** 30, totalBytes: 1000 * 2 ** 30 }), []],
    [
      'nearly full',
      with_({ freeBytes: 9 * 2 ** 30 }),
      ['warning disk-full node2: / of node2, which holds data, WAL, is nearly full'],
    ],
    [
      'full',
      with_({ freeBytes: 2 ** 20 }),
      ['error disk-full node2: / of node2, which holds data, WAL, is nearly full'],
    ],
    [
      'no inodes',
      with_({ freeFiles: 0 }),
      ['error disk-full node2: no more files can be made on / of node2, which holds data, WAL'],
    ],
  ])('%s', (_, change, expected) => {
    expect(brief(disk, change)).toEqual(expected)
  })
})
