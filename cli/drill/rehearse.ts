/** The drill itself: writes, makes the fault, watches, waits, counts, and takes back what it changed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../lib/ocf'
import { type ClusterStatus } from '../../lib/cluster/status'
import { type Progress } from '../progress'
import { type StatusReport } from '../status/report'
import { notWhole } from './checks'
import { describeUndoFailure, type Undo } from './fault'
import { type Interruption } from './interruption'
import { WORDS } from './kinds'
import { findOutage } from './outage'
import { type DrillFlags, type Preparation } from './prepare'
import { describeMs, type DrillEvent, type DrillResult, type DrillReturn, type ReturnHow } from './result'
import { nextStep } from './returning'
import { createSchema, dropSchema, presentRows } from './schema'
import { describeFailedAction, look, NOTHING_SEEN, type Sights, type Subject } from './sights'
import { watchCluster } from './watch'
import { WriteLoad } from './write-load'

/** Writes before the fault, and after the first acknowledgement that follows it. */
const BEFORE_MS = 4000
const AFTER_MS = 4000
const FIRST_ROWS = 5
const FIRST_MS = 15_000
const SETTLE_MS = 20_000
const ADDRESS_MS = 15_000
const ASK_AGAIN_MS = 1000
const DROP_MS = 60_000

class Rehearsal {
  private readonly events: DrillEvent[] = []
  private readonly did: string[] = []
  private readonly problems: string[] = []
  private readonly undos: Undo[] = []
  private readonly stopWatching = new AbortController()
  private watching: Promise<void> = Promise.resolve()
  private load: WriteLoad | undefined
  private sights: Sights = NOTHING_SEEN
  private latest: ClusterStatus | undefined
  private faultMs: number | null = null
  private cleanups = 0
  private cleanedUpAtMs = -Infinity
  private hasSchema = false
  private readonly subject: Subject

  constructor(
    private readonly preparation: Preparation,
    private readonly flags: DrillFlags,
    private readonly progress: Progress,
    private readonly interruption: Interruption,
  ) {
    const { database, primary, address, before } = preparation
    this.subject = { resource: database.id, oldPrimary: primary, address, mode: before.mode }
  }

  async run(): Promise<DrillResult> {
    const { target } = this.preparation
    try {
      this.progress.begin('make a schema to write into, ocf_ts_drill')
      await createSchema(target)
      this.hasSchema = true
      this.did.push('made the schema ocf_ts_drill, with one table')
      const load = await this.beginToWrite()
      await this.makeFault(load)
      const hasTakenOver = await this.waitForWrites(load)
      await this.takeBack()
      const back = await this.waitForReturn(load, hasTakenOver)
      return await this.finish(load, back)
    } finally {
      await this.cleanUp()
    }
  }

  private async beginToWrite(): Promise<WriteLoad> {
    const { target, cluster } = this.preparation
    const { rate } = this.flags
    this.progress.begin(`write ${rate} rows a second to ${target.host}`)
    const load = WriteLoad.start(target, rate)
    this.load = load
    this.did.push(
      `wrote ${rate} rows a second to ${target.host}, and kept book of each that was acknowledged`,
    )
    this.watching = watchCluster(cluster, this.stopWatching.signal, (status) => {
      this.see(status)
    })
    const wanted = Math.min(FIRST_ROWS, Math.ceil((rate * BEFORE_MS) / 1000))
    const flows = await this.interruption.until(FIRST_MS, () =>
      load.acknowledged.length >= wanted && this.latest !== undefined && load.now() >= BEFORE_MS
        ? true
        : undefined,
    )
    if (flows) return load
    const met = [...load.errors.keys()].at(-1)
    throw new Error(
      load.acknowledged.length < wanted
        ? `rows are not acknowledged${met === undefined ? '' : `: ${met}`}: no fault was made`
        : 'crm_mon tells nothing: no fault was made',
    )
  }

  /** A change in the cluster. */
  private see(status: ClusterStatus): void {
    this.latest = status
    if (this.faultMs === null || this.load === undefined) {
      this.sights = { ...NOTHING_SEEN, failures: status.failures.map(describeFailedAction) }
      return
    }
    const { sights, news } = look(this.sights, status, this.subject)
    this.sights = sights
    for (const { kind, label, text } of news) this.tell(kind, label, text)
  }

