/** A client that writes row after row, and keeps book of every row that the database has acknowledged. */
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../lib/ocf'
import { Connection, NoAnswer } from './connection'
import { TABLE } from './schema'
import { type Target } from './target'

const CONNECT_MS = 500
/** A server that is gone without a word is given up after this. */
const ANSWER_MS = 1000
/**
 * Where new connections are let in and their inserts are not answered, commits wait for a standby: each insert that is
 * given up stays in the server as a session that waits, so the next is given twice as long.
 */
const PATIENCE_MS = 30_000
const RETRY_MS = 50

export interface Acknowledged {
  readonly id: number
  /** Milliseconds since the load began. */
  readonly atMs: number
}

export class WriteLoad {
  readonly acknowledged: Acknowledged[] = []
  /** Inserts that ended in an error or without an answer. */
  readonly unanswered: number[] = []
  readonly errors = new Map<string, number>()
  readonly startedAt = new Date()
  private readonly origin = performance.now()
  private readonly stopping = new AbortController()
  private connection: Connection | undefined
  private answerMs = ANSWER_MS
  private ended: Promise<void> = Promise.resolve()

  private constructor(
    private readonly target: Target,
    private readonly intervalMs: number,
  ) {}

  /** @param rate - rows a second */
  static start(target: Target, rate: number): WriteLoad {
    const load = new WriteLoad(target, 1000 / rate)
    load.ended = load.write()
    return load
  }

  /** Milliseconds since the load began. */
  now(): number {
    return performance.now() - this.origin
  }

  /** Ends it; the row that is under way is not waited for. */
  async stop(): Promise<void> {
    this.stopping.abort()
    this.connection?.drop()
    await this.ended
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted
  }

  private async write(): Promise<void> {
    let next = this.now()
    // An id is tried once: after an error nobody knows whether its row is there.
    for (let id = 1; !this.stopped; id += 1) {
      const succeeded = await this.insert(id)
      // What was missed is not made up for.
      next = Math.max(next + this.intervalMs, succeeded ? this.now() : this.now() + RETRY_MS)
      await sleep(next - this.now(), undefined, { signal: this.stopping.signal }).catch(() => undefined)
    }
    this.connection?.drop()
  }

  private async insert(id: number): Promise<boolean> {
    let isFresh = false
    let isUnderWay = false
    try {
      if (this.connection === undefined) {
        this.connection = await Connection.open(this.target, CONNECT_MS)
        isFresh = true
      }
      isUnderWay = true
      await this.connection.rows(this.answerMs, `insert into ${TABLE} (id) values ($1)`, [id])
      this.acknowledged.push({ id, atMs: this.now() })
      this.answerMs = ANSWER_MS
      return true
    } catch (error) {
      if (this.stopped) return false
      if (isUnderWay) this.unanswered.push(id)
      if (isFresh && error instanceof NoAnswer) this.answerMs = Math.min(2 * this.answerMs, PATIENCE_MS)
      this.connection?.drop()
      this.connection = undefined
      const message = messageOf(error) || ((error as { code?: string }).code ?? 'unknown error')
      this.errors.set(message, (this.errors.get(message) ?? 0) + 1)
      return false
    }
  }
}
