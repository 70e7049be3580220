/** Telling a person at the keyboard what an agent runs and asks, and how long each takes. Costs nothing otherwise. */

export interface TracedCall {
  readonly what: 'program' | 'connection' | 'query'
  /** The command line, or the statement. */
  readonly text: string
  /** Milliseconds since the trace began. */
  readonly beganMs: number
  /** Milliseconds that it took. */
  readonly tookMs: number
  /** How it ended: `exit code 0`, `2 rows`, an error's message. */
  readonly outcome: string
}

let tell: ((call: TracedCall) => void) | undefined
let begin = 0

const now = (): number => Number(process.hrtime.bigint()) / 1e6

/** From now on `listener` is told of every program, connection and query, as each ends. */
export function traceWith(listener: (call: TracedCall) => void): void {
  begin = now()
  tell = listener
}

/**
 * Does something that the trace is to tell of.
 *
 * @param outcome - says in a few words how it ended, unless it failed
 */
export function traced<T>(
  what: TracedCall['what'],
  text: () => string,
  work: () => Promise<T>,
  outcome: (result: T) => string,
): Promise<T> {
  return tell === undefined ? work() : tracedWith(tell, what, text(), work, outcome)
}

async function tracedWith<T>(
  listener: (call: TracedCall) => void,
  what: TracedCall['what'],
  text: string,
  work: () => Promise<T>,
  outcome: (result: T) => string,
): Promise<T> {
  const started = now()
  const done = (how: string): void => {
    listener({ what, text, beganMs: started - begin, tookMs: now() - started, outcome: how })
  }
  try {
    const result = await work()
    done(outcome(result))
    return result
  } catch (error) {
    done(error instanceof Error ? error.message : String(error))
    throw error
  }
}

/** A call as one line for a terminal. */
export function traceLine({ what, text, beganMs, tookMs, outcome }: TracedCall): string {
  const ms = (value: number): string => value.toFixed(1).padStart(7)
  return `trace ${ms(beganMs)} ms ${ms(tookMs)} ms  ${what.padEnd(10)}  ${text.replace(/\s+/g, ' ').trim()}: ${outcome}`
}
