/** Parameters of an agent: declared once, and everything else about them is derived from here. */
import { type OcfEnvironment } from './environment'
import { type ExitCode } from './exit-codes'

type Derive<T> = (values: Readonly<Record<string, unknown>>, env?: OcfEnvironment) => T

/** What every parameter says of itself, for the meta-data and the usage text. */
export interface ParameterText {
  /** One line, without a full stop. */
  readonly shortdesc: string
  /** Whole sentences: meaning, unit, what happens without it. Defaults to `shortdesc`. */
  readonly longdesc?: string
  /** The resource cannot be configured without it. Default: false. */
  readonly required?: boolean
  /** Parameters of one group must, taken together, differ between any two resources of the agent. */
  readonly uniqueGroup?: string
  /** A change takes effect through `reload-agent`, without a restart of the resource. Default: false. */
  readonly reloadable?: boolean
  /** Names of older agents that are accepted too, and not shown; the parameter's own name comes first. */
  readonly aliases?: readonly string[]
  /** Never shown in logs, reasons or `--explain`. Default: false. */
  readonly secret?: boolean
}

/** A parameter whose value, once parsed, is a `T`. */
export interface Parameter<T> extends ParameterText {
  readonly type: 'string' | 'integer' | 'boolean' | 'select'
  /** The values a `select` can take. */
  readonly options?: readonly string[]
  /** What holds when the parameter is not given. */
  readonly default?: T
  /** The same, from the values of parameters declared before it, and from the environment where there is one. */
  readonly derive?: Derive<T>
  /** Reads a value from its text; throws an Error that says what is allowed. */
  parse(text: string): T
}

export type Parameters = Readonly<Record<string, Parameter<unknown>>>

/** The values of a set of parameters, typed from their declarations. */
export type Values<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never
}

/** A value that a parameter does not accept. */
export interface ParameterProblem {
  readonly name: string
  /** The text given, `undefined` when there was none; withheld for a secret. */
  readonly value: string | undefined
  /** One line: the parameter, its value and the fix. */
  readonly reason: string
  /**
   * What the action ends with. Default: ERR_CONFIGURED, with which pacemaker stops the resource on every node; what is
   * wrong on this node alone must be ERR_ARGS, which keeps it off this node.
   */
  readonly code?: ExitCode
}

/** A check beyond the type: returns what is allowed when the value is not, and nothing when it is. */
type Check<T> = (value: T) => string | undefined

interface Options<T> extends ParameterText {
  readonly default?: T
  readonly derive?: Derive<T>
  readonly check?: Check<T>
}

function checked<T>(value: T, check: Check<T> | undefined): T {
  const allowed = check?.(value)
  if (allowed !== undefined) throw new Error(allowed)
  return value
}

/** Any text. Without a default, a parameter that is not given is the empty text. */
export function text(options: Options<string>): Parameter<string> {
  const { check, ...rest } = options
  return { default: '', ...rest, type: 'string', parse: (value) => checked(value, check) }
}

/** A whole number between `min` and `max` (both included). */
export function integer(options: Options<number> & { min?: number; max?: number }): Parameter<number> {
  const { check, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER, ...rest } = options
  const allowed =
    options.max !== undefined
      ? `a whole number from ${min} to ${max}`
      : options.min !== undefined
        ? `a whole number of ${min} or more`
        : 'a whole number'
  return {
    ...rest,
    type: 'integer',
    parse: (value) => {
      const number = /^[+-]?\d+$/.test(value.trim()) ? Number(value) : NaN
      if (!Number.isSafeInteger(number) || number < min || number > max) throw new Error(allowed)
      return checked(number, check)
    },
  }
}

/**
 * A span of time in seconds, as pacemaker's users write it: `5`, `5s`, `500ms`, `2min`, `1h`.
 * The value is a number of seconds and may have a fraction.
 */
export function seconds(options: Options<number> & { min?: number }): Parameter<number> {
  const { check, min = 0, ...rest } = options
  const units: Record<string, number> = {
    '': 1,
    s: 1,
    sec: 1,
    ms: 0.001,
    msec: 0.001,
    m: 60,
    min: 60,
    h: 3600,
  }
  return {
    ...rest,
    type: 'string',
    parse: (value) => {
      const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value.trim()) ?? []
      const factor = units[unit.toLowerCase()]
      const span = Number(digits) * (factor ?? NaN)
      if (digits === '' || !Number.isFinite(span) || span < min) {
        throw new Error(`a time of ${min} seconds or more, such as 5 or 5s or 500ms`)
      }
      return checked(span, check)
    },
  }
}

