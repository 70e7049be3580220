/** Schedules that are written by hand: moves, and what is done until nothing more comes of it. */
import { apply, type Move, type MoveKind } from './moves'
import { type World } from './world'

/** More than any action takes. */
const LIMIT = 500

export class Script {
  readonly moves: Move[] = []

  constructor(readonly world: World) {}

  /** One move, which has to be possible. */
  does(kind: MoveKind, node: number): this {
    const move: Move = [kind, node]
    if (!apply(this.world, move)) throw new Error(`${kind} of node${node + 1} is not possible`)
    this.moves.push(move)
    return this
  }

  /** This move of this node, until that is so. */
  until(done: () => boolean, kind: MoveKind, node: number): this {
    for (let round = 0; !done(); round += 1) {
      if (round === LIMIT) throw new Error('it does not come to that')
      this.does(kind, node)
    }
    return this
  }

  /** These moves of these nodes, in turn, until none of them is possible. */
  goesOn(kinds: readonly MoveKind[], nodes: readonly number[]): this {
    for (let round = 0; round < LIMIT; round += 1) {
      let moved = false
      for (const kind of kinds) {
        for (const node of nodes) {
          if (!apply(this.world, [kind, node])) continue
          this.moves.push([kind, node])
          moved = true
        }
      }
      if (!moved) return this
    }
    throw new Error('there is no end to it')
  }
}
