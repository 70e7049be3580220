/** What `ocf-ts doctor` does. */
import { mustAgree } from '../ask'
import { isRoot } from '../../lib/system/users'
import { CommandError, Exit } from '../exit'
import { runOn } from '../nodes/shell'
import { type Terminal } from '../terminal'
import { examine } from './ask'
import { CHECKS } from './checks'
import { diagnose, type Finding, type Fix } from './finding'
import { renderFindings } from './render'

export interface DoctorFlags {
  readonly json?: true
  readonly fix?: true
  readonly yes?: true
  readonly all?: true
}

const FIX_MS = 10_000

interface Look {
  readonly local: string
  readonly findings: readonly Finding[]
}

async function look(): Promise<Look> {
  const examination = await examine()
  return { local: examination.local, findings: diagnose(CHECKS, examination) }
}

/** What is found wins over what could not be: a script is to look at it in either case. */
export function exitOf(findings: readonly Finding[]): Exit {
  const has = (severity: Finding['severity']): boolean => findings.some((one) => one.severity === severity)
  if (has('error') || has('warning')) return Exit.TROUBLE
  return has('unknown') ? Exit.UNREACHABLE : Exit.OK
}

async function carryOut(local: string, { node, argv }: Fix): Promise<void> {
  const result = await runOn({ local }, node, argv, FIX_MS)
  if (result.code === 0) return
  throw new CommandError(
    Exit.TROUBLE,
    `${argv.join(' ')} on ${node} failed: ${(result.stderr.trim() || result.stdout.trim()).split('\n')[0] ?? ''}`,
  )
}

/** Says what would be done, asks, and does it. */
async function makeFixes(
  terminal: Terminal,
  { local, findings }: Look,
  { yes = false }: { readonly yes?: boolean },
): Promise<boolean> {
  const fixes = findings.flatMap(({ fix, finding }) => (fix ? [{ fix, finding }] : []))
  if (fixes.length === 0) {
    terminal.note('nothing that was found can be fixed safely by itself')
    return false
  }
  for (const { fix, finding } of fixes) {
    terminal.note(`${finding}:`, `  on ${fix.node}: ${fix.argv.join(' ')}`)
  }
  await mustAgree(terminal, fixes.length === 1 ? 'Do that?' : `Do these ${fixes.length}?`, yes)
  for (const { fix } of fixes) await carryOut(local, fix)
  return true
}

export async function doctor(terminal: Terminal, flags: DoctorFlags): Promise<Exit> {
  if (!isRoot()) {
    throw new CommandError(
      Exit.USAGE,
      "the doctor looks at files of root's and of PostgreSQL's",
      'run it as root',
    )
  }
  let now = await look()
  if (flags.fix) {
    const fixed = await makeFixes(terminal, now, { yes: flags.yes === true })
    if (fixed) now = await look()
  }
  const { findings, local } = now
  if (flags.json) terminal.json({ asked: local, findings })
  else terminal.lines(renderFindings(terminal, findings, flags.all === true))
  return exitOf(findings)
}
