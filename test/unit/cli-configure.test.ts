/** `ocf-ts configure`: what it takes for a plan, what it says of a wrong one, and what it makes of it. */
import { describe, expect, test } from '@jest/globals'
import { adviseOn } from '../../cli/configure/advice'
import { conflictsWith, withoutConflicts } from '../../cli/configure/conflicts'
import { crmText, withoutComments } from '../../cli/configure/crm'
import { idsOf, type Model } from '../../cli/configure/model'
import { pcsCommands, pcsText, wordsFor } from '../../cli/configure/pcs'
import { type Answers, mergeAnswers } from '../../cli/configure/plan'
import { planFileText, readPlanFile } from '../../cli/configure/plan-file'
import { deriveTimeouts, type Waits } from '../../cli/configure/timeouts'
import { nearest, type Validated, validatePlan } from '../../cli/configure/validate'
import { readConfiguration } from '../../lib/cluster/configuration'

const good: Answers = {
  plan: {
    nodes: 'node1 node2',
    writer: '192.168.100.163/24,eth0',
    replication: '192.168.2.3/24,eth2',
    reader: '192.168.100.164/24,eth0',
    ping: '192.168.100.1',
  },
  pgsql: { pgctl: '/usr/lib/postgresql/15/bin/pg_ctl', pgdata: '/var/lib/postgresql/15/main' },
}

type Changes = { readonly plan?: Answers['plan']; readonly pgsql?: Answers['pgsql'] }

const changed = ({ plan = {}, pgsql = {} }: Changes): Answers => mergeAnswers(good, { plan, pgsql })

function valid(changes: Changes = {}): Validated {
  const { validated, problems } = validatePlan(changed(changes))
  if (validated === undefined) throw new Error(problems.map(({ reason }) => reason).join('\n'))
  return validated
}

const modelOf = (changes: Changes = {}): Model => valid(changes).model

const parametersOf = (model: Model, id: string) =>
  model.primitives.find((primitive) => primitive.id === id)?.parameters ?? {}