  private tell(kind: DrillEvent['kind'], label: string, text: string): void {
    const atMs = this.load?.now() ?? 0
    this.events.push({ atMs, kind, label, text })
  }

  private async makeFault(load: WriteLoad): Promise<void> {
    const { fault, primary } = this.preparation
    const { label, done, announce } = WORDS[this.flags.kind]
    this.progress.begin(announce(primary))
    this.did.push(fault.did)
    if (fault.undo) this.undos.push(fault.undo)
    await fault.make(() => {
      if (this.faultMs !== null) return
      this.faultMs = load.now()
      this.tell('fault', label(primary), done(primary))
    })
  }

  /** @returns whether rows are acknowledged by a primary that was promoted after the fault */
  private async waitForWrites(load: WriteLoad): Promise<boolean> {
    this.progress.begin('wait until writes are acknowledged again')
    const limitMs = this.flags.timeout * 1000
    const first = await this.interruption.until(limitMs, () => {
      const promoted = this.events.find(({ kind }) => kind === 'promoted')
      const { lost } = this.sights
      const last = load.acknowledged.at(-1)
      return lost && promoted !== undefined && last !== undefined && last.atMs > promoted.atMs
        ? last
        : undefined
    })
    if (first === undefined) {
      this.progress.fail()
      this.problems.push(
        this.sights.newPrimary === null
          ? `nobody was promoted within ${this.flags.timeout} s`
          : `no row was acknowledged within ${this.flags.timeout} s`,
      )
      return false
    }
    const { newPrimary } = this.sights
    this.progress.begin(`${newPrimary ?? ''} is primary; write on for a while`)
    await this.interruption.pause(Math.max(0, first.atMs + AFTER_MS - load.now()))
    if (this.subject.address !== undefined && newPrimary !== this.subject.oldPrimary) {
      await this.interruption.until(ADDRESS_MS, () => (this.sights.moved ? true : undefined))
    }
    return true
  }

  /** What a drill changes for the fault only. */
  private async takeBack(): Promise<void> {
    for (const undo of [...this.undos].filter(({ onlyWhenInterrupted }) => !onlyWhenInterrupted)) {
      this.progress.begin(undo.text)
      await this.undo(undo)
    }
  }

  private async undo(undo: Undo): Promise<void> {
    this.undos.splice(this.undos.indexOf(undo), 1)
    try {
      await undo.run()
      this.tell('undone', undo.label, undo.text)
      this.did.push(undo.text)
    } catch (error) {
      this.progress.fail()
      this.problems.push(describeUndoFailure(undo, error))
    }
  }

  private async waitForReturn(load: WriteLoad, hasTakenOver: boolean): Promise<DrillReturn> {
    const { oldPrimary } = this.subject
    const nothing = { afterMs: null, reason: null }
    if (!hasTakenOver) return { how: 'not', ...nothing, reason: 'no other node has taken over' }
    if (this.sights.newPrimary === oldPrimary) {
      if (this.hasFailureOfOurs()) await this.forgetFailure()
      return { how: 'recovered in place', ...nothing }
    }
    if (this.flags.waitReturn === 0) return { how: 'not waited for', ...nothing }
    this.progress.begin(`wait until ${oldPrimary} is a standby again`)
    const step = await this.interruption.until(this.flags.waitReturn * 1000, async () => {
      const next = this.nextStep(load)
      if (next === undefined || next.step === 'wait') return undefined
      if (next.step !== 'clean up') return next
      await this.forgetFailure()
      this.progress.begin(`wait until ${oldPrimary} is a standby again`)
      return undefined
    })
    const how: ReturnHow = this.cleanups > 0 ? 'after a cleanup' : 'by itself'
    if (step?.step === 'done') {
      const back = this.events.find(({ kind }) => kind === 'back')?.atMs ?? load.now()
      return { how, afterMs: back - (this.faultMs ?? 0), reason: null }
    }
    this.progress.fail()
    const reason = step?.step === 'give up' ? step.reason : this.whyNotBack()
    this.problems.push(`${oldPrimary} is not back: ${reason}`)
    return { how: 'not', afterMs: null, reason }
  }

