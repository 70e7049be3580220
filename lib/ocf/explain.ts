import { inspect } from 'node:util'
import { type Explain } from './definition'

/** Plain lines for a person: nothing of the object's plumbing, no colour unless it is a terminal. */
function show(value: unknown): string {
  return inspect(value, {
    depth: 6,
    colors: process.stdout.isTTY,
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
    process.stdout.write(`observed:\n${show(facts)}\n`)
  },
  decided: (plan) => {
    process.stdout.write(`decided:\n${show(plan)}\n`)
  },
  wouldDo: (steps) => {
    const lines = steps.length === 0 ? ['  nothing'] : steps.map((step) => `  - ${step}`)
    process.stdout.write(`would do:\n${lines.join('\n')}\n`)
  },
}
