/**
 * A PostgreSQL that hangs, or whose disk is full or lost: the other node takes over, and no acknowledged row is
 * missing.
 *
 * @alone a failover that takes twelve seconds is to take no more than fifteen
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  type FailedAction,
  isInSync,
  Lab,
  type LabNode,
  makeDocumentCluster,
  monotonicMs,
  serves,
  vipRep,
  type WriteLoad,
} from './lab'

const MINUTE = 60_000
/** What holds the data directory, on file systems of their own. */
const DISK = '/var/lib/postgresql/15'

let lab: Lab
let node1: LabNode
let node2: LabNode
let load: WriteLoad | undefined

beforeAll(async () => {
  lab = await Lab.create()
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  const own = `mkdir -p ${DISK} && "$@" && chown postgres:postgres ${DISK}`
  await node1.must(['bash', '-c', own, 'own', 'mount', '-t', 'tmpfs', '-o', 'size=400m', 'tmpfs', DISK])
  const image = '/dev/shm/image'
  await node2.must(['truncate', '--size', '500M', image])
  await node2.must(['mkfs.xfs', '-q', image])
  await node2.must(['bash', '-c', own, 'own', 'mount', '-o', 'loop', image, DISK])
  await makeDocumentCluster(lab, {
    pgsqlParams: { monitor_timeout: '5', stop_escalate: '20', stop_escalate_in_slave: '20' },
  })
}, 4 * MINUTE)

afterAll(async () => {
  await load?.stop()
  await lab.destroy()
}, MINUTE)

/** The numbers of the server's processes on a node. */
const serverProcesses = (node: LabNode): readonly number[] =>
  node
    .processes()
    .filter(({ command }) => command === 'postgres')
    .map(({ pid }) => pid)

async function setThreshold(failures: number): Promise<void> {
  await node1.must(['crm', 'configure', 'rsc_defaults', `migration-threshold=${failures}`])
}

interface Failover {
  /** Milliseconds from the disaster until rows were acknowledged by the other node. */
  readonly resumedMs: number
  /** What crm_mon shows of it. */
  readonly failure: FailedAction | undefined
}

/** The primary meets with a disaster under write load, and nobody helps. */
async function failOver(
  primary: LabNode,
  standby: LabNode,
  disaster: () => Promise<unknown>,
): Promise<Failover> {
  load = await lab.startWriteLoad()
  await load.waitForMore(50)
  const begun = monotonicMs()
  await disaster()
  await lab.waitFor(`${standby.name} serves`, serves(standby))
  await load.waitForMore(50)
  const { outage } = await load.stop()
  expect(await load.lostRows(standby)).toEqual([])
  expect(serverProcesses(primary)).toEqual([])
  const status = await lab.waitFor(
    `${primary.name} has stopped`,
    (now) => now.attribute(primary.name, 'pgsql-status') === 'STOP',
  )
  expect(status.resources.filter(({ blocked }) => blocked)).toEqual([])
  expect(status.failures).toHaveLength(1)
  return { resumedMs: outage.toMs - begun, failure: status.failures[0] }
}

/** As the operator brings a node back whose data may hold what the others have not. */
async function bringBack(node: LabNode, primary: LabNode): Promise<void> {
  await node.baseBackup(vipRep)
  await node.removeLock()
  await node.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])
  await lab.waitFor(`${node.name} is in sync with ${primary.name}`, isInSync(primary, node))
}

