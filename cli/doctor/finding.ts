/** What a check says. */
import { type Examination } from './examination'

export const THEMES = [
  'installation',
  'configuration',
  'cluster',
  'heartbeat',
  'network',
  'time',
  'postgresql',
  'replication',
  'disk',
] as const

export type Theme = (typeof THEMES)[number]

/** From the worst. `unknown`: it could not be found out. */
export const SEVERITIES = ['error', 'warning', 'unknown', 'ok'] as const

export type Severity = (typeof SEVERITIES)[number]

/** A fix that takes nothing away, and that the doctor can do itself. */
export interface Fix {
  readonly node: string
  readonly argv: readonly [string, ...string[]]
}

/** Something that is not as it should be. */
export interface Trouble {
  readonly severity: Exclude<Severity, 'ok'>
  readonly node?: string
  /** What is wrong, in one sentence. */
  readonly finding: string
  /** What was seen that says so. */
  readonly evidence?: readonly string[]
  /** What to do. */
  readonly advice: string
  readonly fix?: Fix
}

export interface Check {
  /** For scripts: `agent-permissions`. */
  readonly id: string
  readonly theme: Theme
  /** What is so where all is well. */
  readonly wellWhen: string
  /** Nothing where there is nothing to look at, for example no heartbeat; an empty list where all is well. */
  readonly examine: (examination: Examination) => readonly Trouble[] | undefined
}

export interface Finding {
  readonly id: string
  readonly theme: Theme
  readonly severity: Severity
  readonly node?: string
  readonly finding: string
  readonly evidence: readonly string[]
  readonly advice?: string
  readonly fix?: Fix
}

function isFound(severity: Severity): boolean {
  return severity !== 'ok'
}

/** What all checks say, the worst first. */
export function diagnose(checks: readonly Check[], examination: Examination): readonly Finding[] {
  const findings = checks.flatMap(({ id, theme, wellWhen, examine }): readonly Finding[] => {
    const troubles = examine(examination)
    if (troubles === undefined) return []
    if (troubles.length === 0) return [{ id, theme, severity: 'ok', finding: wellWhen, evidence: [] }]
    return troubles.map((trouble) => ({ evidence: [], ...trouble, id, theme }))
  })
  const rank = ({ severity }: Finding): number => SEVERITIES.indexOf(severity)
  return [...findings].sort((a, b) => rank(a) - rank(b) || THEMES.indexOf(a.theme) - THEMES.indexOf(b.theme))
}

/** Those that somebody should look at. */
export function troubles(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ severity }) => isFound(severity))
}
