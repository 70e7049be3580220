/** The faults of a storm, by name. What each does is in `faults.ts`; whom it hits and for how long is decided here. */

/** Whose node is hit: what it is at the moment of the fault. */
export type Part = 'primary' | 'standby' | 'any'

export interface FaultKind {
  readonly hits: Part
  /** How long it lasts, in seconds; none where it is over at once or lasts as long as it takes. */
  readonly seconds?: readonly [low: number, high: number]
  /** How often, compared with the others. Default: 2. */
  readonly weight?: number
}

export const FAULTS = {
  /** As a virtual machine: its kernel answers nothing either. */
  sleep: { hits: 'primary', seconds: [2, 60], weight: 5 },
  'sleep-standby': { hits: 'standby', seconds: [2, 60] },
  /** Its processes only: the kernel of the node answers for them. */
  suspend: { hits: 'primary', seconds: [2, 60] },
  'kill-primary': { hits: 'primary', weight: 3 },
  'kill-standby': { hits: 'standby' },
  freeze: { hits: 'primary', seconds: [2, 40] },
  'freeze-standby': { hits: 'standby', seconds: [2, 40] },
  power: { hits: 'primary', seconds: [1, 30], weight: 3 },
  'power-standby': { hits: 'standby', seconds: [1, 30] },
  cut: { hits: 'primary', seconds: [2, 60], weight: 3 },
  'cut-standby': { hits: 'standby', seconds: [2, 60] },
  'cut-clients': { hits: 'any', seconds: [2, 30] },
  'cut-messages': { hits: 'any', seconds: [2, 30] },
  'cut-replication': { hits: 'any', seconds: [2, 30] },
  loss: { hits: 'any', seconds: [5, 30] },
  delay: { hits: 'any', seconds: [5, 30] },
  flap: { hits: 'any', seconds: [4, 15] },
  'kill-attrd': { hits: 'any' },
  'kill-based': { hits: 'any' },
  'kill-controld': { hits: 'any' },
  'kill-execd': { hits: 'any' },
  'kill-schedulerd': { hits: 'any', weight: 1 },
  'kill-fenced': { hits: 'any', weight: 1 },
  'kill-pacemakerd': { hits: 'any', weight: 1 },
  'kill-corosync': { hits: 'any' },
  'kill-agents': { hits: 'any', seconds: [3, 10], weight: 3 },
  'two-nodes': { hits: 'any', seconds: [2, 40], weight: 3 },
  reboot: { hits: 'any' },
  ban: { hits: 'primary' },
  standby: { hits: 'primary', seconds: [1, 10] },
  'hand-promotion': { hits: 'standby' },
  'disk-full': { hits: 'primary', seconds: [5, 30] },
} as const satisfies Record<string, FaultKind>

export type FaultName = keyof typeof FAULTS

export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[]

/** What this lab cannot do, and why: the report says so. */
export const SKIPPED = [
  {
    name: 'clock-step',
    reason:
      'the nodes share the clock of the machine: a time namespace holds the monotonic and the boot-time clock, not the time of day',
  },
] as const

export const isFaultName = (name: string): name is FaultName => Object.hasOwn(FAULTS, name)

export const weightOf = (name: FaultName): number => {
  const kind: FaultKind = FAULTS[name]
  return kind.weight ?? 2
}
