/** Times as pacemaker's configuration and agents' meta-data write them. */

const UNITS: Readonly<Record<string, number | undefined>> = {
  '': 1,
  s: 1,
  sec: 1,
  ms: 0.001,
  msec: 0.001,
  us: 1e-6,
  usec: 1e-6,
  m: 60,
  min: 60,
  h: 3600,
  hr: 3600,
}

/** In seconds; nothing when it is no time. ISO 8601 durations (`PT30S`) are left to pacemaker. */
export function secondsOf(text: string | undefined): number | undefined {
  const [, number, unit = ''] = /^\s*(\d+)\s*([a-z]*)\s*$/i.exec(text ?? '') ?? []
  const factor = UNITS[unit.toLowerCase()]
  return number === undefined || factor === undefined ? undefined : Number(number) * factor
}