describe('a wrong answer is named, with the fix', () => {
  test.each<[string, Changes, readonly string[]]>([
    [
      'no nodes',
      { plan: { nodes: '' } },
      ['nodes is not set: it is required (names of the nodes, as "crm_node -l" shows them)'],
    ],
    [
      'one node',
      { plan: { nodes: 'node1' } },
      ["nodes: 'node1' is one node: replication needs two or more, name them all"],
    ],
    [
      'a node twice',
      { plan: { nodes: 'node1 Node1' } },
      ["nodes: 'Node1' is named twice: name each node once"],
    ],
    [
      'commas between the nodes',
      { plan: { nodes: 'node1, node2' } },
      [`nodes: 'node1,' is no node's name: take those of "crm_node -l", separated by blanks`],
    ],
    [
      'an address that is none',
      { plan: { writer: '192.168.100.300/24,eth0' } },
      [
        "writer: ip: '192.168.100.300' is not allowed; set ip to an address such as 192.168.1.1 or 2001:db8::1",
      ],
    ],
    [
      'a prefix that is none',
      { plan: { writer: '192.168.100.163/255.0.255.0,eth0' } },
      [
        "writer: '192.168.100.163/255.0.255.0,eth0' is not allowed; set writer to ADDRESS/PREFIX,INTERFACE such as 192.168.100.163/24,eth0 or 2001:db8::10/64,eth0",
      ],
    ],
    [
      'a prefix that is too long',
      { plan: { replication: '192.168.2.3/64,eth2' } },
      ['replication: cidr_netmask: 64 is too long for the IPv4 address 192.168.2.3; set it to 1 to 32'],
    ],
    [
      'a link-local address without an interface',
      { plan: { reader: 'fe80::1/64' } },
      ['reader: nic is not set: the link-local address fe80::1 needs it; set nic to an interface'],
    ],
    [
      'two addresses that are one',
      { plan: { writer: '2001:db8::10/64,eth0', reader: '2001:DB8:0::10/64,eth0' } },
      ['reader: 2001:DB8:0::10 is the address of writer, too: give each an address of its own'],
    ],
    [
      'the replication through the address of the writers',
      { plan: { replication: '192.168.100.163/24,eth0' } },
      ['replication: 192.168.100.163 is the address of writer, too: leave replication out'],
    ],
    [
      'a ping at the virtual address',
      { plan: { ping: '192.168.100.163' } },
      ['ping: 192.168.100.163 is the address of writer, which the primary always reaches: ping the gateway'],
    ],
    [
      'a ping at a node',
      { plan: { ping: '192.168.100.1 node2' } },
      ["ping: 'node2' is a node of the cluster, whose death would stop the others: ping the gateway"],
    ],
    [
      'a host that could be an option',
      { plan: { ping: '-f' } },
      [
        "ping: host_list: '-f' is not allowed; set host_list to names or addresses of hosts, separated by blanks",
      ],
    ],
    [
      'no programs, no data',
      { pgsql: { pgctl: '', pgdata: '' } },
      ['pgctl: is not set: the path of pg_ctl', 'pgdata: is not set: the data directory'],
    ],
    [
      'a mode without replication',
      { pgsql: { rep_mode: 'none' } },
      ["rep_mode: 'none' is no replication between node1 and node2: set it to sync or async"],
    ],
    [
      'a mode that there is not',
      { pgsql: { rep_mode: 'snyc' } },
      ["rep_mode: 'snyc' is no replication between node1 and node2: set it to sync or async"],
    ],
    [
      'a policy for the other mode',
      { pgsql: { rep_mode: 'async', sync_policy: 'strict' } },
      [
        "sync_policy: 'strict' is for rep_mode=sync only, and rep_mode is async: set it to sync, or leave sync_policy out",
      ],
    ],
    [
      'a quorum of two nodes',
      { pgsql: { sync_method: 'quorum' } },
      [
        "sync_method: 'quorum' needs more standbys than sync_standbys (1), and node_list has 1: set it to first",
      ],
    ],
    [
      'a parameter that is misspelt, one that follows, a path that is none',
      { pgsql: { pgctll: '/x', node_list: 'node1', master_ip: '1.2.3.4', tmpdir: 'tmp' } },
      [
        'pgctll: ocf:ts:pgsql has no such parameter; did you mean pgctl?',
        'node_list: it follows from nodes: leave it out',
        'master_ip: it follows from replication (or writer): leave it out',
        "tmpdir: 'tmp' is not allowed; set tmpdir to an absolute path",
      ],
    ],
    [
      'fencing that there is not',
      { plan: { fencing: 'yes' } },
      ["fencing: 'yes' is not allowed; set fencing to one of none, stonith, qdevice"],
    ],
    [
      'several answers at once',
      { plan: { nodes: '', recovery_time: '0' } },
      [
        'nodes is not set: it is required (names of the nodes, as "crm_node -l" shows them)',
        "recovery_time: '0' is not allowed; set recovery_time to a whole number of 1 or more",
      ],
    ],
  ])('%s', (_, changes, reasons) => {
    expect(validatePlan(changed(changes)).problems.map(({ reason }) => reason)).toEqual(reasons)
  })

  test('nearest', () => {
    expect(nearest('syncpolicy', ['sync_policy', 'sync_method'])).toBe('sync_policy')
    expect(nearest('colour', ['sync_policy', 'sync_method'])).toBeUndefined()
  })
})

describe('derived timeouts', () => {
  const waits: Waits = {
    recovery: 60,
    stopEscalate: 20,
    monitorTimeout: 10,
    attributeTimeout: 5,
    restartOnPromote: false,
    ping: 6,
  }
  const seconds = (changes: Partial<Waits>) =>
    Object.fromEntries(
      Object.entries(deriveTimeouts({ ...waits, ...changes })).map(([name, timeout]) => [
        name,
        timeout.seconds,
      ]),
    )

  test('the least', () => {
    expect(seconds({ recovery: 5, stopEscalate: 0, monitorTimeout: 0 })).toEqual({
      start: 60,
      stop: 60,
      monitor: 60,
      promote: 60,
      demote: 120,
      notify: 60,
      ping: 60,
      forget: 30,
    })
  })

  test.each<[string, Partial<Waits>, Record<string, number>]>([
    ['a long recovery', { recovery: 600 }, { start: 630, promote: 630, stop: 60 }],
    ['a patient stop', { stopEscalate: 90 }, { stop: 120, demote: 210, forget: 120 }],
    ['a stop that does not end in a ten', { stopEscalate: 33 }, { stop: 70 }],
    ['a slow storage', { monitorTimeout: 30 }, { monitor: 140 }],
    ['slow attributes', { attributeTimeout: 10 }, { notify: 100 }],
    ['a promotion by a restart', { restartOnPromote: true, stopEscalate: 40 }, { promote: 130, start: 90 }],
    ['many pings', { ping: 60 }, { ping: 90 }],
  ])('%s', (_, changes, expected) => {
    expect(seconds(changes)).toMatchObject(expected)
  })

  test.each([0, 1, 20, 89, 90, 300])(
    'stop_escalate=%i leaves 30 s of stop, and a stop fits into demote',
    (stopEscalate) => {
      const { stop, demote, forget } = deriveTimeouts({ ...waits, stopEscalate })
      expect(stop.seconds).toBeGreaterThanOrEqual(stopEscalate + 30)
      expect(demote.seconds * (2 / 3)).toBeGreaterThanOrEqual(stop.seconds)
      expect(forget.seconds).toBeGreaterThan(stopEscalate)
    },
  )
})

