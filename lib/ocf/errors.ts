import { type ExitCode } from './exit-codes'

interface OcfErrorOptions extends ErrorOptions {
  /** What else helps; it goes to the log only. */
  readonly detail?: string | undefined
}

/**
 * Ends an action with an exit code and the one-line reason that `crm_mon` shows.
 * The reason names what is wrong, the value found, and the fix. Pacemaker keeps 127 characters of it.
 */
export class OcfError extends Error {
  override readonly name = 'OcfError'

  readonly detail: string | undefined

  constructor(
    readonly code: ExitCode,
    readonly reason: string,
    { detail, ...options }: OcfErrorOptions = {},
  ) {
    super(reason, options)
    this.detail = detail
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
