/** One storm on one cluster: fault after fault, and after each the checks. */
import { type Lab, monotonicMs } from '../../../test/cluster/lab'
import { pause } from '../../../test/cluster/lab/wait'
import { type Events } from './events'
import { ACTS, type Scene } from './faults'
import { type Fencing } from './fence'
import { describe } from './health'
import { Ledger } from './ledger'
import { type Machines } from './machines'
import { type StormOptions } from './options'
import { bringRefusedBack, clearArchives } from './person'
import { type PlannedFault } from './schedule'
import { Random } from './random'
import { longestSilence } from './reigns'
import { type Violation } from './violation'
import { type Watch } from './watch'
import { type Writers } from './writers'

/** The cluster is healthy when it has been so for longer than the standby's monitor takes to come round (7 s). */
const STABLE_MS = 8000
/** What a new cluster may take. */
const FIRST_DEADLINE_MS = 180_000
/** A cluster without a primary for so long is described, whatever becomes of it. */
const WITHOUT_PRIMARY_MS = 150_000
/** The second has the attribute daemon write all that it holds into the CIB once more. */
const CLEANUPS = [
  ['crm_resource', '--cleanup'],
  ['attrd_updater', '--refresh'],
]
/** What a person's help may take. */
const AFTER_CLEANUP_MS = 60_000

export interface PlayedFault extends PlannedFault {
  readonly target: string
  readonly beganMs: number
  /** The longest time in which no client got an acknowledgement. */
  readonly outageMs: number
  /** From the end of its cause until the cluster was healthy; undefined if it was not in time. */
  readonly healthyAfterMs: number | undefined
}

export interface Stage {
  readonly lab: Lab
  readonly options: StormOptions
  readonly machines: Machines
  readonly fencing: Fencing | undefined
  readonly writers: Writers
  readonly watch: Watch
  readonly events: Events
}

export interface FaultResult {
  readonly fault: PlayedFault
  readonly violations: readonly Violation[]
  /** The cluster cannot be played on: not even a person's clean-up has helped. */
  readonly stuck: boolean
}

/** What may not be while a cluster finds back, even if it does. */
class Seen {
  readonly blocked: Set<string>
  withoutPrimary: readonly string[] = []
  /** Whether a person is there, who does what a failed start says of the archive. */
  byHand = false

  constructor(blocked: Iterable<string> = []) {
    this.blocked = new Set(blocked)
  }
}

export class Play {
  readonly ledger: Ledger

  constructor(private readonly stage: Stage) {
    this.ledger = new Ledger(stage.writers.book, stage.options.mode)
  }

  /** Waits until the cluster is healthy, before the first fault. */
  async begin(): Promise<void> {
    if ((await this.untilHealthy(FIRST_DEADLINE_MS)) === undefined) {
      throw new Error(`the new cluster is not healthy: ${this.why()}`)
    }
  }

  async fault(plan: PlannedFault): Promise<FaultResult> {
    const { watch, events } = this.stage
    await pause(plan.waitMs)
    // The cluster may still have carried out something that it had decided before it looked healthy.
    if (!watch.health.healthy) {
      events.add(`not healthy before fault ${plan.index}: ${this.why()}`)
      await this.untilHealthy(this.stage.options.deadlineSeconds * 1000)
    }
    const scene = this.scene(plan)
    const { target } = scene
    const beganMs = monotonicMs()
    events.add(`FAULT ${plan.index}: ${plan.name} of ${target.name} (primary: ${scene.primary.name})`)
    watch.forget()
    if (plan.name === 'hand-promotion') this.ledger.expectByHand(target.name, beganMs)
    await ACTS[plan.name](scene).catch((error: unknown) => {
      // A fault that its own effect has overtaken (its node was fenced meanwhile) is a fault all the same.
      events.add(
        `the fault itself: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`,
      )
    })
    const overMs = monotonicMs()
    events.add(`the cause of fault ${plan.index} is over`)
    const found: Violation[] = []
    const seen = new Seen(watch.blocked)
    seen.byHand = plan.name === 'hand-promotion'
    const healthyMs = await this.untilHealthy(this.stage.options.deadlineSeconds * 1000, seen)
    let stuck = false
    if (healthyMs === undefined) {
      found.push(this.violation('not healthy', beganMs, this.why(), this.detail()))
      const before = events.list.length
      stuck = !(await this.cleanUp())
      const helped = events.list.slice(before).map(({ text }) => text)
      found.push(
        this.violation('a person', beganMs, stuck ? 'nothing helped' : (helped.at(-1) ?? ''), helped),
      )
    } else {
      events.add(`healthy after ${((healthyMs - overMs) / 1000).toFixed(1)} s`)
    }
    if (seen.withoutPrimary.length > 0) {
      const text = `no node has been the primary for ${WITHOUT_PRIMARY_MS / 1000} s`
      found.push(this.violation('no primary', beganMs, text, seen.withoutPrimary))
    }
    if (seen.blocked.size > 0) {
      found.push(this.violation('blocked', beganMs, [...seen.blocked].join(', '), []))
    }
    found.push(...(await this.checkRows(beganMs)))
    const toMs = healthyMs ?? monotonicMs()
    const fault = {
      ...plan,
      target: target.name,
      beganMs,
      outageMs: longestSilence(this.stage.writers.book.outside, { fromMs: beganMs, toMs }),
      healthyAfterMs: healthyMs === undefined ? undefined : Math.max(0, healthyMs - overMs),
    }
    return { fault, violations: found.map((violation) => ({ ...violation, index: plan.index })), stuck }
  }

