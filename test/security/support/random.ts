/** Numbers that look random and are the same in each run (a linear congruential generator with a mixed output). */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number from 0 on, below `end`. */
  below(end: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b) >>> 0
    mixed = (mixed ^ (mixed >>> 15)) >>> 0
    return mixed % end
  }

  pick<T>(from: readonly T[]): T {
    const found = from[this.below(from.length)]
    if (found === undefined) throw new Error('nothing to choose from')
    return found
  }
}
