/**
 * `ocf-ts doctor`: a real cluster is broken in many ways, and each is named.
 *
 * @systems debian12 debian13
 */
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { type Finding } from '../../../cli/doctor/finding'
import { Lab, type LabNode, makeDocumentCluster, until, vipRep } from '../lab'
import { archiveDir, pgTmpDir, pgUser } from '../lab/postgres'

const MINUTE = 60_000
const AGENTS = '/usr/lib/ocf/resource.d/ts'
const FENCING = 'warning fencing'

jest.setTimeout(2 * MINUTE)

let lab: Lab
let node1: LabNode
let node2: LabNode

beforeAll(async () => {
  lab = await Lab.create({ tool: true })
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  await makeDocumentCluster(lab)
}, 4 * MINUTE)

afterAll(() => lab.destroy(), MINUTE)

interface Told {
  readonly code: number | null
  readonly findings: readonly Finding[]
}

async function doctor(node: LabNode, ...flags: readonly string[]): Promise<Told> {
  const { code, stdout, stderr } = await node.run(['ocf-ts', 'doctor', '--json', ...flags])
  if (stdout === '') throw new Error(stderr)
  const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] }
  return { code, findings: findings.filter(({ severity }) => severity !== 'ok') }
}

/** `error agent-permissions node2`, each once. */
function ids({ findings }: Told): readonly string[] {
  return [
    ...new Set(
      findings.map(({ severity, id, node }) =>
        [severity, id, ...(node === undefined ? [] : [node])].join(' '),
      ),
    ),
  ].sort()
}

/** All that is said of one of them, evidence and advice too. */
function told({ findings }: Told, wanted: string): string {
  return findings
    .filter(({ id }) => id === wanted)
    .map(({ finding, evidence, advice = '' }) => [finding, ...evidence, advice].join('\n'))
    .join('\n')
}

const property = (name: string, value: string): Promise<string> =>
  node1.must(['crm_attribute', '--name', name, '--update', value])

/** Changes the resources' configuration as text while `work` is done. The cluster does nothing meanwhile: maintenance. */
async function withResources(
  changes: readonly (readonly [string | RegExp, string])[],
  work: () => Promise<void>,
): Promise<void> {
  const replace = (xml: string): Promise<string> =>
    node1.must(['cibadmin', '--replace', '--scope', 'resources', '--xml-pipe'], { input: xml })
  const before = await node1.must(['cibadmin', '--query', '--scope', 'resources'])
  const after = changes.reduce((text, [from, to]) => {
    const changed = text.replace(from, to)
    if (changed === text) throw new Error(`the resources have no ${String(from)}`)
    return changed
  }, before)
  await replace(after)
  try {
    await work()
  } finally {
    await replace(before)
  }
}

const streams = (name = 'node2') =>
  until(`node2 streams as ${name}`, async () =>
    (
      await node1.sql(
        `select 1 from pg_stat_replication where application_name = '${name}' and state = 'streaming'`,
      )
    ).includes('1'),
  )

test('a cluster that is well: there is no fencing, from either node', async () => {
  const both = await Promise.all([doctor(node1), doctor(node2)])
  for (const one of both) {
    expect(ids(one)).toEqual([FENCING])
    expect(one.code).toBe(1)
  }
  const inTerminal = await node1.run(
    ['script', '--quiet', '--return', '--command', 'ocf-ts doctor', '/dev/null'],
    { env: { TERM: 'xterm' } },
  )
  expect(inTerminal.stdout).toContain('\x1b[33mthere is no fencing')
  const plain = await node1.run(['ocf-ts', 'doctor'])
  expect(plain.stdout).toMatch(
    /^not as it should be\n {2}there is no fencing: .*\n {6}seen: stonith-enabled=false/,
  )
  expect(plain.stdout).toMatch(
    /\n {6}do: give the cluster a fencing device.*\n\n1 warning; \d+ checks found nothing wrong\n$/,
  )
})

