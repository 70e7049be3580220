/** A headless Chromium, driven by its own protocol (DevTools) over a pipe: no port, and nothing but the browser. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Readable, type Writable } from 'node:stream'

/** Of Debian's package chromium-headless-shell. */
const PROGRAM = '/usr/bin/chromium-headless-shell'
const TIMEOUT_MS = 30_000

type Parameters = Readonly<Record<string, unknown>>

interface Message {
  readonly id?: number
  readonly sessionId?: string
  readonly method?: string
  readonly params?: Parameters
  readonly result?: Parameters
  readonly error?: { readonly message: string }
}

interface Waiting {
  readonly resolve: (result: Parameters) => void
  readonly reject: (error: Error) => void
}

export class Chromium {
  private readonly waiting = new Map<number, Waiting>()
  private readonly pages = new Map<string, Page>()
  private lastId = 0
  private said = ''

  private constructor(
    private readonly browser: ChildProcess,
    private readonly profile: string,
  ) {
    let rest = ''
    const output = browser.stdio[4] as Readable
    output.setEncoding('utf8').on('data', (chunk: string) => {
      const messages = (rest + chunk).split('\0')
      rest = messages.pop() ?? ''
      for (const message of messages) this.receive(JSON.parse(message) as Message)
    })
    browser.stderr?.setEncoding('utf8').on('data', (chunk: string) => (this.said += chunk))
    browser.once('exit', () => {
      for (const { reject } of this.waiting.values()) reject(new Error(`Chromium has ended: ${this.said}`))
    })
  }

  static start(): Chromium {
    const profile = mkdtempSync(join(tmpdir(), 'ocf-ts-chromium-'))
    const options = ['--no-sandbox', '--disable-gpu', '--remote-debugging-pipe', `--user-data-dir=${profile}`]
    const browser = spawn(PROGRAM, [...options, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
      // The program is a script that starts the browser, which starts others: they end together, as one group.
      detached: true,
    })
    return new Chromium(browser, profile)
  }

  /** Opens a page and waits until it has been loaded. */
  async open(url: string): Promise<Page> {
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true })
    const page = new Page(this, String(sessionId))
    this.pages.set(String(sessionId), page)
    for (const domain of ['Page', 'Network', 'Runtime', 'Log']) await page.send(`${domain}.enable`)
    // A page behind another one is not drawn, and would be waited for in vain.
    await page.send('Page.bringToFront')
    const loaded = page.next('Page.loadEventFired')
    await page.send('Page.navigate', { url })
    await loaded
    return page
  }

  send(method: string, params: Parameters = {}, sessionId?: string): Promise<Parameters> {
    const id = (this.lastId += 1)
    const input = this.browser.stdio[3] as Writable
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${method}: Chromium did not answer within ${TIMEOUT_MS / 1000} s: ${this.said}`))
      }, TIMEOUT_MS)
      this.waiting.set(id, {
        resolve: (result) => {
          clearTimeout(timer)
          resolve(result)
        },
        reject: (error) => {
          clearTimeout(timer)
          reject(error)
        },
      })
      input.write(`${JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) })}\0`)
    })
  }

  private receive({ id, sessionId, method, params = {}, result = {}, error }: Message): void {
    if (id === undefined) {
      if (sessionId !== undefined && method !== undefined) this.pages.get(sessionId)?.receive(method, params)
      return
    }
    const waiting = this.waiting.get(id)
    this.waiting.delete(id)
    if (error) waiting?.reject(new Error(error.message))
    else waiting?.resolve(result)
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.browser.once('exit', resolve))
    const { pid } = this.browser
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
    if (this.browser.exitCode === null && this.browser.signalCode === null) await ended
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 })
  }
}

export class Page {
  private readonly listeners = new Map<string, (params: Parameters) => void>()
  /** What it asked for, its own address included. */
  readonly requests: string[] = []
  /** What it wrote on the console, and what the browser had to complain about. */
  readonly messages: string[] = []

  constructor(
    private readonly chromium: Chromium,
    private readonly session: string,
  ) {}

  receive(method: string, params: Parameters): void {
    if (method === 'Network.requestWillBeSent') {
      this.requests.push((params['request'] as { url: string }).url)
    }
    if (/^(?:Runtime\.consoleAPICalled|Runtime\.exceptionThrown|Log\.entryAdded)$/.test(method)) {
      this.messages.push(JSON.stringify(params))
    }
    this.listeners.get(method)?.(params)
    this.listeners.delete(method)
  }

  /** The next event of that name. */
  next(method: string): Promise<Parameters> {
    return new Promise((resolve) => this.listeners.set(method, resolve))
  }

  send(method: string, params: Parameters = {}): Promise<Parameters> {
    return this.chromium.send(method, params, this.session)
  }

  /** The value of an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const options = { expression, returnByValue: true, awaitPromise: true }
    const { result, exceptionDetails } = (await this.send('Runtime.evaluate', options)) as {
      result: { value: T }
      exceptionDetails?: { exception?: { description?: string } }
    }
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? 'the expression failed')
    return result.value
  }

  /** As a reader has it: a light or dark desktop, or paper. */
  async emulate(media: '' | 'print', scheme: 'light' | 'dark' = 'light', width = 1100): Promise<void> {
    const features = [{ name: 'prefers-color-scheme', value: scheme }]
    await this.send('Emulation.setEmulatedMedia', { media, features })
    const metrics = { width, height: 900, deviceScaleFactor: 1, mobile: false }
    await this.send('Emulation.setDeviceMetricsOverride', metrics)
  }

  /** PNG of the whole page. */
  async screenshot(): Promise<Buffer> {
    const options = { format: 'png', captureBeyondViewport: true }
    const { data } = await this.send('Page.captureScreenshot', options)
    return Buffer.from(String(data), 'base64')
  }

  async pdf(): Promise<Buffer> {
    const options = { preferCSSPageSize: true, printBackground: false }
    const { data } = await this.send('Page.printToPDF', options)
    return Buffer.from(String(data), 'base64')
  }
}
