/** `--box`: hands the drill over to the checkout's own program that makes a cluster for it. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { CommandError, Exit } from '../exit'
import { findCheckout, foreignPart, LOADER, loaderSettings, PROGRAM } from './checkout'
import { type DrillFlags } from './prepare'
import { reportFile } from './report-file'

/** The options that the drill in the box gets, too. */
function optionsOf({ kind, rate, timeout, waitReturn, report, json, force }: DrillFlags): readonly string[] {
  // It is run in another directory.
  const file = reportFile(report)
  return [
    ...['--kind', kind, '--rate', String(rate)],
    ...['--timeout', String(timeout), '--wait-return', String(waitReturn)],
    ...(file === undefined ? ['--no-report'] : ['--report', file]),
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
      '--box needs a checkout of ocf-ts with its npm packages, and this program lies in none',
      `run the program of the checkout (dist/bin/ocf-ts), after 'npm ci'`,
    )
  }
  if (process.geteuid?.() !== 0) {
    throw new CommandError(Exit.REFUSED, '--box makes namespaces and mounts', 'run it as root')
  }
  const foreign = foreignPart(checkout)
  if (foreign !== undefined) {
    throw new CommandError(
      Exit.REFUSED,
      `--box runs the checkout as root, and others than root can change ${foreign}`,
      `chown -R root: ${checkout} && chmod -R go-w ${checkout}, or use a checkout of root's`,
    )
  }
  const other = (['conninfo', 'via', 'resource'] as const).find((name) => flags[name] !== undefined)
  if (other !== undefined) throw new CommandError(Exit.USAGE, `--box and --${other} exclude each other`)
  const argv = ['--import', join(checkout, LOADER), join(checkout, PROGRAM), ...optionsOf(flags)]
  const env = { ...process.env, ...loaderSettings(checkout) }
  // It prints as this program does.
  // eslint-disable-next-line no-restricted-syntax
  const child = spawn(process.execPath, argv, { stdio: 'inherit', cwd: checkout, env })
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
