/** How a command ends: for scripts the code, for people the words. */

/** Exit codes of every command. */
export const Exit = {
  /** Done; or all is well. */
  OK: 0,
  /** Something is not as it should be, or what was begun has failed. */
  TROUBLE: 1,
  /** The command line is wrong. */
  USAGE: 2,
  /** Not safe, or not agreed to: nothing was changed. */
  REFUSED: 3,
  /** The cluster, or a node that is needed, does not answer. */
  UNREACHABLE: 4,
} as const

export type Exit = (typeof Exit)[keyof typeof Exit]

/** The same for people: in `--help`, and in the man page. */
export const EXIT_MEANINGS: Readonly<Record<Exit, string>> = {
  [Exit.OK]: 'done, all is well',
  [Exit.TROUBLE]: 'something is wrong, or failed',
  [Exit.USAGE]: 'wrong command line',
  [Exit.REFUSED]: 'refused, nothing changed',
  [Exit.UNREACHABLE]: 'the cluster or a node does not answer',
}

/** A command cannot go on. The message is one sentence for the operator, `advice` what to do about it. */
export class CommandError extends Error {
  override readonly name = 'CommandError'

  constructor(
    readonly exit: Exit,
    message: string,
    readonly advice?: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}
