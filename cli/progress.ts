/** Shows what is being done: a spinner with the elapsed seconds in a terminal, a line a step everywhere else. */
import yoctoSpinner, { type Spinner } from 'yocto-spinner'

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
  private readonly coloured: boolean

  constructor(private readonly stream: NodeJS.WriteStream = process.stdout) {
    this.animated = stream.isTTY && process.env.TERM !== 'dumb' && process.env.CI === undefined
    this.coloured = this.animated && !process.env.NO_COLOR
  }

  /** A step begins; one that was under way has succeeded. */
  begin(text: string): void {
    this.done()
    const startedAt = performance.now()
    if (!this.animated) {
      // Without the end of the line yet: whoever waits for it sees what for.
      this.stream.write(`- ${text} ... `)
      this.step = { text, detail: '', startedAt, spinner: undefined, timer: undefined }
      return
    }
    // Ctrl-C is for the owner of the lab.
    const spinner = yoctoSpinner({ text, stream: this.stream, handleSignals: false }).start()
    const timer = setInterval(() => {
      const detail = this.step?.detail ?? ''
      spinner.text = `${text}${detail === '' ? '' : `: ${detail}`}  ${Math.floor((performance.now() - startedAt) / 1000)} s`
    }, 250)
    this.step = { text, detail: '', startedAt, spinner, timer }
  }

  /** How far the step under way is. */
  detail(text: string): void {
    const { step } = this
    if (!step || step.detail === text) return
    step.detail = text
    if (!this.animated) this.stream.write(`${text} ... `)
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

  /** A line between the steps. */
  say(text = ''): void {
    this.done()
    this.stream.write(`${text}\n`)
  }

  /** A line that begins a group of steps, or that must be seen. */
  heading(text: string): void {
    this.say(this.coloured ? `\x1b[1m${text}\x1b[0m` : text)
  }

  private end(how: 'success' | 'error'): void {
    const { step } = this
    if (!step) return
    this.step = undefined
    clearInterval(step.timer)
    const seconds = `${((performance.now() - step.startedAt) / 1000).toFixed(1)} s`
    if (step.spinner) step.spinner[how](`${step.text}  ${seconds}`)
    else this.stream.write(how === 'success' ? `${seconds}\n` : `failed after ${seconds}\n`)
  }
}
