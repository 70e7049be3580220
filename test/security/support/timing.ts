/** How long something took, and what is left of it. */
import { readdirSync, readFileSync } from 'node:fs'

/** Seconds that this process was ready to run and had no processor (Linux, scheduler statistics). */
function unserved(): number {
  return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[1] ?? 0) / 1e9
}

/**
 * Runs `work`.
 *
 * @returns `seconds` that it took; and without those in which a busy machine gave this process no processor, which no
 * limit of its own can shorten: `ownSeconds`
 */
export async function timed<T>(
  work: () => Promise<T>,
): Promise<{ seconds: number; ownSeconds: number; result: T }> {
  const [begun, before] = [process.hrtime.bigint(), unserved()]
  const result = await work()
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9
  return { seconds, ownSeconds: seconds - (unserved() - before), result }
}

/** The processes whose command line has this text in it. */
export function processesWith(text: string): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').includes(text)
      } catch {
        return false
      }
    })
    .map(Number)
}

/** Whether something holds, looked at until it does, or the time is up. */
export async function eventually(holds: () => boolean, ms = 20_000): Promise<boolean> {
  for (const end = Date.now() + ms; Date.now() < end;) {
    if (holds()) return true
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return holds()
}
