/**
 * A position in the write-ahead log, as the 16 upper-case hexadecimal digits that the cluster's attributes hold:
 * PostgreSQL's `3/2000078` is `0000000302000078`. Of two positions the later one is the greater text.
 */
export type Lsn = string

/**
 * Reads a position as PostgreSQL writes it (PostgreSQL manual, "pg_lsn Type").
 *
 * @returns nothing for anything else, the empty text included
 */
export function readLsn(text: string | null | undefined): Lsn | undefined {
  const [, high, low] = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i.exec(text ?? '') ?? []
  return high !== undefined && low !== undefined
    ? `${high.padStart(8, '0')}${low.padStart(8, '0')}`.toUpperCase()
    : undefined
}

/** The later of two positions; one that is not known is earlier than any that is. */
export function laterLsn(a: Lsn | undefined, b: Lsn | undefined): Lsn | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a >= b ? a : b
}

/** A position as PostgreSQL writes it. */
export function writeLsn(position: Lsn): string {
  const half = (digits: string): string => digits.replace(/^0+(?=.)/, '')
  return `${half(position.slice(0, 8))}/${half(position.slice(8))}`
}

/** How many bytes of WAL lie between two positions; none where the second is not the later one. */
export function bytesBetween(from: Lsn, to: Lsn): number {
  return Math.max(0, Number(BigInt(`0x${to}`) - BigInt(`0x${from}`)))
}