  private nextStep(load: WriteLoad): ReturnType<typeof nextStep> | undefined {
    const { subject, latest: status, cleanups } = this
    const timeout = this.preparation.database.meta['failure-timeout'] ?? '0'
    const forgets = !/^0/.test(timeout)
    const sinceCleanupMs = load.now() - this.cleanedUpAtMs
    return status && nextStep({ status, subject, forgets, cleanups, sinceCleanupMs })
  }

  private hasFailureOfOurs(): boolean {
    const { resource, oldPrimary } = this.subject
    return (
      this.latest?.failures.some((failure) => failure.resource === resource && failure.node === oldPrimary) ??
      false
    )
  }

  private whyNotBack(): string {
    const { resource, oldPrimary } = this.subject
    const shown = ['status', 'data-status', 'refused', 'rejoin'].flatMap((name) => {
      const value = this.latest?.attribute(oldPrimary, `${resource}-${name}`)
      return value === undefined ? [] : [`${resource}-${name}: ${value}`]
    })
    const state =
      shown.length > 0 ? shown.join(', ') : `it is ${this.latest?.role(resource, oldPrimary) ?? 'away'}`
    return `not within ${this.flags.waitReturn} s (${state})`
  }

  /** What the drill made fail, an operator would clean up. */
  private async forgetFailure(): Promise<void> {
    const { resource, oldPrimary } = this.subject
    const argv = ['crm_resource', '--cleanup', '--resource', resource, '--node', oldPrimary] as const
    this.progress.begin(`clean up the failure that the drill has made: ${argv.join(' ')}`)
    this.cleanups += 1
    await this.preparation.cluster.runAnywhere(argv)
    this.cleanedUpAtMs = this.load?.now() ?? 0
    this.tell('cleanup', 'cleanup', `the failure on ${oldPrimary} was cleaned up`)
    this.did.push(argv.join(' '))
  }

  private async finish(load: WriteLoad, back: DrillReturn): Promise<DrillResult> {
    const { preparation, flags, faultMs } = this
    const { before } = preparation
    const isOver = back.how !== 'not' && back.how !== 'not waited for'
    this.progress.begin('see whether the cluster is whole again')
    const { report, findings } = await this.lookAtTheEnd(isOver ? SETTLE_MS : 0)
    await load.stop()
    const durationMs = load.now()
    const acknowledgedMs = load.acknowledged.map(({ atMs }) => atMs)
    const promotedMs = this.events.find(({ kind }) => kind === 'promoted')?.atMs ?? durationMs
    const span = { fromMs: faultMs ?? durationMs, toMs: promotedMs }
    const outage = findOutage(acknowledgedMs, durationMs, span)
    if (outage?.ended) {
      const text = `rows are acknowledged again, after ${describeMs(outage.ms)}`
      this.events.push({ atMs: outage.toMs, kind: 'write', label: 'first write', text })
    }
    const endMs = outage?.toMs ?? durationMs
    const later = acknowledgedMs.filter((atMs) => atMs >= endMs)
    const writes = await this.lookForRows(load, acknowledgedMs)
    await this.cleanUp()
    const isNews = (finding: string): boolean => !this.problems.some((known) => known.includes(finding))
    this.problems.push(...findings.filter(isNews))
    const now = report?.databases.find(({ resource }) => resource === before.resource)
    return {
      kind: flags.kind,
      resource: before.resource,
      agent: before.agent,
      mode: before.mode,
      startedAt: load.startedAt.toISOString(),
      durationMs,
      oldPrimary: this.subject.oldPrimary,
      newPrimary: this.sights.newPrimary,
      members: before.members.map(({ node, role }) => ({
        node,
        before: role,
        after: now?.members.find((member) => member.node === node)?.role ?? 'unknown',
      })),
      rate: flags.rate,
      parameters: preparation.parameters,
      versions: preparation.versions,
      faultMs,
      events: [...this.events].sort((a, b) => a.atMs - b.atMs),
      writes,
      outage,
      laterPause: findOutage(later, durationMs, { fromMs: endMs, toMs: durationMs }),
      return: back,
      did: this.did,
      problems: this.problems,
    }
  }