  private scene(plan: PlannedFault): Scene {
    const { lab, machines, fencing, watch, events } = this.stage
    const { health } = watch
    if (!health.healthy) throw new Error(`a fault begins on a cluster that is not healthy: ${health.why}`)
    const primary = lab.node(health.primary)
    const standbys = health.standbys.map((name) => lab.node(name))
    const target = plan.hits === 'primary' ? primary : standbys[plan.standby % standbys.length]
    if (!target) throw new Error('the cluster has no standby')
    const random = new Random(plan.seed)
    return {
      ...{ lab, machines, fencing, watch, events, random, primary, standbys, target },
      durationMs: plan.durationMs,
    }
  }

  /** When the cluster has become healthy, if it has and has stayed so. */
  private async untilHealthy(deadlineMs: number, seen = new Seen()): Promise<number | undefined> {
    const { watch, options } = this.stage
    watch.forget()
    const end = monotonicMs() + deadlineMs
    for (;;) {
      const since = watch.healthySinceMs
      for (const each of watch.blocked) seen.blocked.add(each)
      if (since !== undefined && monotonicMs() - since >= STABLE_MS) return since
      // One that has become healthy in time may still show that it stays so.
      if (monotonicMs() > end + (since === undefined ? 0 : STABLE_MS)) return undefined
      const without = watch.withoutPrimarySinceMs
      if (without !== undefined && monotonicMs() - without > WITHOUT_PRIMARY_MS) {
        if (seen.withoutPrimary.length === 0) seen.withoutPrimary = this.detail()
      }
      if (options.rejoin === 'safe' && (await bringRefusedBack(this.stage))) watch.forget()
      // Who promotes a server without the cluster has to clear up behind himself.
      if (seen.byHand && (await clearArchives(this.stage).catch(() => false))) watch.forget()
      await pause(100)
    }
  }

  private why(): string {
    const { health } = this.stage.watch
    return health.healthy ? 'it does not stay healthy' : health.why
  }

  private detail(): readonly string[] {
    const { status } = this.stage.watch
    return status ? describe(status) : []
  }

  /** What a person would do, one thing after the other. It is a violation that somebody must: this lets the storm go on. */
  private async cleanUp(): Promise<boolean> {
    const { machines, events } = this.stage
    for (const argv of CLEANUPS) {
      events.add(`A PERSON HELPS: ${argv.join(' ')}`)
      await machines.awake[0]?.run(argv)
      if ((await this.untilHealthy(AFTER_CLEANUP_MS)) !== undefined) {
        events.add(`and that has helped: ${argv.join(' ')}`)
        return true
      }
    }
    events.add('A PERSON HELPS: does what a failed start says of the archive, as often as one says it')
    const seen = new Seen()
    seen.byHand = true
    return (await this.untilHealthy(AFTER_CLEANUP_MS, seen)) !== undefined
  }

  private async checkRows(beganMs: number): Promise<readonly Violation[]> {
    const { lab, watch } = this.stage
    // One that nobody could help has no more to say than its primary has, if there is one.
    const primaries = watch.status?.promoted('pgsql') ?? []
    const [primary] = primaries
    if (primary === undefined || primaries.length > 1) return []
    const found = await this.ledger.check(lab.node(primary))
    return found.map(({ kind, text, details, fromMs, toMs }) => ({
      ...{ kind, text, details, index: 0, toMs },
      fromMs: Math.min(beganMs, fromMs),
    }))
  }

  private violation(
    kind: Violation['kind'],
    fromMs: number,
    text: string,
    details: readonly string[],
  ): Violation {
    return { kind, text, details, fromMs, toMs: monotonicMs(), index: 0 }
  }
}
