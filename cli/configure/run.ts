/** `ocf-ts configure`. */
import { readFileSync } from 'node:fs'
import { messageOf } from '../../lib/ocf'
import { printable } from '../../lib/ocf/printable'
import { isSecretName, maskSecrets } from '../../lib/ocf/secrets'
import { CommandError, Exit } from '../exit'
import { replaceNamedFile } from '../named-file'
import { type Terminal } from '../terminal'
import { adviseOn } from './advice'
import { applyModel } from './apply'
import { checkModel } from './check'
import { describeConflicts, isConflict } from './conflicts'
import { findPgCtls } from './discover'
import { DIALECTS, installedFormat } from './dialects'
import { type Format } from './formats'
import { type Answers, COMMON, isLacking, mergeAnswers, questions } from './plan'
import { planFileText, readPlanFile } from './plan-file'
import { type Validated, validatePlan } from './validate'

export interface ConfigureFlags {
  readonly file?: string
  readonly save?: string
  readonly format?: Format
  readonly output?: string
  readonly apply?: true
  readonly replace?: true
  readonly json?: true
  /** NAME=VALUE, as often as wanted. */
  readonly pgsql?: readonly string[]
  /** The plan's own words and the common parameters, by their names. */
  readonly answers: Readonly<Record<string, string | undefined>>
}

function readExtra(pair: string): readonly [string, string] {
  const [, name, value] = /^(\w+)=([^]*)$/.exec(pair) ?? []
  if (name !== undefined && value !== undefined) return [name, value]
  throw new CommandError(
    Exit.USAGE,
    `--pgsql: '${pair}' is not NAME=VALUE`,
    'for example --pgsql max_lag=16MB',
  )
}

function fromFlags({ answers, pgsql: extra = [] }: ConfigureFlags): Answers {
  const given = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(
      names.flatMap((name) => {
        const value = answers[name]
        return value === undefined ? [] : [[name, value] as const]
      }),
    )
  const pgsql = { ...given(COMMON), ...Object.fromEntries(extra.map(readExtra)) }
  for (const [name, value] of Object.entries(pgsql)) {
    if (!isSecretName(name) && maskSecrets(value) === value) continue
    throw new CommandError(
      Exit.USAGE,
      `${name}: a password on the command line can be seen by everybody on this machine`,
      'write it into a file, below pgsql:, and give that with --file',
    )
  }
  return { plan: given(Object.keys(questions)), pgsql }
}

function readFile(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new CommandError(
      Exit.USAGE,
      `--file: ${messageOf(error)}`,
      "'ocf-ts configure --save FILE' writes one",
    )
  }
}

function writeFile(flag: string, file: string, text: string): void {
  // monitor_password may be in it.
  replaceNamedFile(flag, file, text, 0o600)
}

/** The answers of a plan file, as `init` and `clone` want them, too. */
export function answersOfFile(file: string): Answers {
  return readPlanFile(readFile(file), file)
}

/**
 * @throws CommandError USAGE when the answers make no plan, after each has been told that is wrong
 */
export function mustBeValid(terminal: Terminal, answers: Answers): Validated {
  const { validated, problems } = validatePlan(answers)
  if (validated !== undefined) return validated
  for (const { reason } of problems) terminal.note(`  ${terminal.colours.red('-')} ${reason}`)
  const found = problems.some(({ name }) => name === 'pgctl') ? findPgCtls() : []
  if (found.length > 0) terminal.note(`  (this node has ${found.join(', ')})`)
  throw new CommandError(
    Exit.USAGE,
    `${problems.length === 1 ? 'one answer is' : `${problems.length} answers are`} not right (see above)`,
    "give it as an option (--help), in a file (--file), or run 'ocf-ts configure' in a terminal, which asks",
  )
}

function advise(terminal: Terminal, { plan }: Validated): void {
  const { yellow } = terminal.colours
  for (const { warning, offers } of adviseOn(plan)) {
    terminal.note(`${yellow('warning:')} ${warning}`)
    for (const offer of offers) terminal.note(`  - ${offer}`)
  }
}

async function check(terminal: Terminal, { model }: Validated, format: Format): Promise<void> {
  const checked = await checkModel(model, format)
  if ('skipped' in checked) {
    terminal.note(`not checked: ${checked.skipped}`)
    return
  }
  for (const line of checked.warnings) terminal.note(line)
  terminal.note(`checked: the meta-data of the agents, ${checked.by.join(', ')}`)
}

async function apply(
  terminal: Terminal,
  validated: Validated,
  format: Format,
  replace: boolean,
): Promise<void> {
  const { replaced, warnings } = await applyModel(validated, format, replace)
  for (const line of warnings) terminal.note(line)
  if (isConflict(replaced)) terminal.note(`replaced: ${describeConflicts(replaced)}`)
  if (replaced.dependent.length > 0) {
    terminal.note(`removed, because they named what was replaced: ${replaced.dependent.join(', ')}`)
  }
  terminal.note(`loaded into the cluster: ${validated.model.primitives.map(({ id }) => id).join(', ')}`)
  terminal.note(`'ocf-ts status --watch' shows what becomes of it`)
}

/** @throws CommandError USAGE for a configuration that a terminal would not show as it is */
function mustBePrintable(text: string): string {
  if (printable(text) === text) return text
  throw new CommandError(
    Exit.USAGE,
    'the configuration has characters that a terminal does not show as they are',
    'write it to a file, with --output FILE',
  )
}

export async function configure(terminal: Terminal, flags: ConfigureFlags): Promise<Exit> {
  const fromFile = flags.file === undefined ? { plan: {}, pgsql: {} } : answersOfFile(flags.file)
  const given = mergeAnswers(fromFile, fromFlags(flags))
  const asks = terminal.isInteractive && isLacking(given)
  const answers = asks ? await (await import('./interview')).interviewFor(terminal, given) : given
  const validated = mustBeValid(terminal, answers)
  advise(terminal, validated)
  const format = flags.format ?? installedFormat() ?? 'crm'
  const text = DIALECTS[format].text(validated.model)
  if (flags.save !== undefined) writeFile('--save', flags.save, planFileText(answers))
  // --apply loads and verifies it on a copy of the cluster's own configuration.
  if (!flags.apply) await check(terminal, validated, format)
  if (flags.output !== undefined) writeFile('--output', flags.output, text)
  if (flags.apply) await apply(terminal, validated, format, flags.replace ?? false)
  // It is the configuration that was asked for, with the passwords that belong in it.
  if (flags.json)
    terminal.jsonWithSecrets({ format, text, advice: adviseOn(validated.plan), model: validated.model })
  else if (flags.output === undefined && !flags.apply) terminal.textWithSecrets(mustBePrintable(text))
  return Exit.OK
}