  /** The cluster settles: it is asked again until nothing is wrong, or for some seconds. */
  private async lookAtTheEnd(
    patienceMs: number,
  ): Promise<{ report: StatusReport | undefined; findings: readonly string[] }> {
    const { cluster, before } = this.preparation
    let report: StatusReport | undefined
    let findings: readonly string[] = ['the cluster does not answer any more']
    let next = 0
    await this.interruption.until(patienceMs, async () => {
      if (performance.now() < next) return undefined
      next = performance.now() + ASK_AGAIN_MS
      report = await cluster.report().catch(() => undefined)
      if (report === undefined) return undefined
      findings = notWhole(before, report).filter((finding) => !this.preparation.objections.includes(finding))
      return findings.length === 0 ? true : undefined
    })
    return { report, findings }
  }

  private async lookForRows(
    load: WriteLoad,
    acknowledgedMs: readonly number[],
  ): Promise<DrillResult['writes']> {
    const { newPrimary } = this.sights
    this.progress.begin(`look for every acknowledged row on ${newPrimary ?? 'the primary'}`)
    const written = {
      acknowledgedMs,
      acknowledged: acknowledgedMs.length,
      errors: Object.fromEntries(load.errors),
    }
    try {
      const present = await presentRows(this.preparation.target)
      const lost = load.acknowledged.map(({ id }) => id).filter((id) => !present.has(id))
      if (lost.length > 0) {
        this.problems.unshift(`${lost.length} of ${acknowledgedMs.length} acknowledged rows are lost`)
      }
      const unanswered = load.unanswered.filter((id) => present.has(id)).length
      return { ...written, lost, checked: true, unanswered }
    } catch (error) {
      this.progress.fail()
      this.problems.push(`the acknowledged rows could not be looked for: ${messageOf(error)}`)
      return { ...written, lost: [], checked: false, unanswered: 0 }
    }
  }

  /** Leaves nothing behind; harmless when called again. */
  private async cleanUp(): Promise<void> {
    const isInterrupted = this.sights.newPrimary === null
    for (const undo of this.undos.splice(0).reverse()) {
      if (undo.onlyWhenInterrupted && !isInterrupted) continue
      this.progress.begin(undo.text)
      await undo.run().catch((error: unknown) => {
        this.progress.fail()
        this.problems.push(describeUndoFailure(undo, error))
      })
    }
    await this.load?.stop()
    this.stopWatching.abort()
    await this.watching
    if (!this.hasSchema) return
    this.hasSchema = false
    this.progress.begin('drop the schema ocf_ts_drill')
    try {
      await this.dropSchema()
      this.did.push('dropped the schema ocf_ts_drill')
      this.progress.done()
    } catch (error) {
      this.progress.fail()
      this.problems.push(
        `the schema is still there: ${messageOf(error)}; by hand: drop schema ocf_ts_drill cascade`,
      )
    }
  }

  /** An interrupted drill may find the cluster on its way from one primary to the other. */
  private async dropSchema(): Promise<void> {
    const end = performance.now() + DROP_MS
    for (;;) {
      try {
        await dropSchema(this.preparation.target)
        return
      } catch (error) {
        if (performance.now() > end) throw error
      }
      await sleep(ASK_AGAIN_MS)
    }
  }

  /** What has to be known of a drill that has no result to say it in. */
  get leftBehind(): readonly string[] {
    const { faultMs, problems } = this
    return faultMs === null
      ? problems
      : [...problems, `the fault was made: 'ocf-ts status' says how things are`]
  }
}

/**
 * @throws CommandError when it was interrupted, and Error when it could not be begun; what it changed is taken back
 */
export async function rehearse(
  preparation: Preparation,
  flags: DrillFlags,
  progress: Progress,
  interruption: Interruption,
  complain: (text: string) => void,
): Promise<DrillResult> {
  const rehearsal = new Rehearsal(preparation, flags, progress, interruption)
  try {
    return await rehearsal.run()
  } catch (error) {
    for (const problem of rehearsal.leftBehind) complain(problem)
    throw error
  }
}