/**
 * A number of bytes, as PostgreSQL's administrators write it (PostgreSQL manual, "Parameter Names and Values"): `16MB`,
 * `1 GB`, or without a unit. The units are multiples of 1024.
 */
export function bytes(options: Options<number>): Parameter<number> {
  const { check, ...rest } = options
  const units = ['b', 'kb', 'mb', 'gb', 'tb']
  return {
    ...rest,
    type: 'string',
    parse: (value) => {
      const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(value.trim()) ?? []
      const power = unit === '' ? 0 : units.indexOf(unit.toLowerCase())
      const size = Math.round(Number(digits) * 1024 ** power)
      if (digits === '' || power < 0 || !Number.isSafeInteger(size)) {
        throw new Error('a number of bytes, such as 16MB or 16777216')
      }
      return checked(size, check)
    },
  }
}

/** A truth value, in the spellings that `ocf_is_true` knows. */
export function boolean(options: Options<boolean>): Parameter<boolean> {
  const { check, ...rest } = options
  return {
    ...rest,
    type: 'boolean',
    parse: (value) => {
      if (/^(yes|true|1|y|on|ja)$/i.test(value)) return checked(true, check)
      if (/^(no|false|0|n|off|nein|)$/i.test(value)) return checked(false, check)
      throw new Error('true or false (also yes/no, on/off, 1/0)')
    },
  }
}

/** One of a few words. */
export function choice<const W extends string>(words: readonly W[], options: Options<W>): Parameter<W> {
  const { check, ...rest } = options
  return {
    ...rest,
    type: 'select',
    options: words,
    parse: (value) => {
      const word = words.find((candidate) => candidate === value)
      if (word === undefined) throw new Error(`one of ${words.join(', ')}`)
      return checked(word, check)
    },
  }
}

/** Words separated by blanks. */
export function words(options: Options<readonly string[]>): Parameter<readonly string[]> {
  const { check, ...rest } = options
  return {
    default: [],
    ...rest,
    type: 'string',
    parse: (value) => checked(value.split(/\s+/).filter(Boolean), check),
  }
}

/** A check for `text`: the value is empty or a path that does not depend on where the agent was started. */
export function absolutePath(value: string): string | undefined {
  return value === '' || value.startsWith('/') ? undefined : 'an absolute path'
}

/** How a value is written in the meta-data and in the environment. */
export function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.join(' ')
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : ''
}

/**
 * Reads all parameters from their texts. Every parameter gets a value: what is missing or not accepted falls back
 * to the default (to nothing where there is none), and is reported as a problem.
 *
 * @param texts - the texts given, by parameter name; `undefined` where a parameter was not given
 * @param env - what some defaults depend on, too
 */
export function readParameters<P extends Parameters>(
  parameters: P,
  texts: Readonly<Record<string, string | undefined>>,
  env?: OcfEnvironment,
): { values: Values<P>; problems: readonly ParameterProblem[] } {
  const values: Record<string, unknown> = {}
  const problems: ParameterProblem[] = []
  // Parameters are read in the order they are declared, so that one can be derived from those before it.
  const fallBack = (name: string, parameter: Parameter<unknown>): void => {
    values[name] = parameter.derive ? parameter.derive(values, env) : parameter.default
  }
  for (const [name, parameter] of Object.entries(parameters)) {
    const given = texts[name]
    // An empty text is how configurations write "not set".
    if (given === undefined || given === '') {
      fallBack(name, parameter)
      if (parameter.required === true) {
        problems.push({
          name,
          value: given,
          reason: `${name} is not set: it is required (${parameter.shortdesc})`,
        })
      }
      continue
    }
    try {
      values[name] = parameter.parse(given)
    } catch (error) {
      const allowed = error instanceof Error ? error.message : String(error)
      const shown = parameter.secret === true ? 'the value given' : `'${given}'`
      problems.push({
        name,
        value: parameter.secret === true ? undefined : given,
        reason: `${name}: ${shown} is not allowed; set ${name} to ${allowed}`,
      })
      fallBack(name, parameter)
    }
  }
  return { values: values as Values<P>, problems }
}
