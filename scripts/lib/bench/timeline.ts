/** Where the time of a failover goes, by what pacemaker wrote into its logs. */
import { readFileSync } from 'node:fs'
import { type Lab } from '../../../test/cluster/lab'

/** In the order in which they happen. */
export const STAGES = [
  'failure seen',
  'demoted',
  'stopped',
  'promotion begins',
  'promoted',
  'vip-master is up',
] as const
export type Stage = (typeof STAGES)[number]

/** Milliseconds from the kill to each stage; a stage that the logs do not tell is left out. */
export type Timeline = Readonly<Partial<Record<Stage, number>>>

/** The lab must run with this: the logs' times name no zone. */
export const TIMELINE_ENV = { TZ: 'UTC' } as const

/** What says that a stage is reached: on which of the nodes, and in which words. */
const SIGNS: Readonly<Record<Stage, readonly ['dead' | 'survivor', RegExp]>> = {
  'failure seen': ['dead', /Result of monitor operation for pgsql on \S+: (?!Cancelled|ok)/],
  demoted: ['dead', /Result of demote operation for pgsql on \S+: ok/],
  stopped: ['dead', /Result of stop operation for pgsql on \S+: ok/],
  'promotion begins': ['survivor', /Requesting local execution of promote operation for pgsql/],
  promoted: ['survivor', /Result of promote operation for pgsql on \S+: ok/],
  'vip-master is up': ['survivor', /Result of start operation for vip-master on \S+: ok/],
}

/** @param killedAt - the moment of the kill, as `Date.now()` tells it */
export function readTimeline(
  lab: Lab,
  nodes: { readonly dead: string; readonly survivor: string },
  killedAt: number,
): Timeline {
  const lines = {
    dead: linesSince(lab, nodes.dead, killedAt),
    survivor: linesSince(lab, nodes.survivor, killedAt),
  }
  return Object.fromEntries(
    STAGES.flatMap((stage) => {
      const [where, words] = SIGNS[stage]
      const found = lines[where].find(({ text }) => words.test(text))
      return found ? [[stage, found.at - killedAt]] : []
    }),
  )
}

function linesSince(lab: Lab, node: string, since: number): readonly { at: number; text: string }[] {
  const year = new Date(since).getUTCFullYear()
  return readFileSync(lab.node(node).logs.pacemaker, 'utf8')
    .split('\n')
    .flatMap((text) => {
      const stamp = /^([A-Z][a-z]{2} \d\d) (\d\d:\d\d:\d\d\.\d{3}) /.exec(text)
      const at = stamp ? Date.parse(`${stamp[1] ?? ''} ${year} ${stamp[2] ?? ''} UTC`) : NaN
      return at >= since ? [{ at, text }] : []
    })
}
