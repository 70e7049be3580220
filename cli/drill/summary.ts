/** The result as a person reads it on the terminal. */
import { type Terminal } from '../terminal'
import { describeMs, type DrillResult, verdictOf } from './result'

/** `+1.23 s`, counted from the fault. */
export function sinceFault(atMs: number, faultMs: number | null): string {
  const seconds = (atMs - (faultMs ?? 0)) / 1000
  return `${seconds < 0 ? '-' : '+'}${Math.abs(seconds).toFixed(2)} s`
}

/** How the old primary came back, in words. */
export function describeReturn({ return: { how, afterMs, reason }, oldPrimary }: DrillResult): string {
  const after = afterMs === null ? '' : ` after ${describeMs(afterMs)}`
  switch (how) {
    case 'by itself':
      return `${oldPrimary} was a standby again${after}, by itself`
    case 'after a cleanup':
      return `${oldPrimary} was a standby again${after}; it took a cleanup of the failure (crm_resource --cleanup)`
    case 'recovered in place':
      return `${oldPrimary} recovered where it was, and is the primary`
    case 'not waited for':
      return `the return of ${oldPrimary} was not waited for`
    case 'not':
      return `${oldPrimary} is not back${reason === null ? '' : `: ${reason}`}`
  }
}

export function describeRows({ acknowledged, lost, checked, unanswered }: DrillResult['writes']): string {
  const count = checked ? `${lost.length} lost` : 'not looked for'
  const more = unanswered > 0 ? `; ${unanswered} that had no answer are there, too` : ''
  return `${acknowledged} acknowledged, ${count}${more}`
}

export function describeOutage({ outage }: DrillResult): string {
  if (outage === null) return 'unknown: no row was acknowledged'
  return outage.ended ? describeMs(outage.ms) : `${describeMs(outage.ms)}, and not over when the drill ended`
}

/** The lines of the summary. */
export function renderSummary(terminal: Terminal, result: DrillResult): readonly string[] {
  const { bold, green, red, dim } = terminal.colours
  const { problems, events, faultMs, laterPause } = result
  const isWell = problems.length === 0
  const timeline = events.map(({ atMs, text }) => `  ${sinceFault(atMs, faultMs).padStart(10)}  ${text}`)
  return [
    '',
    bold(isWell ? green(verdictOf(result)) : red(verdictOf(result))),
    ...problems.slice(1).map((problem) => red(`  ${problem}`)),
    '',
    ...timeline,
    '',
    `outage: ${describeOutage(result)}`,
    `rows: ${describeRows(result.writes)}`,
    `return: ${describeReturn(result)}`,
    ...(laterPause === null
      ? []
      : [dim(`longest pause of the writes after the outage: ${describeMs(laterPause.ms)}`)]),
  ]
}