describe('while the cluster does nothing', () => {
  beforeAll(async () => {
    await property('maintenance-mode', 'true')
    // Until no monitor runs any more: it would meet what is broken here.
    await node1.must(['crm_resource', '--wait'])
  })
  afterAll(async () => {
    await property('maintenance-mode', 'false')
  })

  test('agents that cannot run; what is safe is fixed, on the other node', async () => {
    const copy = '/run/root/ts'
    const fakeNode = '/run/root/node'
    const say = (script: string) => node2.must(['bash', '-ec', script])
    await say(`
      cp -a ${AGENTS} ${copy}
      mount --bind ${copy} ${AGENTS}
      chmod 644 ${copy}/ping
      chmod 777 ${copy}/IPaddr2
      sed -i '3s|/usr/bin/env node|/opt/none/node|' ${copy}/pgsql`)
    try {
      const broken = await doctor(node1)
      expect(ids(broken)).toEqual([
        'error agent-interpreter node2',
        'error agent-metadata node2',
        'error agent-permissions node2',
        FENCING,
        'warning maintenance',
      ])
      expect(told(broken, 'agent-permissions')).toContain('ocf:ts:ping on node2 cannot be executed')
      expect(told(broken, 'agent-permissions')).toContain(
        'ocf:ts:IPaddr2 on node2 can be written to by others',
      )
      expect(told(broken, 'agent-interpreter')).toContain('its interpreter /opt/none/node is not there')
      expect(told(broken, 'agent-metadata')).toContain(
        'ocf:ts:pgsql on node2 tells its meta-data and cannot run',
      )

      const refused = await node1.run(['ocf-ts', 'doctor', '--fix'])
      expect(refused.code).toBe(3)
      expect(refused.stderr).toContain(`on node2: chmod 755 -- ${AGENTS}/ping`)
      const fixed = await doctor(node1, '--fix', '--yes')
      expect(ids(fixed)).not.toContain('error agent-permissions node2')
      expect(ids(fixed)).toContain('error agent-interpreter node2')
      expect(told(fixed, 'agent-metadata')).not.toContain('ocf:ts:ping')

      await say(`
        rm ${copy}/ping
        printf '#!/bin/sh\\necho v16.20.0\\n' > ${fakeNode}
        chmod 755 ${fakeNode}
        sed -i '3s|/opt/none/node|${fakeNode}|' ${copy}/pgsql`)
      const again = await doctor(node1)
      expect(ids(again)).toContain('error agent-missing node2')
      expect(told(again, 'agent-interpreter')).toContain('Node 16.20.0, which is too old')
    } finally {
      await say(`umount ${AGENTS}; rm -r ${copy}`)
    }
  })

  test('a configuration that does not fit its agents', async () => {
    await withResources(
      [
        ['name="multiplier"', 'name="multiplyer"'],
        ['name="promote" timeout="60s"', 'name="promote" timeout="50s"'],
        ['name="stop_escalate" value="0"', 'name="stop_escalate" value="55"'],
        ['timeout="60s" interval="2s"', 'timeout="60s" interval="7s"'],
        [/<op name="monitor"[^>]*id="vip-slave-monitor-10s"\/>/, ''],
        ['name="notify" value="true"', 'name="notify" value="false"'],
        ['name="psql"', 'name="monitor_timeout" value="70s" id="t"/><nvpair name="psql"'],
        ['value="node1 node2"', 'value="node1 nod2"'],
        ['cp /var/lib/postgresql/archive/%f %p', 'cp /nowhere/%f %p'],
        ['name="start_opt" value="-p 5432"', 'name="replication_slot_name" value="s"'],
        ['name="rep_mode"', 'name="rejoin" value="rewind" id="r"/><nvpair name="rep_mode"'],
        ['name="pgctl"', 'name="external_standby_node_list" value="a b c" id="e"/><nvpair name="pgctl"'],
        ['name="pgdata"', 'name="repuser" value="nobody_here" id="u"/><nvpair name="pgdata"'],
      ],
      async () => {
        const broken = await doctor(node1)
        expect(ids(broken)).toEqual(
          expect.arrayContaining([
            'error unknown-parameter',
            'warning timeout-short',
            'warning stop-escalate',
            'warning monitor-timeout',
            'error resource-invalid node2',
            'error monitor-missing',
            'error clone-settings',
            'error node-list',
            'error node-list node2',
            'warning restore-command node1',
            'warning restore-command node2',
            'error replication-slot node1',
            'error rewind-needs node1',
            'warning wal-senders node1',
            'error replication-role node1',
            'error replication-login node2',
            // node1 has no peer in such a node_list.
            'error pg-hba node2',
          ]),
        )
        expect(told(broken, 'unknown-parameter')).toContain("it is perhaps 'multiplier' that is meant")
        expect(told(broken, 'resource-invalid')).toContain('does not name this node: add node2 to node_list')
        expect(told(broken, 'monitor-missing')).toContain('pgsql has two monitors with the same interval')
        expect(told(broken, 'monitor-missing')).toContain('vip-slave is not monitored')
        expect(told(broken, 'node-list')).toContain("it is perhaps 'node2' that is meant")
      },
    )
  })

  test('shell agents: the warnings that the document shows, and what it calls an old script', async () => {
    await withResources(
      [
        ['provider="ts" type="pgsql"', 'provider="heartbeat" type="pgsql"'],
        ['provider="ts" type="ping"', 'provider="pacemaker" type="ping"'],
      ],
      async () => {
        const found = await doctor(node2)
        const all = told(found, 'timeout-short')
        expect(all).toContain('stop: 60 s, advised 120 s')
        expect(all).toContain('notify: 60 s, advised 90 s')
        expect(ids(found)).not.toContain('error unknown-parameter')
      },
    )
  })

  test('a cluster that is set up wrong, and what was left over', async () => {
    const conf = '/etc/corosync/corosync.conf'
    const before = await node1.must(['cat', conf])
    const device = 'quorum {\n  device {\n    model: net\n    net {\n      host: qnetd\n    }\n  }\n'
    await node1.must(['crm_resource', '--ban', '--resource', 'vip-slave', '--node', 'node2'])
    await node1.must(['crm_resource', '--fail', '--resource', 'vip-slave', '--node', 'node2'])
    await property('stonith-enabled', 'true')
    await property('no-quorum-policy', 'stop')
    await node1.writeFile(conf, before.replace('  two_node: 1\n', ''))
    try {
      await lab.waitFor('the failure is known', ({ failures }) => failures.length > 0)
      const broken = await doctor(node1)
      expect(ids(broken)).toEqual(
        expect.arrayContaining([
          'error fencing',
          'error quorum',
          'warning corosync-conf node2',
          'warning leftover-constraints node2',
          'error failed-actions node2',
        ]),
      )
      expect(told(broken, 'corosync-conf')).toContain('quorum.two_node: node1 (not set), node2 1')
      await node1.writeFile(conf, before.replace('quorum {\n', device))
      expect(told(await doctor(node1), 'quorum-device')).toContain('host qnetd')
    } finally {
      await node1.writeFile(conf, before)
      await property('no-quorum-policy', 'ignore')
      await property('stonith-enabled', 'false')
      await node1.must(['crm_resource', '--clear', '--resource', 'vip-slave'])
      await node1.must(['crm_resource', '--cleanup', '--resource', 'vip-slave'])
    }
  })

  test('addresses that two machines have, and a port that a firewall closes', async () => {
    const vip = '192.168.100.163'
    await node2.must(['ip', 'address', 'add', `${vip}/32`, 'dev', 'eth0'])
    await node2.must(['nft', 'add', 'table', 'inet', 'doctor'])
    await node2.must([
      ...['nft', 'add', 'chain', 'inet', 'doctor', 'in'],
      '{ type filter hook input priority 0 ; }',
    ])
    await node2.must([
      ...['nft', 'add', 'rule', 'inet', 'doctor', 'in', 'iifname', 'eth2', 'tcp', 'dport', '5432', 'drop'],
    ])
    try {
      const broken = await doctor(node1)
      expect(ids(broken)).toEqual(
        expect.arrayContaining(['error address-duplicate', 'error postgresql-port node1']),
      )
      expect(told(broken, 'address-duplicate')).toContain(
        `vip-master (${vip}) is on the interfaces of node1 and node2`,
      )
      expect(told(broken, 'postgresql-port')).toContain('TCP 192.168.2.2:5432: no answer')

      await node1.must(['ip', 'address', 'del', `${vip}/24`, 'dev', 'eth0'])
      const moved = await doctor(node1)
      expect(told(moved, 'address-stray')).toContain('is on node2, and the cluster believes it on node1')
    } finally {
      await node2.must(['nft', 'delete', 'table', 'inet', 'doctor'])
      await node2.must(['ip', 'address', 'del', `${vip}/32`, 'dev', 'eth0'])
      await node1.must(['ip', 'address', 'add', `${vip}/24`, 'brd', '+', 'dev', 'eth0'])
    }
    expect((await lab.runClient(['ip', 'address', 'add', `${vip}/24`, 'dev', 'eth0'])).code).toBe(0)
    const stranger = await doctor(node2)
    await lab.runClient(['ip', 'address', 'del', `${vip}/24`, 'dev', 'eth0'])
    expect(ids(stranger)).toContain('error address-duplicate node1')
    expect(told(stranger, 'address-duplicate')).toMatch(
      /answered by [0-9a-f:]{17} \(no node of the cluster\)/,
    )
  })

  test('settings that defeat replication, passwords, a full disk, a clock', async () => {
    const passwords = '/var/lib/postgresql/.pgpass'
    const hba = `${node1.pgData}/pg_hba.conf`
    const rules = await node1.must(['cat', hba])
    const settings = {
      fsync: 'off',
      synchronous_commit: 'local',
      wal_sender_timeout: '0',
      synchronous_standby_names: 'node2',
      archive_command: 'false',
    }
    const fake = 'const now = Date.now; Date.now = () => now() + 90000'
    for (const [name, value] of Object.entries(settings))
      await node1.sql(`alter system set ${name} = '${value}'`)
    await node1.sql('alter database postgres set synchronous_commit = off')
    await node1.writeFile(hba, rules.replace('192.168.2.0/24 ', '192.168.2.9/32'), { user: pgUser })
    await node1.sql('select pg_reload_conf()')
    await node1.sql('create table archived (id int); select pg_switch_wal()')
    await node2.sql(
      `alter system set primary_conninfo = 'host=${vipRep} user=postgres application_name=somebody'`,
    )
    await node2.writeFile(passwords, '*:*:*:*:secret\n', { user: pgUser })
    await node2.must([
      'bash',
      '-ec',
      `
      chmod 644 ${passwords}
      mount -t tmpfs -o size=16m tmpfs ${archiveDir}
      head -c 15900k /dev/zero > ${archiveDir}/filler
      cp /usr/sbin/ocf-ts /run/root/ocf-ts
      echo '${fake}' > /run/root/clock.js
      printf '#!/bin/sh\\nexec node --require /run/root/clock.js /run/root/ocf-ts "$@"\\n' > /run/root/late
      chmod 755 /run/root/late
      mount --bind /run/root/late /usr/sbin/ocf-ts
      mount --bind /dev/null /usr/bin/arping`,
    ])
    try {
      await until(
        'archiving fails',
        async () => Number(await node1.sql('select failed_count from pg_stat_archiver')) > 0,
      )
      const broken = await doctor(node1)
      expect(ids(broken)).toEqual(
        expect.arrayContaining([
          'error postgresql-settings node1',
          'warning postgresql-settings node1',
          'error synchronous-commit node1',
          'error auto-conf node1',
          'error auto-conf node2',
          'error archive-failing node1',
          'error pg-hba node1',
          'error replication-login node2',
          'error pgpass node2',
          'error disk-full node2',
          'warning clock-skew node2',
          'unknown not-seen node2',
        ]),
      )
      expect(told(broken, 'synchronous-commit')).toContain('synchronous_commit = off for database postgres')
      expect(told(broken, 'replication-login')).toContain('pg_hba.conf of the primary does not let it in')
      expect(told(broken, 'clock-skew')).toMatch(/is (?:8\d|90)\.\d s or more ahead of that of node1/)
      expect(ids(await doctor(node1, '--fix', '--yes'))).not.toContain('error pgpass node2')
    } finally {
      for (const name of Object.keys(settings)) await node1.sql(`alter system reset ${name}`)
      await node1.sql('alter database postgres reset synchronous_commit')
      await node1.writeFile(hba, rules, { user: pgUser })
      await node1.sql('select pg_reload_conf()')
      await node2.must([
        'bash',
        '-ec',
        `rm ${passwords}; umount ${archiveDir} /usr/sbin/ocf-ts /usr/bin/arping`,
      ])
    }
    // Now that it is let in again, it comes under its other name.
    await node2.sql('select pg_reload_conf()')
    await streams('somebody')
    expect(told(await doctor(node1), 'application-name')).toContain("calls itself 'somebody', not 'node2'")
    await node2.sql('alter system reset primary_conninfo')
    await node2.sql('select pg_reload_conf()')
    await streams()
    await until(
      'archiving goes on',
      async () =>
        (await node1.sql('select last_archived_time > last_failed_time from pg_stat_archiver')) === 't',
    )
  })

  test('all of that is fixed', async () => {
    expect(ids(await doctor(node1))).toEqual([FENCING, 'warning maintenance'])
  })
})

