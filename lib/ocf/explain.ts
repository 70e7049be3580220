import { inspect } from 'node:util'
import { type Explain } from './definition'
import { isTerminal, print, shownLine } from './output'
import { withoutSecrets } from './secrets'
import { markInspect } from './styles'

/** Plain lines for a person: nothing of the object's plumbing, no password, no colour unless it is a terminal. */
function show(value: unknown): string {
  const coloured = isTerminal('stdout')
  if (coloured) markInspect()
  return inspect(withoutSecrets(value), {
    depth: 6,
    colors: coloured,
    compact: 3,
    breakLength: 100,
    sorted: false,
  })
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n')
}

/** Prints what an action found, decided and would do to standard output. */
export const explainToTerminal: Explain = {
  observed: (facts) => {
    print(`observed:\n${show(facts)}\n`)
  },
  decided: (plan) => {
    print(`decided:\n${show(plan)}\n`)
  },
  wouldDo: (steps) => {
    const lines = steps.length === 0 ? ['  nothing'] : steps.map((step) => `  - ${shownLine(step)}`)
    print(`would do:\n${lines.join('\n')}\n`)
  },
}
