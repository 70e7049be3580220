/** One story as different generations of pacemaker write it, and what the agents make of it. See test/fixtures/README.md. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { decidePrimary } from '../../agents/pgsql/decide-primary'
import { decideProbe } from '../../agents/pgsql/decide-probe'
import { decideStandby } from '../../agents/pgsql/decide-standby'
import { describeStep } from '../../agents/pgsql/steps'
import { standbySetting } from '../../agents/pgsql/sync-policy'
import { attributeCommand, isOlder, scoreCommand } from '../../lib/cluster/attribute-commands'
import { resourceEnvironmentFrom } from '../../lib/cluster/resource-environment'
import { promotionScore, scoreAttributesToWrite } from '../../lib/cluster/scores'
import { findNode, type NodeState, promotedNodes, readCib } from '../../lib/cluster/snapshot'
import { readEnvironment } from '../../lib/ocf/environment'

const fixture = (name: string): string =>
  readFileSync(join(__dirname, '../fixtures', `cib-${name}.xml`), 'utf8')

const generations = [
  { name: '1.0-failed-back', primary: 'node2', standby: 'node1', online: ['node1', 'node2'] },
  { name: '1.1-in-sync', primary: 'node1', standby: 'node2', online: ['node1', 'node2'] },
  { name: '2.1.5-in-sync', primary: 'node1', standby: 'node2', online: ['node1', 'node2'] },
  { name: '2.1.7-one-lost', primary: 'node1', standby: 'node2', online: ['node1', 'node2'] },
] as const

describe.each(generations)('$name', ({ name, primary, standby, online }) => {
  const snapshot = readCib(fixture(name))
  const others = snapshot.nodes.map((node) => node.name).filter((node) => node !== primary)
  const streaming = (syncState: string) => ({
    applicationName: standby,
    state: 'STREAMING',
    syncState,
    flushed: '0000000003000000',
  })
  const asPrimary = (standbys: Parameters<typeof decidePrimary>[0]['standbys']) =>
    decidePrimary({
      resource: 'pgsql',
      mode: 'sync',
      policy: { strict: false, count: 1, quorum: false },
      maxLag: 0,
      node: primary,
      externals: [],
      slots: [],
      receiver: undefined,
      timeline: undefined,
      history: [],
      slept: false,
      others,
      standbys,
      synchronousStandbyNames: `"${standby}"`,
      snapshot,
    })
      .steps.map(describeStep)
      // Of its standby; that this one has no word yet is younger than these states.
      .filter((step) => !step.includes('pgsql-epoch'))
      .filter((step) => step.includes(standby) || step.includes('synchronous'))

  test('who is online, who is promoted, and the scores', () => {
    expect(snapshot.nodes.filter((node) => node.online).map((node) => node.name)).toEqual(online)
    expect(promotedNodes(snapshot, 'pgsql')).toEqual([primary])
    expect(promotionScore(findNode(snapshot, primary), 'pgsql')).toBe('1000')
    expect(promotionScore(findNode(snapshot, standby), 'pgsql')).toBe('100')
    expect(findNode(snapshot, standby)?.permanent['pgsql-data-status']).toBe('STREAMING|SYNC')
  })

  test('the primary has nothing to write while all is in sync, and bars a standby that is lost', () => {
    expect(asPrimary([streaming('SYNC')])).toEqual([])
    expect(asPrimary([])).toEqual([
      `set node attribute pgsql-data-status of ${standby} to DISCONNECT`,
      `set the promotion score of ${standby} to -INFINITY`,
      "set synchronous_standby_names to '' and reload",
    ])
  })

  test('a standby sees that there is a primary, and a probe leaves the scores as they are', () => {
    const plan = decideStandby({
      resource: 'pgsql',
      mode: 'sync',
      receiver: undefined,
      node: standby,
      others: [primary],
      primaries: promotedNodes(snapshot, 'pgsql'),
      settled: false,
      synchronousStandbyNames: standbySetting('sync'),
      position: '0000000003000000',
      note: undefined,
      checkCount: 3,
      snapshot,
    })
    expect(plan.because).toBeUndefined()
    // It has not said yet which promotion it knows of: that is younger than these states.
    const word = (node: string) => [`set node attribute pgsql-epoch of ${node} to 0`]
    expect(plan.steps.map(describeStep)).toEqual([
      ...word(standby),
      'have the node attributes written again that the cluster has lost',
    ])
    for (const node of [primary, standby]) {
      const probed = decideProbe({
        resource: 'pgsql',
        node,
        inRecovery: node === standby,
        timeline: undefined,
        history: [],
        snapshot,
      })
      expect(probed.steps.map(describeStep)).toEqual(word(node))
    }
  })

  test('the environment for a call by hand', () => {
    const env = readEnvironment(resourceEnvironmentFrom(fixture(name), 'pgsql', standby), 'pgsql')
    expect(env).toMatchObject({
      resource: 'pgsql',
      promotable: true,
      instance: name === '1.0-failed-back' ? 0 : undefined,
    })
    expect(isOlder(env.featureSet)).toBe(name.startsWith('1.'))
  })
})

describe('numbers of pacemaker 1.0', () => {
  const { nodes } = readCib(fixture('1.0-failed-back'))
  const [node1, node2] = nodes

  test("a node's role is that of the number it was last seen under", () => {
    expect(node1?.roles).toEqual({ 'pgsql:0': 'Unpromoted', 'pingCheck:0': 'Unpromoted' })
    expect(node2?.roles).toEqual({ 'pgsql:1': 'Promoted' })
  })

  test('what was done under one number ends what was done under another', () => {
    const history = (...ops: readonly string[]): string =>
      `<cib><status><node_state id="a" uname="a" in_ccm="true" crmd="online" join="member"><lrm>${ops.join('')}</lrm></node_state></status></cib>`
    const done = (id: string, operation: string, call: number): string =>
      `<lrm_resource id="${id}"><lrm_rsc_op operation="${operation}" call-id="${call}" rc-code="0"/></lrm_resource>`
    const cib = history(done('pgsql:0', 'promote', 10), done('pgsql:1', 'demote', 40))
    expect(promotedNodes(readCib(cib), 'pgsql')).toEqual([])
    expect(promotedNodes(readCib(history(done('pgsql:1', 'promote', 40))), 'pgsql')).toEqual(['a'])
    expect(promotedNodes(readCib(history(done('pgsql2:1', 'promote', 40))), 'pgsql')).toEqual([])
  })

  test.each<[string, Partial<NodeState> | undefined, number | undefined, readonly string[]]>([
    ['its own first one', {}, 1, ['master-pgsql:1']],
    [
      'its own, by a new number',
      { transient: { 'master-pgsql:0': '100' } },
      1,
      ['master-pgsql:1', 'master-pgsql:0'],
    ],
    ["another node's", { transient: { 'master-pgsql:0': '100' } }, undefined, ['master-pgsql:0']],
    ["another node's that has none", {}, undefined, []],
    [
      "another node's, where a new number runs",
      { transient: { 'master-pgsql:0': '100' }, roles: { 'pgsql:2': 'Unpromoted' } },
      undefined,
      ['master-pgsql:2', 'master-pgsql:0'],
    ],
    [
      'a name without a number, with a number by hand',
      { transient: { 'master-pgsql': '100' } },
      0,
      ['master-pgsql'],
    ],
    [
      'of a resource with a similar name',
      { transient: { 'master-pgsql2:0': '1', 'master-pgsql:x': '1' } },
      undefined,
      [],
    ],
    ['of a node that nobody knows', undefined, undefined, []],
  ])('a score is written under the names it is looked for: %s', (_, state, own, names) => {
    expect(scoreAttributesToWrite(state && { transient: {}, roles: {}, ...state }, 'pgsql', own)).toEqual(
      names,
    )
  })

  test('of several scores on a node, that of the number that runs there counts', () => {
    const transient = { 'master-pgsql:0': '-INFINITY', 'master-pgsql:1': '100' }
    expect(promotionScore({ transient, roles: { 'pgsql:1': 'Unpromoted' } }, 'pgsql')).toBe('100')
    expect(promotionScore({ transient, roles: { 'pgsql:2': 'Unpromoted' } }, 'pgsql')).toBeUndefined()
    expect(promotionScore({ transient, roles: {} }, 'pgsql')).toBe('-INFINITY')
    expect(promotionScore(undefined, 'pgsql')).toBeUndefined()
  })

  test('the environment of pacemaker 1.0 on heartbeat', () => {
    const env = readEnvironment(
      {
        OCF_RESOURCE_INSTANCE: 'pgsql:1',
        OCF_RESKEY_crm_feature_set: '3.0.1',
        OCF_RESKEY_CRM_meta_clone: '1',
        OCF_RESKEY_CRM_meta_clone_max: '2',
        OCF_RESKEY_CRM_meta_master_max: '1',
        OCF_RESKEY_CRM_meta_notify_type: 'post',
        OCF_RESKEY_CRM_meta_notify_operation: 'demote',
        OCF_RESKEY_CRM_meta_notify_master_resource: 'pgsql:0',
        OCF_RESKEY_CRM_meta_notify_master_uname: 'node1',
        OCF_RESKEY_CRM_meta_notify_slave_resource: 'pgsql:1',
        OCF_RESKEY_CRM_meta_notify_slave_uname: 'node2',
        OCF_RESKEY_CRM_meta_notify_start_uname: ' ',
        OCF_RESKEY_CRM_meta_notify_demote_uname: 'node1',
      },
      'pgsql',
    )
    expect(env).toMatchObject({
      resource: 'pgsql',
      instance: 1,
      promotable: true,
      featureSet: '3.0.1',
      notification: { type: 'post', operation: 'demote' },
      members: { known: true, promoted: ['node1'], unpromoted: ['node2'], demoting: ['node1'] },
    })
  })
})

describe('commands', () => {
  test.each([
    ['3.0.1', true],
    ['3.0.10', true],
    ['3.9.0', true],
    ['3.10.0', false],
    ['3.16.1', false],
    ['4.0.0', false],
    [undefined, false],
    ['', false],
  ])('the tools of feature set %s are older than pacemaker 2.1: %s', (featureSet, older) => {
    expect(isOlder(featureSet)).toBe(older)
  })

  const status = { node: 'node1', name: 'pgsql-status', value: 'PRI', lifetime: 'reboot' } as const

  test.each([
    [attributeCommand(status, '3.16.1'), 'attrd_updater --node=node1 --name=pgsql-status --update=PRI'],
    [attributeCommand(status, '3.0.1'), 'crm_attribute -l reboot -N node1 -n pgsql-status -vPRI'],
    [
      attributeCommand({ ...status, value: undefined }, '3.16.1'),
      'attrd_updater --node=node1 --name=pgsql-status --delete',
    ],
    [
      attributeCommand({ ...status, value: undefined }, '3.0.1'),
      'crm_attribute -l reboot -N node1 -n pgsql-status -D',
    ],
    [
      attributeCommand({ ...status, lifetime: 'forever' }, '3.16.1'),
      'crm_attribute --lifetime=forever --node=node1 --name=pgsql-status --update=PRI',
    ],
    [
      attributeCommand({ ...status, lifetime: 'forever' }, '3.9.0'),
      'crm_attribute -l forever -N node1 -n pgsql-status -vPRI',
    ],
    [
      attributeCommand({ ...status, name: 'master-pgsql:1', value: '100' }, '3.0.1'),
      'crm_attribute -l reboot -N node1 -n master-pgsql:1 -v100',
    ],
    [
      scoreCommand('pgsql', 'node1', '-INFINITY', '3.16.1'),
      'crm_attribute --promotion=pgsql --lifetime=reboot --node=node1 --update=-INFINITY',
    ],
    [
      scoreCommand('pgsql', 'node1', '-INFINITY', '3.0.14'),
      'crm_attribute -l reboot -N node1 -n master-pgsql -v-INFINITY',
    ],
    [
      scoreCommand('pgsql', 'node1', undefined, '3.0.14'),
      'crm_attribute -l reboot -N node1 -n master-pgsql -D',
    ],
  ])('%j', (command, words) => {
    expect(command.join(' ')).toBe(words)
  })
})
