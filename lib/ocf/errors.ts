import { type ExitCode } from './exit-codes'

/**
 * Ends an action with an exit code and the one-line reason that `crm_mon` shows.
 * The reason names what is wrong, the value found, and the mend.
 */
export class OcfError extends Error {
  override readonly name = 'OcfError'

  constructor(
    readonly code: ExitCode,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(reason, options)
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
