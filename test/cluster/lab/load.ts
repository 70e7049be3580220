/** A client that never stops writing: starts write-load.ts outside the cluster and reads its book. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileProgram } from './compile'
import type { Lab } from './lab'
import type { LabNode } from './node'
import { labDir } from './state'
import { monotonicMs, until, type WaitOptions } from './wait'

export interface WriteLoadOptions {
  /** Where to write to: the virtual address. Default: the document's vip-master. */
  readonly address?: string
  /** Pause between a row's acknowledgement and the next row. Default: 10 ms. */
  readonly intervalMs?: number
}

/** A row that the database acknowledged, and when (see `monotonicMs`). */
export interface Acknowledged {
  readonly id: number
  readonly atMs: number
}

/** The longest time without an acknowledged row. */
export interface Outage {
  readonly ms: number
  readonly fromMs: number
  readonly toMs: number
  /** Last row before it. */
  readonly afterId: number
}

export interface LoadResult {
  readonly acknowledged: readonly Acknowledged[]
  readonly outage: Outage
  /** What the writer met, and how often. */
  readonly errors: Readonly<Record<string, number>>
}

export class WriteLoad {
  private readonly ended: Promise<void>
  private stoppedAt: number | undefined

  private constructor(
    private readonly writer: ChildProcess,
    private readonly dir: string,
    readonly run: string,
  ) {
    this.ended = new Promise((resolve) =>
      writer.once('exit', () => {
        resolve()
      }),
    )
  }

  /** Starts writing; resolves when the first row is acknowledged. */
  static async start(lab: Lab, options: WriteLoadOptions = {}): Promise<WriteLoad> {
    const dir = mkdtempSync(join(labDir(lab.id), 'load-'))
    const program = await compileProgram(join(__dirname, 'write-load.ts'), dir)
    const run = dir.slice(-6)
    const { address = '192.168.100.163', intervalMs = 10 } = options
    const parameters = JSON.stringify({ host: address, run, intervalMs })
    const [command = '', ...args] = lab.clientArgv([
      ...['setpriv', '--pdeathsig', 'KILL', '--', process.execPath],
      ...[program, join(dir, 'acks'), join(dir, 'errors'), parameters],
    ])
    const writer = spawn(command, args, { stdio: ['pipe', 'ignore', 'inherit'], detached: true })
    // A test that fails before it stops the load must still be able to end.
    writer.unref()
    const load = new WriteLoad(writer, dir, run)
    try {
      await load.waitForMore(1)
      return load
    } catch (error) {
      await load.stop()
      const errors = JSON.stringify(load.result().errors)
      throw new Error(`${error instanceof Error ? error.message : String(error)}\nthe writer met ${errors}`)
    }
  }

  /** Waits until this many more rows are acknowledged: after a failover, that the service is back. */
  async waitForMore(rows: number, options: WaitOptions = {}): Promise<void> {
    const before = this.acknowledged().length
    await until(
      `${rows} more rows are acknowledged`,
      () => {
        if (this.writer.exitCode !== null) throw new Error('the writer has ended')
        return this.acknowledged().length >= before + rows
      },
      { intervalMs: 20, ...options },
    )
  }

  /** Every row acknowledged so far. */
  acknowledged(): readonly Acknowledged[] {
    return readLines(join(this.dir, 'acks')).map((line) => {
      const [id, atMs] = line.split(' ')
      return { id: Number(id), atMs: Number(atMs) }
    })
  }

  /** Stops writing and returns what came of it. */
  async stop(): Promise<LoadResult> {
    this.stoppedAt ??= monotonicMs()
    this.writer.ref()
    this.writer.stdin?.end()
    await this.ended
    return this.result()
  }

  /** What came of it so far. Silence until the stop, or until now, counts as an outage too. */
  result(): LoadResult {
    const acknowledged = this.acknowledged()
    const errors: Record<string, number> = {}
    for (const line of readLines(join(this.dir, 'errors'))) errors[line] = (errors[line] ?? 0) + 1
    return { acknowledged, outage: longestGap(acknowledged, this.stoppedAt ?? monotonicMs()), errors }
  }

  /** Acknowledged rows that this node's database does not hold. There must be none, ever. */
  async lostRows(node: LabNode): Promise<readonly number[]> {
    const rows = await node.sql(`SELECT id FROM lab_load WHERE run = '${this.run}'`)
    const present = new Set(rows.split('\n').map(Number))
    return this.acknowledged()
      .map(({ id }) => id)
      .filter((id) => !present.has(id))
  }
}

function longestGap(acknowledged: readonly Acknowledged[], end: number): Outage {
  let outage: Outage = { ms: 0, fromMs: 0, toMs: 0, afterId: 0 }
  acknowledged.forEach(({ id, atMs }, index) => {
    const toMs = acknowledged[index + 1]?.atMs ?? Math.max(end, atMs)
    if (toMs - atMs > outage.ms) outage = { ms: toMs - atMs, fromMs: atMs, toMs, afterId: id }
  })
  return outage
}

function readLines(path: string): readonly string[] {
  if (!existsSync(path)) return []
  // What follows the last line break is a line that is being written.
  return readFileSync(path, 'utf8').split('\n').slice(0, -1)
}
