/** How long something took, and what is left of it. */
import { readdirSync, readFileSync } from 'node:fs'

/** Runs `work`; `seconds` that it took, beside its result. */
export async function timed<T>(work: () => Promise<T>): Promise<{ seconds: number; result: T }> {
  const begun = process.hrtime.bigint()
  const result = await work()
  return { seconds: Number(process.hrtime.bigint() - begun) / 1e9, result }
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
export async function eventually(holds: () => boolean, ms = 5000): Promise<boolean> {
  for (const end = Date.now() + ms; Date.now() < end;) {
    if (holds()) return true
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return holds()
}
