/** Shows what is being done: a spinner with the elapsed seconds in a terminal, a line a step everywhere else. */
import yoctoSpinner, { type Spinner } from 'yocto-spinner'
import { isTerminal, printTo, rawStream, shownLine } from '../lib/ocf/output'
import { makeStyles } from '../lib/ocf/styles'

interface Step {
  readonly text: string
  /** How far it is. */
  detail: string
  readonly startedAt: number
  readonly spinner: Spinner | undefined
  readonly timer: NodeJS.Timeout | undefined
}

export class Progress {
  private step: Step | undefined
  private readonly animated: boolean
  private readonly bold: (text: string) => string

  /** @param stream - where it is shown: standard output may be for the result */
  constructor(private readonly stream: 'stdout' | 'stderr' = 'stdout') {
    this.animated = isTerminal(stream) && process.env.TERM !== 'dumb' && process.env.CI === undefined
    this.bold = makeStyles(this.animated && !process.env.NO_COLOR).bold
  }

  /** A step begins; one that was under way has succeeded. */
  begin(what: string): void {
    this.done()
    const text = shownLine(what)
    const startedAt = performance.now()
    if (!this.animated) {
      // Without the end of the line yet: whoever waits for it sees what for.
      printTo(this.stream, `- ${text} ... `)
      this.step = { text, detail: '', startedAt, spinner: undefined, timer: undefined }
      return
    }
    // Ctrl-C is for the owner of the lab.
    const spinner = yoctoSpinner({ text, stream: rawStream(this.stream), handleSignals: false }).start()
    const timer = setInterval(() => {
      const detail = this.step?.detail ?? ''
      spinner.text = `${text}${detail === '' ? '' : `: ${detail}`}  ${Math.floor((performance.now() - startedAt) / 1000)} s`
    }, 250)
    this.step = { text, detail: '', startedAt, spinner, timer }
  }

  /** How far the step under way is. */
  detail(what: string): void {
    const { step } = this
    const text = shownLine(what)
    if (!step || step.detail === text) return
    step.detail = text
    if (!this.animated) printTo(this.stream, `${text} ... `)
  }

  /** The step under way has succeeded. */
  done(): void {
    this.end('success')
  }

  /** The step under way has failed. */
  fail(): void {
    this.end('error')
  }

  /** Does one step: `begin`, then `done` or `fail`. */
  async run<T>(text: string, work: () => Promise<T>): Promise<T> {
    this.begin(text)
    try {
      const result = await work()
      this.done()
      return result
    } catch (error) {
      this.fail()
      throw error
    }
  }

  /** A line, or several, between the steps. */
  say(text = ''): void {
    this.done()
    printTo(this.stream, `${text}\n`)
  }

  /** A line that begins a group of steps, or that must be seen. */
  heading(text: string): void {
    this.say(this.bold(text))
  }

  private end(how: 'success' | 'error'): void {
    const { step } = this
    if (!step) return
    this.step = undefined
    clearInterval(step.timer)
    const seconds = `${((performance.now() - step.startedAt) / 1000).toFixed(1)} s`
    if (step.spinner) step.spinner[how](`${step.text}  ${seconds}`)
    else printTo(this.stream, how === 'success' ? `${seconds}\n` : `failed after ${seconds}\n`)
  }
}
