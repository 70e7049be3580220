/** The findings as a person reads them. */
import { type Terminal } from '../terminal'
import { type Finding, SEVERITIES, type Severity } from './finding'

const TITLES: Readonly<Record<Severity, string>> = {
  error: 'wrong',
  warning: 'not as it should be',
  unknown: 'could not be found out',
  ok: 'well',
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`

function renderFinding(
  terminal: Terminal,
  { id, severity, finding, evidence, advice, fix }: Finding,
): readonly string[] {
  const { red, yellow, green, dim, bold } = terminal.colours
  const colour = { error: red, warning: yellow, unknown: yellow, ok: green }[severity]
  return [
    `  ${colour(finding)}  ${dim(id)}`,
    ...evidence.map((line) => dim(`      seen: ${line}`)),
    ...(advice === undefined
      ? []
      : [`      ${bold('do:')} ${advice}${fix === undefined ? '' : dim('  (--fix does that)')}`]),
  ]
}

/** How many checks found nothing, and what was found. */
export function summary(findings: readonly Finding[]): string {
  const of = (severity: Severity): number => findings.filter((one) => one.severity === severity).length
  const bad = [
    ...(of('error') > 0 ? [count(of('error'), 'error')] : []),
    ...(of('warning') > 0 ? [count(of('warning'), 'warning')] : []),
    ...(of('unknown') > 0 ? [`${of('unknown')} unknown`] : []),
  ]
  const well = `${count(of('ok'), 'check')} found nothing wrong`
  return bad.length === 0 ? well : `${bad.join(', ')}; ${well}`
}

/**
 * @param all - also what is well
 * @returns lines
 */
export function renderFindings(
  terminal: Terminal,
  findings: readonly Finding[],
  all: boolean,
): readonly string[] {
  const { bold } = terminal.colours
  const groups = SEVERITIES.filter((severity) => all || severity !== 'ok').flatMap((severity) => {
    const group = findings.filter((one) => one.severity === severity)
    if (group.length === 0) return []
    return [bold(TITLES[severity]), ...group.flatMap((one) => renderFinding(terminal, one)), '']
  })
  return [...groups, summary(findings)]
}
