import { type Context } from './definition'
import { OcfError } from './errors'
import { type ExitCode } from './exit-codes'
import { type Parameters } from './parameters'

/** What an action decided: data, so that a decision can be shown, compared and tested without acting on it. */
export interface Plan<S> {
  readonly exit: ExitCode
  /** One line for the operator where `exit` is a failure. */
  readonly reason?: string
  /** What else helps; it goes to the log only. */
  readonly detail?: string
  /** What is to be done, in order. */
  readonly steps: readonly S[]
}

interface Means<S> {
  /** One line that says what a step does. */
  readonly describe: (step: S) => string
  /** Carries the steps out, in order. */
  readonly perform: (steps: readonly S[]) => Promise<void>
}

/** The means of a plan whose steps are names: what each says, and what it does. */
export function namedSteps<S extends string>(
  descriptions: Readonly<Record<S, string>>,
  deeds: Readonly<Record<S, () => Promise<void>>>,
): Means<S> {
  return {
    describe: (step) => descriptions[step],
    perform: async (steps) => {
      for (const step of steps) await deeds[step]()
    },
  }
}

/**
 * Carries a plan out, or with `--explain` only shows it with the facts it rests on.
 *
 * @returns the plan's exit code, for a plan without a reason
 * @throws OcfError for one with a reason, after its steps
 */
export async function carryOut<S, P extends Parameters>(
  context: Pick<Context<P>, 'explain'>,
  facts: unknown,
  plan: Plan<S>,
  { describe, perform }: Means<S>,
): Promise<ExitCode> {
  const { explain } = context
  if (explain) {
    explain.observed(facts)
    explain.decided(plan)
    explain.wouldDo(plan.steps.map(describe))
  } else {
    await perform(plan.steps)
  }
  if (plan.reason !== undefined) throw new OcfError(plan.exit, plan.reason, { detail: plan.detail })
  return plan.exit
}
