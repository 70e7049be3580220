/** How long nobody served: from what was seen of the old and the new primary. */

/** What a node's server and addresses were from a moment on. */
export interface Sighting {
  readonly node: string
  /** Milliseconds, on the clock of whoever measures. */
  readonly atMs: number
  /** A commit was acknowledged. */
  readonly writes: boolean
  /** All addresses of the primary are there. */
  readonly addresses: boolean
}

export interface Outage {
  readonly ms: number
  readonly fromMs: number
  readonly toMs: number
}

/** When a node began, or ceased, to be what `is` says. */
function turns(
  sightings: readonly Sighting[],
  node: string,
  is: (sighting: Sighting) => boolean,
): readonly { readonly atMs: number; readonly to: boolean }[] {
  let before: boolean | undefined
  return sightings
    .filter((sighting) => sighting.node === node)
    .flatMap((sighting) => {
      const to = is(sighting)
      const turned = before !== undefined && before !== to
      before = to
      return turned ? [{ atMs: sighting.atMs, to }] : []
    })
}

const serves = ({ writes, addresses }: Sighting): boolean => writes && addresses

/** Nothing where it was not seen that the old one ceased to serve and the new one began. */
export function outageOf(sightings: readonly Sighting[], from: string, to: string): Outage | undefined {
  const end = turns(sightings, from, serves).find((turn) => !turn.to)
  if (end === undefined) return undefined
  const begin = turns(sightings, to, serves).find((turn) => turn.to && turn.atMs >= end.atMs)
  return begin && { ms: begin.atMs - end.atMs, fromMs: end.atMs, toMs: begin.atMs }
}

/** What happened in it, in order. */
export function momentsOf(
  sightings: readonly Sighting[],
  from: string,
  to: string,
): readonly { readonly atMs: number; readonly text: string }[] {
  const first = (
    node: string,
    is: (sighting: Sighting) => boolean,
    wanted: boolean,
    text: string,
  ): readonly { readonly atMs: number; readonly text: string }[] => {
    const turn = turns(sightings, node, is).find((one) => one.to === wanted)
    return turn ? [{ atMs: turn.atMs, text }] : []
  }
  return [
    ...first(from, ({ writes }) => writes, false, `${from} takes no more writes`),
    ...first(from, ({ addresses }) => addresses, false, `the addresses leave ${from}`),
    ...first(to, ({ writes }) => writes, true, `${to} takes writes`),
    ...first(to, ({ addresses }) => addresses, true, `the addresses are on ${to}`),
  ].sort((a, b) => a.atMs - b.atMs)
}
