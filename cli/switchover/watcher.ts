/** Watching servers on several nodes at the same time, on one clock: ours. */
import { type ChildProcess, spawn } from 'node:child_process'
import { sameNode } from '../../lib/cluster/snapshot'
import { flag, type Form, numeric, parseState, record } from '../../lib/system/state-file'
import { programEnvironment } from '../../lib/system/program-environment'
import { eachLine, oddAnswer } from '../nodes/answer'
import { loginArgv, type Reach } from '../nodes/shell'
import { type Sighting } from './outage'
import { type WatchLine } from './watch-server'

/** Longer than any watch takes. */
const DAY_MS = 24 * 3600_000
const watchLine: Form<WatchLine> = record({ writes: flag, addresses: flag, agoMs: numeric(DAY_MS) })

/** What a node says on standard error, of which the last line is shown, in characters. */
const MOST_SAID = 10_000

const READY_MS = 8000
const END_MS = 2000

/** How long to wait before the watchers are given up. */
function within(ms: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const passed = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolve(false)
    }, ms)
  })
  return Promise.race([work.then(() => true), passed]).finally(() => {
    clearTimeout(timer)
  })
}

export class Watcher {
  readonly sightings: Sighting[] = []
  /** Why nodes are not watched any more that were at first. */
  readonly lost: string[] = []
  readonly #children: ChildProcess[] = []
  readonly #ends: Promise<void>[] = []

  private constructor(
    private readonly reach: Reach,
    private readonly resource: string,
    private readonly addresses: readonly string[],
  ) {}

  /**
   * Begins to watch; resolves when each node has said how it stands.
   *
   * @returns why a node cannot be watched, beside the watcher
   */
  static async start(
    reach: Reach,
    resource: string,
    addresses: readonly string[],
    nodes: readonly string[],
  ): Promise<{ readonly watcher: Watcher; readonly unwatched: readonly string[] }> {
    const watcher = new Watcher(reach, resource, addresses)
    const whys = await Promise.all(nodes.map((node) => watcher.#watch(node)))
    return { watcher, unwatched: whys.flatMap((why) => (why === undefined ? [] : [why])) }
  }

  #watch(node: string): Promise<string | undefined> {
    const command = ['watch-primary', '--resource', this.resource, ...this.addresses]
    const argv: readonly [string, ...string[]] = sameNode(node, this.reach.local)
      ? [process.execPath, process.argv[1] ?? '', ...command]
      : loginArgv(node, ['ocf-ts', ...command])
    const [program, ...args] = argv
    // Ctrl-C is for us alone: how it ends is worth knowing in any case.
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      env: programEnvironment(),
    })
    this.#children.push(child)
    child.stdin.on('error', () => undefined)
    this.#ends.push(
      new Promise((resolve) => {
        child.once('close', () => {
          resolve()
        })
        child.once('error', () => {
          resolve()
        })
      }),
    )
    let said = ''
    let isWatched = false
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = `${said}${text}`.slice(-MOST_SAID)
    })
    return new Promise((resolve) => {
      const failed = (why: string): void => {
        resolve(`${node} cannot be watched: ${why}`)
      }
      const timer = setTimeout(() => {
        failed(`it said nothing within ${READY_MS / 1000} s`)
      }, READY_MS)
      child.once('error', ({ message }) => {
        failed(message)
      })
      child.once('close', () => {
        clearTimeout(timer)
        failed(said.trim().split('\n').at(-1) || 'it has ended')
      })
      const take = eachLine((line) => {
        const now = performance.now()
        const read = parseState(line, watchLine)
        if (read === undefined) {
          const { message } = oddAnswer(node, 'watch-primary')
          failed(message)
          if (isWatched && !child.killed) this.lost.push(message)
          child.kill('SIGKILL')
          return
        }
        isWatched = true
        const { writes, addresses, agoMs } = read
        this.sightings.push({ node, atMs: now - agoMs, writes, addresses })
        clearTimeout(timer)
        resolve(undefined)
      })
      child.stdout.setEncoding('utf8').on('data', take)
    })
  }

  async end(): Promise<void> {
    for (const child of this.#children) child.stdin?.end()
    const ended = await within(
      END_MS,
      Promise.all(this.#ends).then(() => undefined),
    )
    if (!ended) for (const child of this.#children) child.kill('SIGKILL')
  }
}
