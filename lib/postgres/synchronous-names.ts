/** `synchronous_standby_names` (PostgreSQL manual, "Replication", "Primary Server"). */
import { quoteStandbyName } from './settings-text'

export interface SynchronousNames {
  /** How many of the standbys a commit waits for. */
  readonly count: number
  readonly names: readonly string[]
  /** `FIRST`: those named first; `ANY`: whichever. */
  readonly method: 'FIRST' | 'ANY'
}

/** Reads the setting in any of its forms. */
export function readSynchronousNames(setting: string): SynchronousNames {
  const [, method, count, list] = /^\s*(?:(first|any)\s+)?(\d+)\s*\((.*)\)\s*$/is.exec(setting) ?? []
  const names = [...(list ?? setting).matchAll(/"((?:[^"]|"")*)"|([^\s,"]+)/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? '',
  )
  return {
    count: names.length === 0 ? 0 : Number(count ?? 1),
    names,
    method: method?.toLowerCase() === 'any' ? 'ANY' : 'FIRST',
  }
}

/** The setting with which a commit waits for all of these standbys; from version 9.6 on for more than one. */
export function waitForAll(names: readonly string[]): string {
  const list = names.map(quoteStandbyName).join(', ')
  return names.length <= 1 ? list : `FIRST ${names.length} (${list})`
}

/** The setting with which a commit waits for the first of these standbys that is connected; in every version. */
export function waitForFirst(names: readonly string[]): string {
  return names.map(quoteStandbyName).join(', ')
}

/** The setting with which a commit waits for `count` of these standbys, whichever; from version 10 on. */
export function waitForAny(count: number, names: readonly string[]): string {
  return names.length === 0 ? '' : `ANY ${count} (${names.map(quoteStandbyName).join(', ')})`
}

/** Whether a setting makes commits wait for `count` of exactly these standbys, whichever. */
export function waitsForAny(setting: string, count: number, names: readonly string[]): boolean {
  const now = readSynchronousNames(setting)
  const known = now.names.map((name) => name.toLowerCase())
  const whichever = now.method === 'ANY' || now.names.length === 0
  return (
    whichever &&
    now.count === count &&
    known.length === names.length &&
    names.every((name) => known.includes(name.toLowerCase()))
  )
}

/** Whether a setting makes commits wait for exactly these, in this order. */
export function waitsForAll(setting: string, names: readonly string[]): boolean {
  const now = readSynchronousNames(setting)
  return (
    now.count === names.length &&
    now.names.length === names.length &&
    now.names.every((name, index) => name.toLowerCase() === names[index]?.toLowerCase())
  )
}
