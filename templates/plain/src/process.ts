/** Act: the program's process. */
import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Deadline, ExitCode, OcfError } from 'ocf-ts'
import { signalProcess, startTime } from 'ocf-ts/processes'
import { spawnDetached } from 'ocf-ts/programs'
import { type Context, type Values } from './agent'

/** What dies at once, by a wrong argument for example, does so within this time. */
const SETTLE_MS = 300

const gone = (pid: number, deadline: Deadline): Promise<boolean> =>
  deadline.holds(50, () => startTime(pid) === undefined)

export async function startProgram({ program, arguments: args, pidfile }: Values): Promise<void> {
  const pid = await spawnDetached(program, args)
  const started = pid === undefined ? undefined : startTime(pid)
  if (pid !== undefined && started !== undefined) {
    writeFileSync(pidfile, `${pid} ${started}\n`, { mode: 0o644 })
    await sleep(SETTLE_MS)
    if (startTime(pid) === started) return
    rmSync(pidfile, { force: true })
  }
  throw new OcfError(
    ExitCode.ERR_GENERIC,
    `program: ${program} ended at once: run it by hand to see why; it must stay in the foreground`,
  )
}

/** Asks it to end, and kills it when half of the time is gone. */
export async function endProgram(pid: number, { deadline, log }: Context): Promise<void> {
  signalProcess(pid, 'SIGTERM')
  if (await gone(pid, deadline.within(deadline.remainingMs / 2))) return
  log.warning(`process ${pid} does not end when asked to: it is killed`)
  signalProcess(pid, 'SIGKILL')
  await deadline.until(`process ${pid} to end`, 50, () => startTime(pid) === undefined || undefined)
}
