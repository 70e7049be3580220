/** The three acts of the demo. */
import { type ClusterStatus, type Lab, makeDocumentCluster } from '../../../test/cluster/lab'
import { type Progress } from '../../../cli/progress'
import { bringBack, isInSync, serves } from '../replication'

const [PRIMARY, STANDBY] = ['node1', 'node2'] as const

/** What became of the writes while the primary died. */
export interface Takeover {
  /** The longest time without an acknowledged row. */
  readonly outageMs: number
  readonly acknowledged: number
  /** Acknowledged rows that the new primary does not hold, and after act three the old one. */
  readonly lost: ReadonlySet<number>
  readonly status: ClusterStatus
  /** Acknowledged rows that a node does not hold. */
  readonly missingOn: (node: string) => Promise<readonly number[]>
}

/** Act one: a primary, a synchronous standby, three addresses. */
export async function makeCluster(lab: Lab, progress: Progress): Promise<ClusterStatus> {
  const { configureOutput } = await makeDocumentCluster(lab, {
    onStep: (text) => {
      progress.begin(text)
    },
  })
  if (configureOutput !== '') progress.say(`crm says of the configuration:\n${configureOutput}`)
  const status = await lab.waitFor('both nodes have their part', isInSync(PRIMARY, STANDBY))
  progress.done()
  return status
}

/** Act two: kill -9 of the primary under write load; the standby takes over. */
export async function killPrimary(lab: Lab, progress: Progress): Promise<Takeover> {
  progress.begin('a client writes row after row to vip-master, 192.168.100.163')
  const load = await lab.startWriteLoad()
  await load.waitForMore(300)
  progress.begin(`kill -9 of every postgres on ${PRIMARY}`)
  if (lab.node(PRIMARY).killPostgres() === 0) throw new Error(`no postgres runs on ${PRIMARY}`)
  progress.begin(`wait until the client's writes are acknowledged again`)
  await load.waitForMore(100, { timeoutMs: 180_000 })
  progress.begin(`wait until the cluster says that ${STANDBY} is the primary`)
  const status = await lab.waitFor(
    `${STANDBY} is PRI and has all addresses`,
    (now) => serves(STANDBY)(now) && now.nodeOf('vip-slave') === STANDBY,
    { timeoutMs: 120_000 },
  )
  progress.begin(`look for every acknowledged row on ${STANDBY}`)
  const { outage, acknowledged } = await load.stop()
  const missingOn = (node: string): Promise<readonly number[]> => load.lostRows(lab.node(node))
  const lost = new Set(await missingOn(STANDBY))
  progress.done()
  return { outageMs: outage.ms, acknowledged: acknowledged.length, lost, status, missingOn }
}

/** Act three: the old primary becomes the new one's standby. */
export async function bringOldPrimaryBack(
  lab: Lab,
  progress: Progress,
  missingOn: Takeover['missingOn'],
): Promise<{ readonly status: ClusterStatus; readonly lost: readonly number[] }> {
  const status = await bringBack(lab, { primary: STANDBY, returning: PRIMARY }, (text) => {
    progress.begin(text)
  })
  progress.begin(`look for every acknowledged row on ${PRIMARY}`)
  const lost = await missingOn(PRIMARY)
  progress.done()
  return { status, lost }
}