test(
  'a standby that is suspended: writes go on without it, it is killed, restarted, and in sync again',
  async () => {
    await setThreshold(3)
    load = await lab.startWriteLoad()
    await load.waitForMore(50)
    const suspended = serverProcesses(node2)
    expect(node2.killPostgres('SIGSTOP')).toBe(suspended.length)
    const failed = await lab.waitFor('node2 has failed', ({ failures }) => failures.length > 0)
    expect(failed.failures).toEqual([
      expect.objectContaining({
        node: 'node2',
        task: 'monitor',
        exitCode: 1,
        exitReason: expect.stringMatching(
          /^PostgreSQL runs \(process \d+\) but does not answer within 5 s \(monitor_timeout\): it is suspended \(SIGSTOP\)$/,
        ),
      }),
    ])
    await lab.waitFor('node2 is in sync again', (status) => {
      const now = serverProcesses(node2)
      return now.length > 0 && !now.some((pid) => suspended.includes(pid)) && isInSync(node1, node2)(status)
    })
    await load.waitForMore(50)
    const { outage } = await load.stop()
    // Found within an interval of 7 s and the 5 s of its answer; then it has to be stopped.
    expect(outage.ms).toBeLessThan(20_000)
    expect(await load.lostRows(node2)).toEqual([])
    await node1.must(['crm_resource', '--cleanup', '--resource', 'pgsql'])
    await setThreshold(1)
  },
  2 * MINUTE,
)

test(
  'the postmaster of the primary is suspended, alone: sessions go on until the other node takes over',
  async () => {
    const { resumedMs, failure } = await failOver(node1, node2, () =>
      node1.must(['bash', '-c', `kill -STOP $(head -n1 ${node1.pgData}/postmaster.pid)`]),
    )
    expect(resumedMs).toBeLessThan(15_000)
    expect(failure).toMatchObject({
      node: 'node1',
      task: 'monitor',
      exitReason: expect.stringMatching(/does not answer within 5 s \(monitor_timeout\): it is suspended/),
    })
    await bringBack(node1, node2)
  },
  2 * MINUTE,
)

test(
  'everything of the primary is suspended: writes go on within 15 s on the other node',
  async () => {
    const { resumedMs, failure } = await failOver(node2, node1, () =>
      Promise.resolve(node2.killPostgres('SIGSTOP')),
    )
    expect(resumedMs).toBeLessThan(15_000)
    expect(failure).toMatchObject({ node: 'node2', task: 'monitor', exitCode: 1 })
    await bringBack(node2, node1)
  },
  2 * MINUTE,
)

test(
  'the disk of the primary is full: it goes down, crm_mon says why, the other node takes over',
  async () => {
    const { resumedMs, failure } = await failOver(node1, node2, async () => {
      await node1.run(['bash', '-c', `cat /dev/zero >${DISK}/ballast`])
      // The next segment of WAL cannot be made any more.
      await node1.run(['psql', '-h', '/var/run/postgresql', '-c', 'select pg_switch_wal()'], {
        user: 'postgres',
      })
      await node1.run(['psql', '-h', '/var/run/postgresql', '-c', 'checkpoint'], { user: 'postgres' })
    })
    expect(resumedMs).toBeLessThan(15_000)
    expect(failure).toMatchObject({
      node: 'node1',
      task: 'monitor',
      exitReason: expect.stringMatching(
        new RegExp(`^PostgreSQL (?:is not running|fails): no space left on ${DISK} \\(tmpfs\\), `),
      ),
    })
    await node1.must(['rm', `${DISK}/ballast`])
    await bringBack(node1, node2)
  },
  2 * MINUTE,
)

test(
  'the disk of the primary is lost: the stop ends all the same, the other node takes over',
  async () => {
    // The kernel shuts the file system down, as it does by itself when writing its log fails (XFS_IOC_GOINGDOWN).
    const shutDown = `open(D, '<', $ARGV[0]) or die; ioctl(D, 0x8004587d, my $f = pack('L', 2)) or die "$!"`
    const { resumedMs, failure } = await failOver(node2, node1, () =>
      node2.must(['perl', '-e', shutDown, DISK]),
    )
    expect(resumedMs).toBeLessThan(15_000)
    expect(failure).toMatchObject({
      node: 'node2',
      task: 'monitor',
      exitReason: expect.stringMatching(
        new RegExp(`^PostgreSQL (?:is not running|fails): I/O error \\(EIO\\) on ${DISK} \\(xfs\\): `),
      ),
    })
  },
  2 * MINUTE,
)
