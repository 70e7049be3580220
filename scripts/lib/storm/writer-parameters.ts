/** What a writer is told. */
export interface WriterParameters {
  /** An address, or the directory of a unix socket. */
  readonly host: string
  readonly user: string
  readonly writer: string
  /** From an acknowledgement to the next row. */
  readonly intervalMs: number
  /** From an error, or from the answer of a standby, to the next attempt. */
  readonly retryMs: number
  readonly queryMs: number
}
