/** Decide: what the facts mean. Pure functions; test/decide.test.ts has a table of them. */
import { ExitCode, type Plan } from 'ocf-ts'
import { type Facts } from './observe'

export type StartStep = 'start program' | 'offer'
export type StopStep = 'withdraw' | 'end program' | 'remove notes'
export type RoleStep = 'run command' | 'note role'

/** A start of what is started starts nothing, and succeeds. */
export function decideStart({ pid }: Facts): Plan<StartStep> {
  return {
    exit: ExitCode.SUCCESS,
    steps: [...(pid === undefined ? ['start program' as const] : []), 'offer'],
  }
}

/** A stop of what is stopped ends nothing, and succeeds. */
export function decideStop({ pid, noted }: Facts): Plan<StopStep> {
  return {
    exit: ExitCode.SUCCESS,
    steps: [
      'withdraw',
      ...(pid === undefined ? [] : ['end program' as const]),
      ...(noted ? ['remove notes' as const] : []),
    ],
  }
}

/** @param complaint - what the health command has against the program, if it has been asked */
export function decideMonitor({ pid, promoted }: Facts, complaint?: string): Plan<never> {
  if (pid === undefined) return { exit: ExitCode.NOT_RUNNING, steps: [] }
  if (complaint === undefined) {
    return { exit: promoted ? ExitCode.RUNNING_PROMOTED : ExitCode.SUCCESS, steps: [] }
  }
  return { exit: promoted ? ExitCode.FAILED_PROMOTED : ExitCode.ERR_GENERIC, reason: complaint, steps: [] }
}

/** A promotion or a demotion: of what has the role already, nothing is done, and it succeeds. */
export function decideRole({ pid, promoted }: Facts, wanted: 'promoted' | 'unpromoted'): Plan<RoleStep> {
  if (pid === undefined) {
    return { exit: ExitCode.NOT_RUNNING, reason: 'the program does not run: start it first', steps: [] }
  }
  const done = promoted === (wanted === 'promoted')
  return { exit: ExitCode.SUCCESS, steps: done ? [] : ['run command', 'note role'] }
}
