/** What a primary may only do with the proof that it is the primary still: see agents/pgsql/decide-proof.ts. */
import { expect } from '@jest/globals'
import { type PrimaryFacts, type PrimaryPlan } from '../../../agents/pgsql/decide-primary'
import { describeStep, type Step } from '../../../agents/pgsql/steps'
import { readSynchronousNames } from '../../../lib/postgres/synchronous-names'

function speaksOfOthers(step: Step, node: string): boolean {
  if (step.step === 'score') return step.node !== node || step.score !== '-INFINITY'
  if (step.step !== 'attribute') return false
  return step.node === node ? step.value === 'LATEST' : !step.name.endsWith('-lag')
}

/** Whether commits would be acknowledged that are not, as it is. */
function letsGo(step: Step, { synchronousStandbyNames }: PrimaryFacts): boolean {
  if (step.step !== 'synchronous') return false
  const kept = readSynchronousNames(step.names).names
  return readSynchronousNames(synchronousStandbyNames).names.some((name) => !kept.includes(name))
}

/** Sees that every step of a plan which needs the proof comes after one, and gives the others in words. */
export function effectsOf({ steps }: PrimaryPlan, facts: PrimaryFacts): readonly string[] {
  let proven = false
  steps.forEach((step, index) => {
    if (step.step === 'prove') proven = true
    // It can take seconds.
    if (step.step === 'confirm' || step.step === 'confirm quorum') proven = false
    if (speaksOfOthers(step, facts.node))
      expect([describeStep(step), proven]).toEqual([describeStep(step), true])
    if (letsGo(step, facts)) expect(steps[index - 1]).toEqual({ step: 'prove' })
  })
  return steps.filter(({ step }) => step !== 'prove').map(describeStep)
}