describe('the model', () => {
  test('of the document', () => {
    const model = modelOf()
    expect(model.properties).toEqual({ 'no-quorum-policy': 'ignore', 'stonith-enabled': 'false' })
    expect(parametersOf(model, 'pgsql')).toMatchObject({
      psql: '/usr/lib/postgresql/15/bin/psql',
      rep_mode: 'sync',
      node_list: 'node1 node2',
      master_ip: '192.168.2.3',
      stop_escalate: '20',
    })
    expect(parametersOf(model, 'vip-rep')).toEqual({ ip: '192.168.2.3', cidr_netmask: '24', nic: 'eth2' })
    expect(idsOf(model)).toEqual([
      ...[
        'pgsql',
        'vip-master',
        'vip-rep',
        'vip-slave',
        'pingCheck',
        'msPostgresql',
        'clnPingCheck',
        'master-group',
      ],
      ...['reader-on-standby', 'reader-on-primary', 'reader-not-unknown', 'reader-not-elsewhere'],
      ...['database-needs-network', 'database-with-ping', 'addresses-with-primary'],
      ...['ping-before-database', 'promote-before-addresses', 'demote-before-addresses-stop'],
    ])
  })

  test('the least: standbys replicate from the address of the writers', () => {
    const model = modelOf({ plan: { replication: '', reader: '', ping: '' } })
    expect(parametersOf(model, 'pgsql')['master_ip']).toBe('192.168.100.163')
    expect(model.primitives.map(({ id }) => id)).toEqual(['pgsql', 'vip-master'])
    expect(model.groups).toEqual([{ id: 'master-group', members: ['vip-master'] }])
    expect(model.locations).toEqual([])
  })

  test.each([
    [2, 'none', 'ignore', 'false'],
    [2, 'stonith', 'ignore', 'true'],
    [2, 'qdevice', 'stop', 'false'],
    [3, 'none', 'stop', 'false'],
    [3, 'stonith', 'stop', 'true'],
  ])('%i nodes, fencing=%s', (count, fencing, quorum, stonith) => {
    const nodes = Array.from({ length: count }, (_, index) => `node${index + 1}`).join(' ')
    const model = modelOf({ plan: { nodes, fencing } })
    expect(model.properties).toEqual({ 'no-quorum-policy': quorum, 'stonith-enabled': stonith })
    expect(model.clones[0]?.meta['clone-max']).toBe(String(count))
  })

  test.each([
    ['none', 'stop', 'block'],
    ['qdevice', 'stop', 'block'],
    ['stonith', 'fence', 'fence'],
  ])('fencing=%s: a failed demote means %s, a failed stop %s', (fencing, demote, stop) => {
    const { primitives } = modelOf({ plan: { fencing } })
    const onFail = (id: string, name: string) =>
      primitives
        .find((primitive) => primitive.id === id)
        ?.operations.find((operation) => operation.name === name)?.onFail
    expect([onFail('pgsql', 'demote'), onFail('pgsql', 'stop')]).toEqual([demote, stop])
    for (const id of ['vip-master', 'vip-rep', 'vip-slave']) expect(onFail(id, 'stop')).toBe(stop)
    expect(onFail('pingCheck', 'stop')).toBe('ignore')
  })

  test('a node that rejoins by itself is let in again: failure-timeout', () => {
    expect(modelOf().clones[0]?.meta['failure-timeout']).toBeUndefined()
    expect(
      modelOf({ pgsql: { rejoin: 'rewind', stop_escalate: '40' } }).clones[0]?.meta['failure-timeout'],
    ).toBe('70s')
  })

  test('readers follow the mode', () => {
    const standby = (changes: Changes) => modelOf(changes).locations[0]?.comparisons[0]
    expect(standby({})).toMatchObject({ value: 'HS:sync' })
    expect(standby({ pgsql: { rep_mode: 'async' } })).toMatchObject({ value: 'HS:async' })
  })

  test("where nothing is Debian's, the log is beside the data", () => {
    const model = modelOf({ pgsql: { pgctl: '/usr/pgsql-16/bin/pg_ctl', pgdata: '/var/lib/pgsql/16/data/' } })
    expect(parametersOf(model, 'pgsql')).toMatchObject({ logfile: '/var/lib/pgsql/16/pacemaker.log' })
  })
})

