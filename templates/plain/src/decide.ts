/** Decide: what the facts mean. Pure functions; test/decide.test.ts has a table of them. */
import { ExitCode, type Plan } from 'ocf-ts'
import { type Facts } from './observe'

export type StartStep = 'start program'
export type StopStep = 'end program' | 'remove note'

/** A start of what is started does nothing, and succeeds. */
export function decideStart({ pid }: Facts): Plan<StartStep> {
  return { exit: ExitCode.SUCCESS, steps: pid === undefined ? ['start program'] : [] }
}

/** A stop of what is stopped does nothing, and succeeds. */
export function decideStop({ pid, noted }: Facts): Plan<StopStep> {
  return {
    exit: ExitCode.SUCCESS,
    steps: [
      ...(pid === undefined ? [] : ['end program' as const]),
      ...(noted ? ['remove note' as const] : []),
    ],
  }
}

/** @param complaint - what the health command has against the program, if it has been asked */
export function decideMonitor({ pid }: Facts, complaint?: string): Plan<never> {
  if (pid === undefined) return { exit: ExitCode.NOT_RUNNING, steps: [] }
  if (complaint === undefined) return { exit: ExitCode.SUCCESS, steps: [] }
  return { exit: ExitCode.ERR_GENERIC, reason: complaint, steps: [] }
}
