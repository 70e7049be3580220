/** Which part of the logs is meant. */
import { XMLParser } from 'fast-xml-parser'
import { CommandError, Exit } from '../exit'

const UNITS: Readonly<Record<string, number | undefined>> = {
  s: 1000,
  m: 60_000,
  h: 3600_000,
  d: 24 * 3600_000,
}

/**
 * A point in time as an operator writes it: `15m` (ago), `14:30`, `2026-11-23 14:30:05`.
 *
 * @throws CommandError USAGE for anything else
 */
export function readTime(option: string, text: string, now: Date): number {
  const [, amount, unit] = /^(\d+)\s*(s|m|h|d)$/.exec(text) ?? []
  if (amount !== undefined && unit !== undefined) return now.getTime() - Number(amount) * (UNITS[unit] ?? 0)
  if (/^\d\d?:\d\d(?::\d\d)?$/.test(text)) {
    const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number)
    const today = new Date(
      now.getFullYear(),
      now.getMonth(),
      now.getDate(),
      hours,
      minutes,
      seconds,
    ).getTime()
    return today > now.getTime() ? today - 24 * 3600_000 : today
  }
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? new Date(text.replace(' ', 'T')).getTime() : NaN
  if (Number.isFinite(time)) return time
  throw new CommandError(
    Exit.USAGE,
    `${option}: '${text}' is no time`,
    'write 15m or 2h (ago), 14:30, or 2026-11-23 14:30:05',
  )
}

interface Operation {
  readonly '@operation'?: string
  readonly '@rc-code'?: string
  readonly '@last-rc-change'?: string
}

/**
 * When the cluster last promoted the resource, by the history that it keeps of each node.
 *
 * @returns milliseconds since 1970; nothing where it never did
 */
export function lastPromotion(xml: string, resource: string): number | undefined {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    isArray: (name) => ['node_state', 'lrm_resource', 'lrm_rsc_op'].includes(name),
    parseAttributeValue: false,
  })
  const tree = parser.parse(xml) as {
    cib?: {
      status?: {
        node_state?: {
          lrm?: { lrm_resources?: { lrm_resource?: { '@id'?: string; lrm_rsc_op?: Operation[] }[] } }
        }[]
      }
    }
  }
  const resources = (tree.cib?.status?.node_state ?? []).flatMap(
    ({ lrm }) => lrm?.lrm_resources?.lrm_resource ?? [],
  )
  const times = resources
    .filter(({ '@id': id = '' }) => id.replace(/:\d+$/, '') === resource)
    .flatMap(({ lrm_rsc_op: operations = [] }) => operations)
    .filter(({ '@operation': operation, '@rc-code': code }) => operation === 'promote' && code === '0')
    .map(({ '@last-rc-change': seconds }) => Number(seconds) * 1000)
    .filter(Number.isFinite)
  return times.length === 0 ? undefined : Math.max(...times)
}