describe('advice', () => {
  const warnings = (changes: Changes) =>
    adviseOn(valid(changes).plan).map(({ warning }) => warning.split(':')[0])
  test.each<[string, Changes, readonly string[]]>([
    ['two nodes', {}, ['two nodes and no fencing']],
    ['two nodes with a device', { plan: { fencing: 'stonith' } }, []],
    ['three nodes', { plan: { nodes: 'a b c' } }, ['no fencing']],
    ['no ping', { plan: { fencing: 'qdevice', ping: '' } }, ['no hosts to ping']],
    ['async', { plan: { fencing: 'stonith' }, pgsql: { rep_mode: 'async' } }, ['rep_mode=async']],
    [
      'async with a limit',
      { plan: { fencing: 'stonith' }, pgsql: { rep_mode: 'async', max_lag: '16MB' } },
      [],
    ],
  ])('%s', (_, changes, expected) => {
    expect(warnings(changes)).toEqual(expected)
  })

  test('what is offered', () => {
    const offers = (changes: Changes) =>
      adviseOn(valid(changes).plan)[0]?.offers.map((offer) => /^[\w=]+/.exec(offer)?.[0])
    expect(offers({})).toEqual(['fencing=stonith', 'fencing=qdevice', 'sync_policy=strict'])
    expect(offers({ pgsql: { sync_policy: 'strict' } })).toEqual(['fencing=stonith', 'fencing=qdevice'])
  })
})

