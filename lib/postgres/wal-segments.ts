/** The files that the WAL is kept in (PostgreSQL manual, "WAL Internals"). */
import { existsOwned, listOwned } from '../system/owned-files'
import { type Timeline } from './control-data'
import { type Instance } from './instance'
import { type Lsn } from './lsn'

const hex = (value: number | bigint): string => value.toString(16).toUpperCase().padStart(8, '0')

/** Which file a position is in, counted from the first. */
export function segmentOf(position: Lsn, segmentSize: number): bigint {
  return BigInt(`0x${position}`) / BigInt(segmentSize)
}

/** The name of the file that holds a position. */
export function segmentName(timeline: Timeline, position: Lsn, segmentSize: number): string {
  const perLog = 2n ** 32n / BigInt(segmentSize)
  const segment = segmentOf(position, segmentSize)
  return `${hex(timeline)}${hex(segment / perLog)}${hex(segment % perLog)}`
}

/**
 * The timeline on which a standby has come as far as `position`: of the files that hold the byte before it, the one of
 * the latest timeline. A standby has such a file only of a timeline that it was on: it received it, or restored it.
 *
 * @param names - of the files in the directory of its WAL
 * @returns nothing when there is no such file any more
 */
export function timelineAt(
  names: readonly string[],
  position: Lsn,
  segmentSize: number,
): Timeline | undefined {
  const last = BigInt(`0x${position}`) - 1n
  if (last < 0n) return undefined
  const wanted = segmentName(0, hex64(last), segmentSize).slice(8)
  const timelines = names
    .filter((name) => /^[0-9A-F]{24}$/.test(name) && name.slice(8) === wanted)
    .map((name) => parseInt(name.slice(0, 8), 16))
  return timelines.length === 0 ? undefined : Math.max(...timelines)
}

const hex64 = (value: bigint): Lsn => value.toString(16).toUpperCase().padStart(16, '0')

/** The directory of a server's WAL. */
export function walDirectory({ owner, dataDirectory }: Instance): string {
  // Its name before version 10.
  const old = `${dataDirectory}/pg_xlog`
  return existsOwned(owner, old) ? old : `${dataDirectory}/pg_wal`
}

/** The files in the directory of a server's WAL. */
export function walFiles(instance: Instance): readonly { readonly timeline: Timeline }[] {
  const directory = walDirectory(instance)
  return listOwned(instance.owner, directory)
    .filter((name) => /^[0-9A-F]{24}$/.test(name))
    .map((name) => ({ timeline: parseInt(name.slice(0, 8), 16) }))
}
