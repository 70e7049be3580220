/** `--box`: hands the drill over to the checkout's own program that makes a cluster for it. */
import { spawn } from 'node:child_process'
import { existsSync, lstatSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isRoots } from '../../lib/system/held-directory'
import { CommandError, Exit } from '../exit'
import { type DrillFlags } from './prepare'

const PROGRAM = 'scripts/drill-box.ts'
const LOADER = 'node_modules/tsx/dist/loader.mjs'

/** The checkout that this program lies in. What lies around the current directory is anybody's. */
function findCheckout(): string | undefined {
  for (let directory = dirname(realpathSync(process.argv[1] ?? '.')); ; directory = dirname(directory)) {
    if ([PROGRAM, LOADER].every((file) => existsSync(join(directory, file)))) return directory
    if (directory === dirname(directory)) return undefined
  }
}

/** What is run of a checkout. */
const PARTS = [
  PROGRAM,
  LOADER,
  'package.json',
  'agents',
  'cli',
  'dist/bin',
  'lib',
  'scripts/lib',
  'test/cluster',
]

/**
 * What of a checkout others than root may change, which root is about to run.
 *
 * @returns a path; nothing when only root can change it
 */
export function foreignPart(checkout: string): string | undefined {
  const around: string[] = []
  for (const part of PARTS) {
    let path = realpathSync(checkout)
    around.push(...waysTo(path))
    for (const name of part.split('/')) {
      path = join(path, name)
      around.push(path)
    }
  }
  return [...new Set(around)].find((path) => {
    const found = lstatSync(path, { throwIfNoEntry: false })
    return found !== undefined && !isRoots(found)
  })
}

/** A directory, and those above it. */
function waysTo(path: string): readonly string[] {
  return path === dirname(path) ? [path] : [...waysTo(dirname(path)), path]
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