describe('crmsh', () => {
  test('quotes, and comments that can be left out', () => {
    const text = crmText(modelOf({ pgsql: { restore_command: `cp "/a b/%f" 'x\\y' %p` } }))
    expect(text).toContain(`restore_command="cp \\"/a b/%f\\" 'x\\\\y' %p"`)
    expect(text).toMatch(/^# .*stop 60s: stop_escalate \(20 s\)/m)
    const plain = withoutComments(text)
    expect(plain).not.toMatch(/^#/m)
    expect(plain).toContain('colocation addresses-with-primary inf: master-group msPostgresql:Promoted\n')
    expect(plain).toContain(
      'order promote-before-addresses Optional: msPostgresql:promote master-group:start symmetrical=false\n',
    )
  })
})

describe('pcs', () => {
  test('a word for each value, whatever is in it; in the script one for the shell', () => {
    const model = modelOf({ pgsql: { restore_command: `cp '/a b/%f' %p` } })
    expect(pcsCommands(model).flatMap(({ words }) => words)).toContain(`restore_command=cp '/a b/%f' %p`)
    const text = pcsText(model)
    expect(text).toContain(`'restore_command=cp '\\''/a b/%f'\\'' %p'`)
    expect(text).toMatch(/^pcs cluster cib-push pgsql\.cib\.xml diff-against=pgsql\.cib\.xml\.before$/m)
  })
})

describe('one configuration for crmsh 4 and 5, and for pcs 0.11 and 0.12', () => {
  const model = modelOf()

  test('crmsh: no master resource, one rule a location constraint, no word that is gone', () => {
    const text = withoutComments(crmText(model))
    expect(text).toMatch(
      /^clone msPostgresql pgsql \\\n +meta \\\n +promotable="true" \\\n +promoted-max="1"/m,
    )
    expect(text).toContain('role="Promoted"')
    expect(text).not.toMatch(/^ms |\bmaster-max|\bMaster\b|\bordered=/m)
    for (const location of text.match(/^location .*$/gm) ?? []) {
      expect(location.match(/ rule /g)).toHaveLength(1)
    }
  })

  test.each([
    ['0.11.5', ['pgsql-status', 'ne', 'HS:sync', 'and', 'pgsql-status', 'ne', 'PRI']],
    ['0.12.0.2', ['pgsql-status ne HS:sync and pgsql-status ne PRI']],
    ['1.0', ['pgsql-status ne HS:sync and pgsql-status ne PRI']],
  ])('pcs %s gets a rule as it takes it', (version, expected) => {
    const command = pcsCommands(model).find(({ words }) =>
      words.includes('constraint-id=reader-not-elsewhere'),
    )
    if (command === undefined) throw new Error('there is no such constraint')
    const words = wordsFor(version, command)
    expect(words.slice(words.indexOf('score=-INFINITY') + 1)).toEqual(expected)
  })

  test('pcs: every score has its name', () => {
    expect(pcsCommands(model).flatMap(({ words }) => words)).not.toContain('INFINITY')
  })

  test('the script asks pcs for its version once, and splits its rules by that', () => {
    const text = pcsText(model)
    expect(text.match(/\$\(pcs --version\)/g)).toHaveLength(1)
    expect(text).toContain(
      `rule='not_defined pgsql-status'\npcs -f pgsql.cib.xml constraint location vip-slave`,
    )
    expect(text.match(/ \$rule$/gm)).toHaveLength(model.locations.length)
    const withoutRules = pcsText(modelOf({ plan: { reader: '', ping: '' } }))
    expect(withoutRules).not.toMatch(/IFS|\$rule/)
  })
})

describe('plan files', () => {
  test('what is written is read again', () => {
    const answers = changed({
      plan: { fencing: 'qdevice' },
      pgsql: { max_lag: '0', restore_command: "cp 'a: b' #x" },
    })
    expect(readPlanFile(planFileText(answers), 'plan.yaml')).toEqual(answers)
  })

  test('lists, numbers and addresses in parts', () => {
    const text = `
nodes: [node1, node2]
writer: {ip: 192.168.100.163, netmask: 24, nic: eth0}
reader: {ip: "2001:db8::10", netmask: 64}
recovery_time: 90
pgsql:
  pgport: 5433
  restart_on_promote: true
`
    expect(readPlanFile(text, 'plan.yaml')).toEqual({
      plan: {
        nodes: 'node1 node2',
        writer: '192.168.100.163/24,eth0',
        reader: '2001:db8::10/64',
        recovery_time: '90',
      },
      pgsql: { pgport: '5433', restart_on_promote: 'true' },
    })
  })

  test.each([
    ['nodes: [node1', /^plan\.yaml: Flow sequence in block collection must be .*line \d/],
    ['- node1', /^plan\.yaml: is no plan$/],
    ['node: a b', /^plan\.yaml: there is nothing called 'node'$/],
    ['nodes: {a: b}', /^plan\.yaml: nodes must be a text, a number or a list$/],
    ['pgsql: sync', /^plan\.yaml: pgsql must hold parameters of ocf:ts:pgsql$/],
  ])('%j is refused', (text, reason) => {
    expect(() => readPlanFile(text, 'plan.yaml')).toThrow(reason)
  })
})

describe('what the cluster has of the same names', () => {
  const cib = `<cib epoch="3" crm_feature_set="3.16.1"><configuration><crm_config/><nodes/>
<resources>
  <clone id="msPostgresql"><meta_attributes id="m"><nvpair id="m-1" name="promotable" value="true"/></meta_attributes><primitive id="pgsql" class="ocf" provider="heartbeat" type="pgsql"/></clone>
  <group id="mixed"><primitive id="vip-master" class="ocf" provider="heartbeat" type="IPaddr2"/><primitive id="other" class="systemd" type="nginx"/></group>
</resources>
<constraints>
  <rsc_location id="cli-ban-x" rsc="msPostgresql" node="node1" score="-INFINITY"/>
  <rsc_location id="mine" rsc="other" node="node1" score="1"/>
  <rsc_order id="ping-before-database" first="a" then="b"/>
</constraints></configuration><status><node_state id="1"/></status></cib>`

  test('is found, and taken out with all that names it; nothing else is', () => {
    const found = conflictsWith(cib, modelOf())
    expect(found).toEqual({
      resources: ['msPostgresql', 'pgsql', 'vip-master'],
      constraints: ['ping-before-database'],
      dependent: ['cli-ban-x'],
    })
    const left = readConfiguration(withoutConflicts(cib, found))
    expect(left.primitives.map(({ id, group }) => `${group ?? ''}/${id}`)).toEqual(['mixed/other'])
    expect(left.constraints.map(({ id }) => id)).toEqual(['mine'])
    expect(left.featureSet).toBe('3.16.1')
    expect(withoutConflicts(cib, found)).toContain('<node_state id="1">')
  })

  test('what stays, stays to the last blank', () => {
    const kept = `<rsc_location id="mine" rsc="other" node=" a&#10;b &lt;&quot;&amp; " score="1"/>`
    const found = conflictsWith(cib, modelOf())
    const text = cib.replace(/<rsc_location id="mine".*/, kept)
    const left = withoutConflicts(text, found).replaceAll('></rsc_location>', '/>')
    expect(left).toContain(kept)
  })

  test('nothing of them: the CIB stays as it is', () => {
    const empty = '<cib><configuration><resources/><constraints/></configuration></cib>'
    const found = conflictsWith(empty, modelOf())
    expect(found).toEqual({ resources: [], constraints: [], dependent: [] })
    expect(withoutConflicts(empty, found)).toBe(empty)
  })
})
