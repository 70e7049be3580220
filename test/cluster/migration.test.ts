/**
 * A cluster of shell agents changes over to ours and back, with the database up: by the commands of README's chapter
 * "Migrate from the shell agents", which are read from there. One story; each test goes on where the last one ended.
 *
 * @systems debian12 debian13
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type AttributeChange, attributeCommand } from '../../lib/cluster/attribute-commands'
import {
  type ClusterStatus,
  isAs,
  Lab,
  makeDocumentCluster,
  PRIMARY_SCORE,
  shellAgentFiles,
  vipRep,
  type WriteLoad,
} from './lab'
import { until } from './lab/wait'
import { readmeBlock } from '../unit/support/readme-blocks'

const MINUTE = 60_000

/** The chapter's commands, in the order in which they stand there. */
const commands = (): Record<'forth' | 'forget' | 'lookAhead' | 'end' | 'back' | 'release', string> => ({
  forth: readmeBlock('migrate-from-the-shell-agents/1'),
  forget: readmeBlock('migrate-from-the-shell-agents/2'),
  lookAhead: readmeBlock('migrate-from-the-shell-agents/3'),
  end: readmeBlock('migrate-from-the-shell-agents/4'),
  back: readmeBlock('migrate-from-the-shell-agents/5'),
  release: readmeBlock('migrate-from-the-shell-agents/6'),
})

let lab: Lab
let load: WriteLoad | undefined

beforeAll(async () => {
  lab = await Lab.create({ files: await shellAgentFiles() })
  await makeDocumentCluster(lab, { provider: 'heartbeat' })
}, 4 * MINUTE)

afterAll(async () => {
  await load?.stop()
  await lab.destroy()
}, MINUTE)

function scoreChange(name: string, value: string | undefined): AttributeChange {
  return { node: 'node1', name, value, lifetime: 'reboot' }
}

async function type(text: string, node = 'node1'): Promise<string> {
  const { code, stdout, stderr } = await lab
    .node(node)
    .run(['bash', '-e', '-o', 'pipefail', '-c', `cd ~; ${text}`])
  if (code !== 0) throw new Error(`code ${code} from\n${text}\n${stdout}${stderr}`)
  return stdout
}

/** What the look ahead says would be done to the resources, monitors aside. */
async function ahead(): Promise<readonly string[]> {
  const said = await type(commands().lookAhead)
  const [, summary] = /^Transition Summary:\n(.*?)^Executing Cluster Transition:$/ms.exec(said) ?? []
  if (summary === undefined) throw new Error(`no transition summary in\n${said}`)
  return summary.split('\n').filter((line) => line.trim() !== '')
}

function isInSync(primary: string, standby: string) {
  return (status: ClusterStatus): boolean =>
    status.attribute(primary, 'pgsql-status') === 'PRI' &&
    status.attribute(standby, 'pgsql-status') === 'HS:sync' &&
    status.attribute(standby, 'master-pgsql') === '100' &&
    status.nodeOf('vip-master') === primary &&
    status.nodeOf('vip-rep') === primary &&
    status.nodeOf('vip-slave') === standby
}

/** Everything that a change of agents must leave as it is: servers, their connection, roles, addresses, attributes. */
async function whatRuns(primary: string): Promise<unknown> {
  const status = await lab.status()
  return {
    servers: await Promise.all(
      lab.nodes.map((node) =>
        node.must([
          'sh',
          '-c',
          `head -1 ${node.pgData}/postmaster.pid; stat -c %Y ${node.pgData}/postmaster.pid`,
        ]),
      ),
    ),
    started: await Promise.all(lab.nodes.map((node) => node.sql('select pg_postmaster_start_time()'))),
    replicating: await lab
      .node(primary)
      .sql('select application_name, backend_start, state, sync_state from pg_stat_replication'),
    // These are told by ours alone.
    attributes: status.nodes.map(({ name, attributes }) => [
      name,
      {
        ...attributes,
        'master-pgsql': isAs(attributes['master-pgsql'], PRIMARY_SCORE)
          ? 'primary'
          : attributes['master-pgsql'],
        'pgsql-lag': undefined,
        'pgsql-epoch': undefined,
        'pgsql-promotion': undefined,
      },
    ]),
    resources: status.resources.map(({ id, role, node }) => `${id} ${role} ${node ?? ''}`).sort(),
    failures: status.failures,
    failCounts: status.failCounts,
  }
}

