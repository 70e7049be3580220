/**
 * What `scripts/test` says at its end, from the results that jest has written: the ten slowest files, and how many tests
 * passed and failed (a file that could not even be read counts as one that failed). With `--record TABLE`, how long each
 * file took goes into that table.
 *
 * usage: test-report.ts [--record TABLE] RESULT.json...
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const REPOSITORY = join(__dirname, '../..')

/** What is read of `jest --json`. */
interface JestRun {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numRuntimeErrorTestSuites: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly name: string
    /** Milliseconds; 0 where it was skipped. */
    readonly startTime: number
    readonly endTime: number
  }[]
}

const { values: options, positionals } = parseArgs({
  options: { record: { type: 'string' } },
  allowPositionals: true,
})

const runs = positionals
  .filter((path) => existsSync(path))
  .map((path) => JSON.parse(readFileSync(path, 'utf8')) as JestRun)

const files = runs
  .flatMap(({ testResults }) => testResults)
  .map(({ name, startTime, endTime }) => ({
    path: relative(REPOSITORY, name),
    seconds: Math.round((endTime - startTime) / 1000),
  }))
  .filter(({ seconds }) => seconds > 0)
  .sort((one, other) => other.seconds - one.seconds)

if (options.record !== undefined) {
  const table = resolve(options.record)
  const before = JSON.parse(readFileSync(table, 'utf8')) as Record<string, number>
  const now = { ...before, ...Object.fromEntries(files.map(({ path, seconds }) => [path, seconds])) }
  const kept = Object.entries(now).filter(([path]) => existsSync(join(REPOSITORY, path)))
  writeFileSync(table, `${JSON.stringify(Object.fromEntries(kept.sort()), null, 2)}\n`)
}

const sum = (count: (run: JestRun) => number): number => runs.reduce((all, run) => all + count(run), 0)
const passed = sum((run) => run.numPassedTests)
const failed = sum((run) => run.numFailedTests + run.numRuntimeErrorTestSuites)
const skipped = sum((run) => run.numPendingTests + run.numTodoTests)

if (files.length > 1) {
  console.log('\nThe slowest files:')
  for (const { path, seconds } of files.slice(0, 10)) console.log(`${String(seconds).padStart(5)} s  ${path}`)
  console.log()
}
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
if (passed + failed + skipped === 0) {
  console.error('No test was run: none has such a name')
  process.exitCode = 1
}