test('a node that does not see the other', async () => {
  await property('maintenance-mode', 'true')
  await node2.cutOff(['eth1'])
  await lab.waitFor('node1 has lost node2', (status) => !status.online.includes('node2'), { from: 'node1' })
  const cut = await doctor(node1)
  await node2.heal(['eth1'])
  await lab.waitOnline()
  await property('maintenance-mode', 'false')
  expect(ids(cut)).toEqual(
    expect.arrayContaining([
      'error corosync-links node1',
      'error corosync-links node2',
      'error node-offline node2',
    ]),
  )
  expect(told(cut, 'node-offline')).toContain('the nodes do not see each other')
})

test('a node that is down, with a lock and much to fetch; one that cannot be asked', async () => {
  await lab.waitFor(
    'node2 is in sync',
    (status) => status.attribute('node2', 'pgsql-data-status') === 'STREAMING|SYNC',
  )
  await node2.stopCluster()
  await node2.must(['install', '-o', pgUser, '-g', pgUser, '/dev/null', `${pgTmpDir}/PGSQL.lock`])
  await node1.sql("alter system set wal_keep_size = '16MB'")
  await node1.sql('select pg_reload_conf()')
  for (let index = 0; index < 3; index += 1) {
    await node1.sql(`create table filler${index} (id int); select pg_switch_wal()`)
  }
  const [up, down] = await Promise.all([doctor(node1), doctor(node2)])
  expect(ids(up)).toEqual([
    'error cluster-down node2',
    'error node-offline node2',
    FENCING,
    'warning stale-lock node2',
    'warning wal-keep node2',
  ])
  expect(told(up, 'wal-keep')).toContain('needs more WAL than the primary keeps')
  // From the node that is down, too: the other one tells what the cluster says.
  expect(ids(down)).toEqual(ids(up))
  expect(down.code).toBe(1)
  node2.signal('sshd', 'SIGTERM')
  await until('sshd ends', () => node2.processes().every(({ command }) => command !== 'sshd'))
  const alone = await doctor(node1)
  expect(ids(alone)).toContain('unknown node-unreachable node2')
  await node1.sql('alter system reset wal_keep_size')
  await node1.sql('select pg_reload_conf()')
})

test('data that is not of the primary', async () => {
  const pgCtl = `${node2.pgBin}/pg_ctl`
  const as = { user: pgUser }
  await node2.must(
    [pgCtl, 'start', '-w', '-D', node2.pgData, '-l', '/dev/null', '-o', '-c archive_mode=off'],
    as,
  )
  await node2.must([pgCtl, 'promote', '-w', '-D', node2.pgData], as)
  await node2.sql('set synchronous_commit = local; create table mine (id int)')
  await node2.must([pgCtl, 'stop', '-w', '-D', node2.pgData, '-m', 'fast'], as)
  await node2.boot()
  await lab.waitFor('it is refused', ({ failures }) => failures.some(({ node }) => node === 'node2'))
  const found = await doctor(node2)
  expect(ids(found)).toEqual(
    expect.arrayContaining([
      'error standby-timeline node2',
      'error failed-actions node2',
      'warning stale-lock node2',
    ]),
  )
})
