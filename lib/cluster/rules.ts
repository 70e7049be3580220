/**
 * Rules of a CIB, as far as they choose values: whether one holds for a node, a resource and an operation at a time
 * ("Rules" in Pacemaker Explained). What cannot be known here, such as a node that is not named, does not hold.
 */
import { attribute, childrenOf, type Element, nameOf } from './tree'

/** What rules are asked about. */
export interface RuleFacts {
  /** The node's name, and its attributes. */
  readonly node?: string | undefined
  readonly attributes?: Readonly<Record<string, string | undefined>>
  /** `ocf`, `ts`, `pgsql` of a resource. */
  readonly resource?: Readonly<Record<'class' | 'provider' | 'type', string | undefined>>
  readonly operation?: { readonly name: string; readonly interval: string }
  readonly now: Date
}

/** An element by its id: rules can be used again by `id-ref`. */
export type ById = (id: string, name: string) => Element | undefined

/** The element itself, or the one that its id-ref names. */
export function referred(element: Element, byId: ById): Element | undefined {
  const reference = attribute(element, 'id-ref')
  return reference === undefined ? element : byId(reference, nameOf(element))
}

type Test = (order: number) => boolean

const COMPARISONS: Readonly<Record<string, Test | undefined>> = {
  lt: (order) => order < 0,
  lte: (order) => order <= 0,
  gt: (order) => order > 0,
  gte: (order) => order >= 0,
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
}

/** How two versions are ordered, part by part. */
function compareVersions(one: string, other: string): number {
  const [left, right] = [one, other].map((text) => text.split(/[.-]/).map(Number)) as [number[], number[]]
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Without a type, what is ordered is a number, and what is compared is a text. */
function compare(type: string | undefined, operation: string, one: string, other: string): number {
  const kind = type ?? (/^[lg]t/.test(operation) ? 'number' : 'string')
  if (kind === 'version') return compareVersions(one, other)
  if (kind === 'string') {
    const [left, right] = [one.toLowerCase(), other.toLowerCase()]
    return left < right ? -1 : left > right ? 1 : 0
  }
  return Number(one) - Number(other)
}

function valueOf(name: string, { node, attributes = {} }: RuleFacts): string | undefined {
  if (name === '#uname') return node
  if (name === '#kind') return attributes['#kind'] ?? (node === undefined ? undefined : 'cluster')
  return attributes[name]
}

function expressionHolds(element: Element, facts: RuleFacts): boolean {
  const operation = attribute(element, 'operation') ?? ''
  const value = valueOf(attribute(element, 'attribute') ?? '', facts)
  if (operation === 'defined') return value !== undefined
  if (operation === 'not_defined') return value === undefined
  if (value === undefined) return false
  const order = compare(attribute(element, 'type'), operation, value, attribute(element, 'value') ?? '')
  return COMPARISONS[operation]?.(order) ?? false
}

const timeOf = (text: string | undefined): number | undefined => {
  const time = text === undefined ? NaN : Date.parse(text.trim().replace(' ', 'T'))
  return Number.isNaN(time) ? undefined : time
}

/** The parts of a time that a `date_spec` can name, in the machine's time zone. */
function partsOf(now: Date): Readonly<Record<string, number>> {
  return {
    seconds: now.getSeconds(),
    minutes: now.getMinutes(),
    hours: now.getHours(),
    monthdays: now.getDate(),
    weekdays: now.getDay() === 0 ? 7 : now.getDay(),
    months: now.getMonth() + 1,
    years: now.getFullYear(),
  }
}

function specificationHolds(element: Element, now: Date): boolean {
  const parts = partsOf(now)
  return Object.entries(element[':@'] ?? {})
    .filter(([name]) => name !== 'id')
    .every(([name, range]) => {
      const part = parts[name]
      const [least = '', most = range.includes('-') ? '' : least] = range.split('-')
      return part !== undefined && part >= Number(least) && (most === '' || part <= Number(most))
    })
}

function dateHolds(element: Element, { now }: RuleFacts): boolean {
  const [start, end] = [timeOf(attribute(element, 'start')), timeOf(attribute(element, 'end'))]
  switch (attribute(element, 'operation') ?? 'in_range') {
    case 'gt':
      return start !== undefined && now.getTime() > start
    case 'lt':
      return end !== undefined && now.getTime() < end
    case 'date_spec':
      return childrenOf(element, 'date_spec').every((specification) => specificationHolds(specification, now))
    default:
      // Of a range that is given by its duration, the end is not known here.
      return (
        childrenOf(element, 'duration').length === 0 &&
        (start === undefined || now.getTime() >= start) &&
        (end === undefined || now.getTime() <= end)
      )
  }
}

function resourceHolds(element: Element, { resource }: RuleFacts): boolean {
  return (
    resource !== undefined &&
    (['class', 'provider', 'type'] as const).every((part) => {
      const wanted = attribute(element, part)
      return wanted === undefined || wanted === resource[part]
    })
  )
}

const secondsOf = (interval: string): number => {
  const [, number = '0', unit = 's'] = /^(\d+)\s*(\w*)$/.exec(interval.trim()) ?? []
  return Number(number) * (/^ms/.test(unit) ? 0.001 : /^m/.test(unit) ? 60 : /^h/.test(unit) ? 3600 : 1)
}

function operationHolds(element: Element, { operation }: RuleFacts): boolean {
  const interval = attribute(element, 'interval')
  return (
    operation !== undefined &&
    operation.name === attribute(element, 'name') &&
    (interval === undefined || secondsOf(interval) === secondsOf(operation.interval))
  )
}

/** Whether a rule holds. */
export function ruleHolds(rule: Element, facts: RuleFacts, byId: ById): boolean {
  const own = referred(rule, byId)
  if (!own) return false
  const holds = (element: Element): boolean => {
    switch (nameOf(element)) {
      case 'rule':
        return ruleHolds(element, facts, byId)
      case 'expression':
        return expressionHolds(element, facts)
      case 'date_expression':
        return dateHolds(element, facts)
      case 'rsc_expression':
        return resourceHolds(element, facts)
      case 'op_expression':
        return operationHolds(element, facts)
      default:
        return false
    }
  }
  const conditions = childrenOf(own)
  return attribute(own, 'boolean-op') === 'or' ? conditions.some(holds) : conditions.every(holds)
}
