/** A program of another account's has nothing to do with the terminal of root's: what it typed there, root's shell would run. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { build } from 'esbuild'
import { idOf } from '../root/support/server'
import { eventually, processesWith } from './support/timing'

jest.setTimeout(60_000)

const owner = { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }

let directory: string
let runner: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-terminal-'))
  chmodSync(directory, 0o755)
  runner = join(directory, 'runner.cjs')
  await build({
    stdin: {
      contents: `
        import { Deadline } from './lib/ocf'
        import { runProgram } from './lib/system/run-program'
        const options = { as: ${JSON.stringify(owner)}, deadline: new Deadline(20000), cwd: '/' }
        const limits = process.argv[3] === 'limits'
        void runProgram('sh', ['-c', process.argv[2]], { ...options, limits }).then(
          ({ stdout }) => process.stdout.write(stdout))`,
      resolveDir: join(__dirname, '../..'),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    outfile: runner,
    logLevel: 'warning',
  })
})
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

/** What script(1) runs in a terminal of its own. */
function inTerminal(text: string, more = ''): readonly string[] {
  return ['-qec', `${process.execPath} ${runner} '${text}' ${more}`, '/dev/null']
}

test.each([
  ['by setpriv', ''],
  ['by runuser', 'limits'],
])('%s, it cannot open it', (_, more) => {
  const text = 'if (: </dev/tty) 2>&-; then echo has it; else echo has none; fi'
  const { stdout } = spawnSync('script', inTerminal(text, more), { encoding: 'utf8' })
  expect(stdout.trim()).toBe('has none')
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends it with the agent', async (signal) => {
  const nap = `sleep 7${process.pid}`
  const started: ChildProcess = spawn('script', inTerminal(`${nap} & setsid ${nap}`), { stdio: 'ignore' })
  const running = (): readonly number[] => processesWith(nap)
  const agents = (): readonly number[] => processesWith(`${process.execPath} ${runner} ${nap}`)
  try {
    // Four: of script's, the agent's, and two that sleep.
    expect(await eventually(() => processesWith(nap).length >= 4 && agents().length === 1, 20_000)).toBe(true)
    for (const pid of agents()) process.kill(pid, signal)
    expect(await eventually(() => running().length === 0)).toBe(true)
  } finally {
    for (const pid of running()) process.kill(pid, 'SIGKILL')
    started.kill('SIGKILL')
  }
})