/** Writes down every change of a node's addresses from now on; the function that it returns tells those removed. */
async function watchAddresses(name: string): Promise<() => Promise<readonly string[]>> {
  const node = lab.node(name)
  const book = '/run/root/addresses'
  const pid = (
    await node.must(['sh', '-c', `ip -oneline monitor address >${book} 2>&1 </dev/null & echo $!`])
  ).trim()
  // It is heard only once it listens; and that it hears is seen by an address that does go.
  const mark = '127.0.0.99/32'
  await until('the watch on the addresses hears', async () => {
    await node.must(['sh', '-c', `ip address add ${mark} dev lo; ip address delete ${mark} dev lo`])
    return (await node.must(['cat', book])).includes(`Deleted 1: lo    inet ${mark}`)
  })
  return async () => {
    await node.must(['kill', pid])
    const lines = (await node.must(['cat', book])).split('\n')
    return lines.filter((line) => line.startsWith('Deleted') && !line.includes(mark))
  }
}

/** The recurring actions that succeeded since the change, with the provider that pacemaker remembers for them. */
async function monitors(): Promise<readonly string[]> {
  const status = await lab.node('node1').must(['cibadmin', '--query', '--scope', 'status'])
  return [...status.matchAll(/<lrm_resource (.*?)>(.*?)<\/lrm_resource>/gs)]
    .flatMap(([, resource = '', history = '']) =>
      [...history.matchAll(/<lrm_rsc_op .*?>/g)]
        .map(([operation]) => operation)
        .filter((operation) => / operation="monitor"/.test(operation) && !/ interval="0"/.test(operation))
        .filter((operation) => / rc-code="[08]"/.test(operation))
        .map(
          () =>
            `${/ provider="(\w+)"/.exec(resource)?.[1] ?? ''}:${/ type="(\w+)"/.exec(resource)?.[1] ?? ''}`,
        ),
    )
    .sort()
}

/** Changes over by the chapter's commands, under write load, and checks that nobody noticed. */
async function changeOver(provider: string, primary: string): Promise<void> {
  const standby = lab.nodes.find(({ name }) => name !== primary)?.name ?? ''
  const { forth, forget, end, back, release } = commands()
  const before = await whatRuns(primary)
  const removed = await Promise.all(lab.nodes.map(({ name }) => watchAddresses(name)))
  load = await lab.startWriteLoad()

  await type(provider === 'ts' ? forth : back)
  if (provider !== 'ts') await type(release, standby)
  const restarts = (await ahead()).filter((line) => /\bRestart\b/.test(line))
  expect(restarts.join('\n')).toMatch(/ pgsql:\d /)
  await type(forget)
  expect(await ahead()).toEqual([])
  await type(end)
  const ping = provider === 'ts' ? 'ts:ping' : 'pacemaker:ping'
  await until('every monitor has run with the new agents', async () => {
    const expected = [
      ...Array<string>(3).fill(`${provider}:IPaddr2`),
      ...Array<string>(2).fill(`${provider}:pgsql`),
      ...Array<string>(2).fill(ping),
    ]
    return JSON.stringify(await monitors()) === JSON.stringify(expected.sort())
  })
  await lab.waitFor(`${standby} is in sync with ${primary}`, isInSync(primary, standby))
  await load.waitForMore(50)

  const { errors, outage } = await load.stop()
  expect(errors).toEqual({})
  expect(outage.ms).toBeLessThan(3000)
  expect(await load.lostRows(lab.node(primary))).toEqual([])
  for (const tell of removed) expect(await tell()).toEqual([])
  expect(await whatRuns(primary)).toEqual(before)
}

/** Kills the primary's postmaster under write load. */
async function failover(primary: string, standby: string): Promise<void> {
  const dying = lab.node(primary)
  load = await lab.startWriteLoad()
  await load.waitForMore(50)
  await dying.must(['sh', '-c', `kill -KILL $(head -1 ${dying.pgData}/postmaster.pid)`])
  const status = await lab.waitFor(
    `${standby} is the primary`,
    (now) =>
      now.attribute(standby, 'pgsql-status') === 'PRI' &&
      now.attribute(primary, 'pgsql-status') === 'STOP' &&
      now.promoted('pgsql').includes(standby) &&
      ['vip-master', 'vip-rep', 'vip-slave'].every((vip) => now.nodeOf(vip) === standby),
  )
  await load.waitForMore(50)
  await load.stop()
  expect(await load.lostRows(lab.node(standby))).toEqual([])
  expect(status.failures.map(({ resource, task, node }) => `${resource} ${task} ${node}`)).toEqual([
    `pgsql monitor ${primary}`,
  ])
}

