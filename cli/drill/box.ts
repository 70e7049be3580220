/** `--box`: hands the drill over to the checkout's own program that makes a cluster for it. */
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CommandError, Exit } from '../exit'
import { type DrillFlags } from './prepare'

const PROGRAM = 'scripts/drill-box.ts'
const LOADER = 'node_modules/tsx/dist/loader.mjs'

/** The checkout that this program, or this directory, is in. */
function findCheckout(): string | undefined {
  const isOne = (directory: string): boolean =>
    [PROGRAM, LOADER].every((file) => existsSync(join(directory, file)))
  for (const start of [dirname(realpathSync(process.argv[1] ?? '.')), process.cwd()]) {
    for (let directory = start; ; directory = dirname(directory)) {
      if (isOne(directory)) return directory
      if (directory === dirname(directory)) break
    }
  }
  return undefined
}

/** The options that the drill in the box gets, too. */
function optionsOf({ kind, rate, timeout, waitReturn, report, json, force }: DrillFlags): readonly string[] {
  return [
    ...['--kind', kind, '--rate', String(rate)],
    ...['--timeout', String(timeout), '--wait-return', String(waitReturn)],
    ...(report === false ? ['--no-report'] : report === true ? [] : ['--report', report]),
    ...(json ? ['--json'] : []),
    ...(force ? ['--force'] : []),
  ]
}

/** @throws CommandError when there is no checkout, or this is not root */
export async function drillInBox(flags: DrillFlags): Promise<Exit> {
  const checkout = findCheckout()
  if (checkout === undefined) {
    throw new CommandError(
      Exit.USAGE,
      '--box needs a checkout of ocf-ts with its npm packages: this program is in none, and nor is this directory',
      `run it in the checkout, after 'npm ci'`,
    )
  }
  if (process.geteuid?.() !== 0) {
    throw new CommandError(Exit.REFUSED, '--box makes namespaces and mounts', 'run it as root')
  }
  const other = (['conninfo', 'via', 'resource'] as const).find((name) => flags[name] !== undefined)
  if (other !== undefined) throw new CommandError(Exit.USAGE, `--box and --${other} exclude each other`)
  const argv = ['--import', join(checkout, LOADER), join(checkout, PROGRAM), ...optionsOf(flags)]
  // It prints as this program does.
  // eslint-disable-next-line no-restricted-syntax
  const child = spawn(process.execPath, argv, { stdio: 'inherit' })
  // The box is the child's to remove, and that is waited for. Ctrl-C in a terminal reaches it by itself.
  const pass = (signal: NodeJS.Signals) => () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, pass(signal))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      const known = Object.values(Exit).find((exit) => exit === code)
      resolve(known ?? Exit.TROUBLE)
    })
  })
}
