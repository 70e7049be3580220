/** Which part of the logs is meant. */
import { wellFormed } from '../../lib/cluster/cib-text'
import { scanElements } from '../../lib/cluster/elements'
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

/**
 * When the cluster last promoted the resource, by the history that it keeps of each node.
 *
 * @returns milliseconds since 1970; nothing where it never did
 */
export function lastPromotion(xml: string, resource: string): number | undefined {
  let current = ''
  const times: number[] = []
  scanElements(wellFormed(xml), {
    open: (name, attributes, path) => {
      if (name === 'lrm_resource') current = (attributes['id'] ?? '').replace(/:\d+$/, '')
      if (name !== 'lrm_rsc_op' || current !== resource || !path.includes('status')) return
      const { operation, 'rc-code': code, 'last-rc-change': seconds } = attributes
      const at = Number(seconds) * 1000
      if (operation === 'promote' && code === '0' && Number.isFinite(at)) times.push(at)
    },
  })
  return times.length === 0 ? undefined : Math.max(...times)
}
