/** Waiting for a condition, with a deadline. */

export interface WaitOptions {
  /** Default: one minute. */
  readonly timeoutMs?: number
  readonly intervalMs?: number
}

/** Lets some time pass between two looks at a condition. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Milliseconds on the machine's monotonic clock: comparable between processes, e.g. with a write load's. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}

/**
 * Waits until `attempt` returns something other than undefined, null or false, and returns that. An attempt
 * that throws counts as not yet; the last error is part of the message when time is up.
 */
export async function until<T>(
  description: string,
  attempt: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Exclude<T, undefined | null | false>> {
  const { timeoutMs = 60_000, intervalMs = 100 } = options
  const deadline = monotonicMs() + timeoutMs
  let lastError: unknown
  for (;;) {
    try {
      const value = await attempt()
      lastError = undefined
      if (value !== undefined && value !== null && value !== false) {
        return value as Exclude<T, undefined | null | false>
      }
    } catch (error) {
      lastError = error
    }
    if (monotonicMs() >= deadline) {
      const because = lastError instanceof Error ? `\nlast error: ${lastError.message}` : ''
      throw new Error(`waited ${timeoutMs / 1000} s without success: ${description}${because}`)
    }
    await pause(intervalMs)
  }
}