/** A base backup and no lock file, with the cluster up. */
async function bringBack(returning: string, primary: string): Promise<void> {
  const node = lab.node(returning)
  await node.baseBackup(vipRep)
  await node.removeLock()
  await node.must(['crm_resource', '--cleanup', '--resource', 'pgsql', '--node', returning])
  await lab.waitFor(`${returning} is in sync with ${primary}`, isInSync(primary, returning))
}

test(
  'forth, and nobody notices',
  async () => {
    await changeOver('ts', 'node1')
  },
  2 * MINUTE,
)

test(
  'with the numbers and tools of pacemaker 1.0 the agent writes a score under the name that is looked for there',
  async () => {
    const node = lab.node('node1')
    // Under another name than the resource's, so that the cluster takes no notice.
    const env = {
      OCF_ROOT: '/usr/lib/ocf',
      OCF_RESOURCE_INSTANCE: 'numbered:1',
      OCF_RESKEY_crm_feature_set: '3.0.1',
      OCF_RESKEY_CRM_meta_master_max: '1',
      OCF_RESKEY_CRM_meta_clone_max: '2',
      OCF_RESKEY_CRM_meta_notify: 'true',
      OCF_RESKEY_CRM_meta_timeout: '20000',
      OCF_RESKEY_pgctl: `${node.pgBin}/pg_ctl`,
      OCF_RESKEY_pgdata: node.pgData,
      OCF_RESKEY_rep_mode: 'sync',
      OCF_RESKEY_node_list: 'node1 node2',
      OCF_RESKEY_master_ip: vipRep,
    }
    const probe = async (): Promise<number> =>
      (await node.run(['/usr/lib/ocf/resource.d/ts/pgsql', 'monitor'], { env })).code
    const score = async (number: number): Promise<string | undefined> =>
      (await lab.status()).attribute('node1', `master-numbered:${number}`)
    expect(await probe()).toBe(8)
    expect([await score(0), await score(1)]).toEqual([undefined, '1000'])

    // It had another number before, under which it was barred.
    const barred = scoreChange('master-numbered:0', '-INFINITY')
    await node.must(attributeCommand(barred, '3.0.1'))
    await node.must(attributeCommand(scoreChange('master-numbered:1', undefined), '3.0.1'))
    await until('the score is changed', async () => (await score(0)) === '-INFINITY' && !(await score(1)))
    expect(await probe()).toBe(8)
    expect([await score(0), await score(1)]).toEqual(['1000', '1000'])

    for (const name of ['master-numbered:0', 'master-numbered:1']) {
      await node.must(attributeCommand(scoreChange(name, undefined), '3.0.1'))
    }
    await until('the scores are gone', async () => !(await score(0)) && !(await score(1)))
  },
  MINUTE,
)

test(
  'a failover with ours: the standby of the shell agents is promoted, and has every acknowledged commit',
  async () => {
    await failover('node1', 'node2')
  },
  MINUTE,
)

test(
  'the lock file that the shell agent made is understood: what the old primary has is compared',
  async () => {
    const node1 = lab.node('node1')
    const locked = async () => (await node1.run(['ls', '/var/lib/pgsql/tmp/PGSQL.lock'])).code === 0
    expect(await locked()).toBe(true)
    await node1.must(['crm_resource', '--cleanup', '--resource', 'pgsql', '--node', 'node1'])
    // Killed under load, it may have WAL that was not sent any more.
    const refusal = (now: ClusterStatus) =>
      now.failures.find(({ node: name, task }) => name === 'node1' && task === 'start')?.exitReason
    const status = await lab.waitFor(
      'node1 is back, or has refused',
      (now) => isInSync('node2', 'node1')(now) || refusal(now) !== undefined,
    )
    if (refusal(status) !== undefined) expect(refusal(status)).toMatch(/^the primary lacks \d+ bytes of WAL/)
    expect(await locked()).toBe(refusal(status) !== undefined)
  },
  MINUTE,
)

test(
  'the old primary is brought back, and then becomes the primary again',
  async () => {
    // Where nothing was missing, it is back already.
    if (!isInSync('node2', 'node1')(await lab.status())) await bringBack('node1', 'node2')
    await failover('node2', 'node1')
    await bringBack('node2', 'node1')
  },
  MINUTE,
)

test(
  'back, and nobody notices',
  async () => {
    await changeOver('heartbeat', 'node1')
  },
  2 * MINUTE,
)

test(
  'a failover with the shell agents: the standby of ours is promoted, and has every acknowledged commit',
  async () => {
    await failover('node1', 'node2')
  },
  MINUTE,
)
