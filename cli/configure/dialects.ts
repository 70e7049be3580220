/** The languages that a configuration can be written in, and the program that reads each. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Deadline } from '../../lib/ocf'
import { findProgram } from '../../lib/system/find-program'
import { describeFailure, type ProgramResult, runProgram } from '../../lib/system/run-program'
import { CommandError, Exit } from '../exit'
import { crmText, withoutComments } from './crm'
import { type Format, FORMATS } from './formats'
import { type Model } from './model'
import { hideSecrets } from './hidden-secrets'
import { pcsCommands, pcsText, wordsFor } from './pcs'

export interface Dialect {
  readonly program: string
  readonly text: (model: Model) => string
  /**
   * Loads the model into a CIB that lies in a file; the cluster is not touched.
   *
   * @param directory - our own, for more files
   * @returns what the program warned of
   * @throws CommandError TROUBLE when the program refuses
   */
  readonly load: (model: Model, cib: string, directory: string) => Promise<readonly string[]>
}

const LOAD_MS = 120_000

/** What pacemaker, crmsh and pcs say of every such configuration. */
const NO_NEWS =
  /Blind faith: not fencing unseen nodes|^Warning: (?:Defaults do not apply|Validati(?:ng resource options using|on result from) )/

/** What it said that is no news, out; colours, too. */
function complaintsOf({ stdout, stderr }: ProgramResult): readonly string[] {
  return (
    `${stdout}\n${stderr}`
      .replace(/\x1b\[[\d;]*m/g, '')
      .split('\n')
      // crmsh passes on what pacemaker's own check has to say, and calls all of it an error.
      .map((line) => line.trim().replace(/^ERROR: \(\w+\)\s+warning: /, 'WARNING: '))
      // pcs 0.12 has the agent look at this node, too, and passes on its log: it creates the resource all the same.
      .map((line) => line.replace(/^ERROR: \S+: validate-all: /, 'WARNING: on this node: '))
      .filter((line) => /^(?:WARNING|ERROR|Warning|Error|Deprecation Warning)/.test(line))
      .filter((line) => !NO_NEWS.test(line))
  )
}

/** Runs one of these programs on a CIB in a file. */
export async function runOnFile(
  cib: string,
  program: string,
  args: readonly string[],
): Promise<readonly string[]> {
  const result = await runProgram(program, args, { deadline: new Deadline(LOAD_MS), env: { CIB_file: cib } })
  const complaints = complaintsOf(result)
  if (result.code === 0 && !complaints.some((line) => /^error/i.test(line))) return complaints
  const why = complaints.length > 0 ? complaints.join('; ') : describeFailure(program, result)
  throw new CommandError(Exit.TROUBLE, `${program} refuses the configuration: ${why}`)
}

const crm: Dialect = {
  program: 'crm',
  text: crmText,
  load: (model, cib, directory) => {
    const file = join(directory, 'configuration.crm')
    writeFileSync(file, withoutComments(crmText(model)), { mode: 0o600 })
    return runOnFile(cib, 'crm', ['-F', 'configure', 'load', 'update', file])
  },
}

const pcs: Dialect = {
  program: 'pcs',
  text: pcsText,
  load: async (model, cib) => {
    const warnings: string[] = []
    const { stdout: version } = await runProgram('pcs', ['--version'], { deadline: new Deadline(LOAD_MS) })
    const { shown, putBack } = hideSecrets(model)
    for (const command of pcsCommands(shown)) {
      warnings.push(...(await runOnFile(cib, 'pcs', ['-f', cib, ...wordsFor(version, command)])))
    }
    writeFileSync(cib, putBack(readFileSync(cib, 'utf8')), { mode: 0o600 })
    return warnings
  },
}

export const DIALECTS: Readonly<Record<Format, Dialect>> = { crm, pcs }

export const isInstalled = (format: Format): boolean => findProgram(DIALECTS[format].program) !== undefined

/** The one that this host has. */
export function installedFormat(): Format | undefined {
  return FORMATS.find(isInstalled)
}
