/** Looks at the cluster again and again, and remembers since when it has been healthy. */
import {
  type ClusterStatus,
  type Lab,
  type LabNode,
  monotonicMs,
  parseStatus,
} from '../../../test/cluster/lab'
import { sql } from '../../../test/cluster/lab/postgres'
import { pause } from '../../../test/cluster/lab/wait'
import { type Events } from './events'
import { assess, type Health } from './health'
import { type Machines } from './machines'
import { type StormOptions } from './options'
import { type Writers } from './writers'

/** Between two looks: short beside the seconds that are measured, and cheap beside the cluster itself. */
const INTERVAL_MS = 500
/** A node that is just being suspended must not hold the next look up for long. */
const PATIENCE_MS = 2000
/** How old the last acknowledged row may be. */
const FRESH_MS = 1500

export class Watch {
  health: Health = { healthy: false, why: 'not looked at yet' }
  /** The first look since `forget` of an unbroken row of looks that found it healthy. */
  healthySinceMs: number | undefined
  status: ClusterStatus | undefined
  /** What was seen blocked since `forget`. */
  readonly blocked = new Set<string>()
  /** Since when no node has been seen as the primary. */
  withoutPrimarySinceMs: number | undefined
  private forgottenMs = 0
  private primaries = ''
  private ended = false
  private readonly loop: Promise<void>

  constructor(
    private readonly lab: Lab,
    private readonly mode: StormOptions['mode'],
    private readonly machines: Machines,
    private readonly writers: Writers,
    private readonly events: Events,
  ) {
    this.loop = this.look()
  }

  /** What was seen before counts no more. */
  forget(): void {
    this.forgottenMs = monotonicMs()
    this.healthySinceMs = undefined
    this.blocked.clear()
  }

  async end(): Promise<void> {
    this.ended = true
    await this.loop
  }

  private async look(): Promise<void> {
    while (!this.ended) {
      const begunMs = monotonicMs()
      const [status, health] = await this.examine().catch((error: unknown): [undefined, Health] => [
        undefined,
        {
          healthy: false,
          why: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
        },
      ])
      if (begunMs >= this.forgottenMs) this.note(begunMs, status, health)
      await pause(INTERVAL_MS)
    }
  }

  private note(atMs: number, status: ClusterStatus | undefined, health: Health): void {
    this.health = health
    this.healthySinceMs = health.healthy ? (this.healthySinceMs ?? atMs) : undefined
    if (!status) return
    this.status = status
    for (const { id, node = '', blocked } of status.resources) {
      if (blocked) this.blocked.add(`${id} on ${node}`)
    }
    const primaries = status.promoted('pgsql').join(' and ')
    this.withoutPrimarySinceMs = primaries === '' ? (this.withoutPrimarySinceMs ?? atMs) : undefined
    if (primaries !== this.primaries)
      this.events.add(`primary, as ${status.from} sees it: ${primaries || 'none'}`)
    this.primaries = primaries
  }

  private async examine(): Promise<[ClusterStatus, Health]> {
    const status = await this.ask()
    const health = assess(status, this.lab.record.nodes, this.mode)
    if (!health.healthy) return [status, health]
    return [status, (await this.doubt(health)) ?? health]
  }

  /** The cluster as a node with quorum sees it; if there is none, as any sees it. */
  private async ask(): Promise<ClusterStatus> {
    let without: ClusterStatus | undefined
    for (const node of this.machines.awake) {
      const status = await this.askNode(node)
      if (status?.quorate) return status
      without ??= status
    }
    if (without) return without
    throw new Error('no node tells the status of the cluster')
  }

  private async askNode(node: LabNode): Promise<ClusterStatus | undefined> {
    try {
      const { code, stdout } = await node.run(['crm_mon', '-Afr1', '--output-as=xml'], {
        timeoutMs: PATIENCE_MS,
      })
      return code === 0 ? parseStatus(node.name, stdout) : undefined
    } catch {
      return undefined // it has just lost its power
    }
  }

  /** What speaks against the health that the cluster tells: its server, and the clients, are asked themselves. */
  private async doubt(told: Health & { readonly healthy: true }): Promise<Health | undefined> {
    const streaming = await sql(
      this.lab.node(told.primary),
      "select count(distinct application_name) from pg_stat_replication where state = 'streaming'",
      PATIENCE_MS,
    )
    if (Number(streaming) < told.standbys.length)
      return { healthy: false, why: `${streaming} standbys stream` }
    this.writers.book.read()
    const last = this.writers.book.outside.at(-1)
    if (last?.server !== told.primary || monotonicMs() - last.endedMs > FRESH_MS) {
      return { healthy: false, why: `clients cannot write to ${told.primary}` }
    }
    return undefined
  }
}
