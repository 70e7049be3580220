/** What a storm is asked to be. */
import { FAULT_NAMES, type FaultName } from './kinds'

export const MODES = ['sync', 'async', 'quorum', 'strict'] as const
export const REJOINS = ['rewind', 'basebackup', 'safe'] as const

export interface StormOptions {
  readonly nodes: number
  readonly seed: number
  readonly fence: boolean
  readonly mode: (typeof MODES)[number]
  readonly rejoin: (typeof REJOINS)[number]
  readonly only: readonly FaultName[]
  /** It ends after this many faults, or after this time, whichever comes first. */
  readonly rounds: number
  readonly minutes: number
  /** How long the faults last that last at all; without it, as long as their kinds say. */
  readonly seconds: readonly [low: number, high: number] | undefined
  /** How long a cluster has to become healthy, from the end of a fault's cause. */
  readonly deadlineSeconds: number
}

/** What the command line said, checked. */
export function parseOptions(values: {
  readonly nodes: string
  readonly minutes?: string | undefined
  readonly rounds?: string | undefined
  readonly seed?: string | undefined
  readonly mode: string
  readonly rejoin: string
  readonly fence: boolean
  readonly only?: string | undefined
  readonly seconds?: string | undefined
  readonly deadline?: string | undefined
}): StormOptions {
  const { nodes, minutes, rounds, seed, mode, rejoin, fence, only, seconds, deadline = '180' } = values
  return {
    nodes: number('--nodes', nodes, 3, 9),
    seed: seed === undefined ? Date.now() % 1_000_000 : number('--seed', seed, 0, 2 ** 32 - 1),
    fence,
    mode: oneOf('--mode', mode, MODES),
    rejoin: oneOf('--rejoin', rejoin, REJOINS),
    only:
      only === undefined ? FAULT_NAMES : only.split(',').map((name) => oneOf('--only', name, FAULT_NAMES)),
    seconds: seconds === undefined ? undefined : range('--seconds', seconds),
    deadlineSeconds: number('--deadline', deadline, 1, 3600),
    rounds: rounds === undefined ? Infinity : number('--rounds', rounds, 1, 1e6),
    minutes:
      minutes === undefined ? (rounds === undefined ? 10 : Infinity) : number('--minutes', minutes, 1, 1e5),
  }
}

function number(option: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw new Error(`${option} ${text}: it is a number from ${least} to ${most}`)
}

/** `12-16`, or one number. */
function range(option: string, text: string): readonly [number, number] {
  const [low = '', high = low] = text.split('-')
  const from = number(option, low, 0, 3600)
  return [from, number(option, high, from, 3600)]
}

function oneOf<T extends string>(option: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === text)
  if (found !== undefined) return found
  throw new Error(`${option} ${text}: it is one of ${allowed.join(', ')}`)
}
