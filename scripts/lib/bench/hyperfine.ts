/** Times programs with hyperfine, by turns. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Program {
  readonly name: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** What it must exit with, every time. */
  readonly exitCode: number
}

/** What a program cost: one figure of CPU time a batch (its mean), one of wall time a run. */
export interface Cost {
  readonly cpuMs: readonly number[]
  readonly wallMs: readonly number[]
}

export interface Effort {
  readonly batches: number
  readonly runs: number
}

/** Runs an argument vector to its success, on the machine or on a node; a node sees the machine's /tmp. */
export type Runner = (
  argv: readonly string[],
  options: { env: Readonly<Record<string, string>>; timeoutMs: number },
) => Promise<unknown>

/**
 * Times programs, a batch of one after a batch of the other, so that what else happens on the machine meanwhile
 * is shared by all of them.
 */
export async function timeByTurns<Name extends string>(
  programs: Readonly<Record<Name, Program>>,
  effort: Effort,
  run: Runner,
): Promise<Record<Name, Cost>> {
  const entries = Object.entries(programs) as [Name, Program][]
  const costs = Object.fromEntries(entries.map(([name]) => [name, { cpuMs: [], wallMs: [] }])) as unknown as {
    [name in Name]: { cpuMs: number[]; wallMs: number[] }
  }
  for (let batch = 0; batch < effort.batches; batch += 1) {
    for (const [name, program] of entries) {
      const { cpuMs, wallMs } = await timeBatch(program, effort.runs, run)
      costs[name].cpuMs.push(cpuMs)
      costs[name].wallMs.push(...wallMs)
    }
  }
  return costs
}

/** The part of hyperfine's JSON that is used; in seconds. */
interface Export {
  readonly results: readonly {
    readonly user: number
    readonly system: number
    readonly times: readonly number[]
    readonly exit_codes: readonly (number | null)[]
  }[]
}

async function timeBatch(
  program: Program,
  runs: number,
  run: Runner,
): Promise<{ cpuMs: number; wallMs: number[] }> {
  const dir = mkdtempSync(join(tmpdir(), 'ocf-ts-bench-'))
  try {
    const file = join(dir, 'hyperfine.json')
    await run(
      [
        // Exit code 8 means a running primary: no failure.
        ...['hyperfine', '--shell=none', '--ignore-failure', '--warmup', '1', '--runs', String(runs)],
        ...['--export-json', file, program.argv.map(quote).join(' ')],
      ],
      { env: program.env, timeoutMs: 300_000 },
    )
    const [result] = (JSON.parse(readFileSync(file, 'utf8')) as Export).results
    if (!result) throw new Error(`hyperfine says nothing of ${program.name}`)
    const wrong = result.exit_codes.find((code) => code !== program.exitCode)
    if (wrong !== undefined) {
      throw new Error(`${program.name} exited with ${String(wrong)} instead of ${program.exitCode}`)
    }
    return {
      cpuMs: (result.user + result.system) * 1000,
      wallMs: result.times.map((seconds) => seconds * 1000),
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
