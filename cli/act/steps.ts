/** The steps of a command: shown as they happen, and kept for `--json`. */
import { shownLine } from '../../lib/ocf/output'
import { Progress } from '../progress'

export interface StepReport {
  readonly step: string
  /** Seconds since the command began, at the step's end. */
  readonly at: number
  /** Seconds that it took. */
  readonly seconds: number
  readonly failed?: true
}

const seconds = (ms: number): number => Math.round(ms) / 1000

export class Steps {
  readonly reports: StepReport[] = []
  readonly #begun = performance.now()
  readonly #progress: Progress

  /** @param json - standard output is for the result */
  constructor(json: boolean) {
    this.#progress = new Progress(json ? 'stderr' : 'stdout')
  }

  async run<T>(step: string, work: () => Promise<T>): Promise<T> {
    const begun = performance.now()
    const keep = (failed: boolean): void => {
      const now = performance.now()
      const report = { step, at: seconds(now - this.#begun), seconds: seconds(now - begun) }
      this.reports.push(failed ? { ...report, failed } : report)
    }
    try {
      const result = await this.#progress.run(step, work)
      keep(false)
      return result
    } catch (error) {
      keep(true)
      throw error
    }
  }

  /** How far the step under way is. */
  detail(text: string): void {
    this.#progress.detail(text)
  }

  say(text: string): void {
    this.#progress.say(shownLine(text))
  }
}
