/**
 * Files in which one action leaves something for a later one, as JSON, in a directory of the database's account. What
 * they say is a hint and never an order: it is read with limits, and counts only where it has the form that was expected.
 */
import { readOwned, writeOwned } from './owned-files'
import { STATE_BYTES, UnusableFileError } from './regular-file'
import { type User } from './users'

/** The way to the part of a value that has not its form: names of fields, and numbers in lists. */
export type Trail = string[]

/**
 * Reads a value of one form; nothing where it has another.
 *
 * @param trail - is given where the form was missed
 */
export type Form<T> = (value: unknown, trail?: Trail) => T | undefined

/** What a form reads. */
export type Formed<F> = F extends Form<infer T> ? T : never

/** @param pattern - the whole text matches it */
export function text({
  max = 1000,
  pattern,
}: { readonly max?: number; readonly pattern?: RegExp } = {}): Form<string> {
  return (value) =>
    typeof value === 'string' && value.length <= max && (pattern?.test(value) ?? true) ? value : undefined
}

/** A whole number. */
export function whole(min: number, max: number): Form<number> {
  return (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max
      ? value
      : undefined
}

/** A number that is not more than `max`, and not less than `-max`. */
export function numeric(max = Number.MAX_VALUE): Form<number> {
  return (value) => (typeof value === 'number' && Math.abs(value) <= max ? value : undefined)
}

export function oneOf<const T extends string>(...known: readonly T[]): Form<T> {
  return (value) => known.find((each) => each === value)
}

export const flag: Form<boolean> = (value) => (typeof value === 'boolean' ? value : undefined)

/** What may be `null`. */
export function nullable<T>(form: Form<T>): Form<T | null> {
  return (value, trail) => (value === null ? null : form(value, trail))
}

/** What has one form or the other. */
export function either<A, B>(one: Form<A>, other: Form<B>): Form<A | B> {
  return (value, trail) => one(value) ?? other(value, trail)
}

/** An array of no more than `max`, each of that form. */
export function list<T>(form: Form<T>, max = 100_000): Form<readonly T[]> {
  return (value, trail) => {
    if (!Array.isArray(value) || value.length > max) return undefined
    const read: T[] = []
    for (const each of value as readonly unknown[]) {
      const found = form(each, trail)
      if (found === undefined) {
        trail?.unshift(String(read.length))
        return undefined
      }
      read.push(found)
    }
    return read
  }
}

/** A part of a record that may be missing. */
const OPTIONAL = Symbol('optional')
interface Optional<T> {
  readonly [OPTIONAL]: Form<T>
}

export function optional<T>(form: Form<T>): Optional<T> {
  return { [OPTIONAL]: form }
}

type Parts = Readonly<Record<string, Form<unknown> | Optional<unknown>>>
type Required<P extends Parts> = { [K in keyof P as P[K] extends Form<unknown> ? K : never]: P[K] }
type Optionals<P extends Parts> = { [K in keyof P as P[K] extends Form<unknown> ? never : K]: P[K] }
type RecordOf<P extends Parts> = { readonly [K in keyof Required<P>]: Formed<P[K]> } & {
  readonly [K in keyof Optionals<P>]?: P[K] extends Optional<infer T> ? T : never
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** An object of known parts; what else it has is left out. */
export function record<const P extends Parts>(parts: P): Form<RecordOf<P>> {
  return (value, trail) => {
    if (!isRecord(value)) return undefined
    const read: Record<string, unknown> = {}
    for (const [name, part] of Object.entries(parts)) {
      const given = Object.hasOwn(value, name) ? value[name] : undefined
      const form = typeof part === 'function' ? part : part[OPTIONAL]
      if (given === undefined && typeof part !== 'function') continue
      const found = form(given, trail)
      if (found === undefined) {
        trail?.unshift(name)
        return undefined
      }
      read[name] = found
    }
    return read as RecordOf<P>
  }
}

/** An object of any names, no more than `max`, each with a value of that form. */
export function dictionary<T>(form: Form<T>, max: number): Form<Readonly<Record<string, T>>> {
  return (value, trail) => {
    if (!isRecord(value)) return undefined
    const entries = Object.entries(value)
    if (entries.length > max) return undefined
    const read: (readonly [string, T])[] = []
    for (const [name, each] of entries) {
      const found = form(each, trail)
      if (found === undefined) {
        trail?.unshift(name)
        return undefined
      }
      read.push([name, found])
    }
    return Object.fromEntries(read)
  }
}

/** What was found where a state file would be. */
export type Found<T> =
  | { readonly kind: 'nothing' }
  /** It cannot have been written by the agent, or not as a whole. */
  | { readonly kind: 'unusable'; readonly because: string }
  | { readonly kind: 'state'; readonly state: T }

/**
 * A text as the state that it holds; nothing where it holds none of that form.
 *
 * @param trail - as of a form
 */
export function parseState<T>(content: string, form: Form<T>, trail?: Trail): T | undefined {
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch {
    return undefined
  }
  return form(value, trail)
}

/** @throws Error of the system, where it is not known what is there: a disk that fails, a directory without permission */
export function findState<T>(owner: User, path: string, form: Form<T>): Found<T> {
  let content: string | undefined
  try {
    content = readOwned(owner, path, { limit: STATE_BYTES })
  } catch (error) {
    if (error instanceof UnusableFileError) return { kind: 'unusable', because: error.message }
    throw error
  }
  if (content === undefined) return { kind: 'nothing' }
  const state = parseState(content, form)
  return state === undefined
    ? { kind: 'unusable', because: `${path} does not hold what the agent writes there` }
    : { kind: 'state', state }
}

/**
 * The state that a file holds; nothing where there is none, and where what is there is not of that form.
 *
 * @throws as `findState`
 */
export function readState<T>(owner: User, path: string, form: Form<T>): T | undefined {
  const found = findState(owner, path, form)
  return found.kind === 'state' ? found.state : undefined
}

/** Writes what `readState` reads, in one step. */
export function writeState(owner: User, path: string, state: object): void {
  writeOwned(owner, path, `${JSON.stringify(state)}\n`)
}
