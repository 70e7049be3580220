/** Part of every executable: compiles the npm packages at its end (packed-packages.ts) when they are asked for. */
import { openSync, readFileSync } from 'node:fs'
import type * as vm from 'node:vm'
import { beginOf, endOf } from './package-marks'

// A start-up snapshot keeps what was compiled, and no file.
const isKept = !process.execArgv.includes('--build-snapshot')
// Opened at once: an upgrade may put another file into this one's place while an action still runs.
const opened = isKept ? openSync(__filename, 'r') : __filename
let file: Buffer | undefined

type PackageCode = (module: { exports: unknown }, require: NodeJS.Require) => void

/** The exports of a package. */
export function unpack(name: string, require: NodeJS.Require): unknown {
  const whole = file ?? readFileSync(opened)
  if (isKept) file = whole
  const mark = beginOf(name)
  const lineNumber = whole.indexOf(mark, 0, 'latin1') + mark.length
  const begin = whole.indexOf('\n', lineNumber, 'latin1') + 1
  const end = whole.indexOf(endOf(name), begin, 'latin1')
  const code = whole.toString('latin1', begin, end).replace(/^\/\//gm, '')
  // Only now: most actions need no package.
  const { compileFunction } = require('node:vm') as typeof vm
  const run = compileFunction(code, ['module', 'require'], {
    // Its place in the file, so that a stack shows lines that can be looked up.
    filename: __filename,
    lineOffset: Number(whole.toString('latin1', lineNumber, begin)),
    columnOffset: 2,
  }) as PackageCode
  const module = { exports: {} }
  run(module, require)
  return module.exports
}
