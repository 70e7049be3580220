/**
 * Whether this node has slept: a virtual machine during a snapshot or a migration, a host that stood still. Its programs
 * go on as if nothing had been, and the cluster may have another primary by then.
 */
import { closeSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { runtimeDirectory } from '../../lib/ocf/runtime-directory'
import { between, type Moment, thisMoment } from '../../lib/system/clocks'
import { openPrivate } from '../../lib/system/owned-files'
import { type Context } from './agent'

/** A monitor may be this much later than it should without a word. Shorter sleeps the cluster does not notice. */
const LATE_MS = 3000

/** How long ago the moment that a note has was; nothing where the note makes no sense. */
export function elapsed(note: string, moment: Moment): number | undefined {
  const [, boot, real] = /^(\d+) (\d+)\s*$/.exec(note) ?? []
  return boot === undefined || real === undefined
    ? undefined
    : between({ boot: Number(boot), real: Number(real) }, moment)
}

/** Whether a monitor that should run every `intervalMs` is so late that this node may have slept. */
export function isLate(elapsedMs: number | undefined, intervalMs: number): boolean {
  return elapsedMs !== undefined && elapsedMs > intervalMs + Math.max(intervalMs, LATE_MS)
}

/** Notes the time of a recurring monitor, and returns how long ago the last one was; nothing where that is not known. */
function exchange(path: string): number | undefined {
  const fd = openPrivate(path)
  try {
    const moment = thisMoment()
    const buffer = Buffer.alloc(64)
    const before = buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0))
    // Of one length, so that nothing of a longer one stays behind.
    const text = `${moment.boot.toFixed(0).padStart(16, '0')} ${String(moment.real).padStart(16, '0')}\n`
    writeSync(fd, text, 0)
    return elapsed(before, moment)
  } finally {
    closeSync(fd)
  }
}

/** Whether the recurring monitor of a primary comes so late that this node may have slept. */
export function hasSlept({ env, log }: Pick<Context, 'env' | 'log'>): boolean {
  if (env.intervalMs <= 0) return false
  let elapsedMs: number | undefined
  try {
    elapsedMs = exchange(join(runtimeDirectory(), `ts-pgsql-monitor-${env.resource}`))
  } catch {
    // Not root, or no such directory: without this the proof is collected when there is something to change.
    return false
  }
  if (!isLate(elapsedMs, env.intervalMs)) return false
  const seconds = ((elapsedMs ?? 0) / 1000).toFixed(0)
  log.warning(
    `the last monitor was ${seconds} s ago: this node may have slept, and looks whether it is the primary still`,
  )
  return true
}
