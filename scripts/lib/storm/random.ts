/** Random numbers that a seed decides, so that a storm can be played again. */

export class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** At least 0, less than 1 (mulberry32). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = this.state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  between(low: number, high: number): number {
    return low + this.next() * (high - low)
  }

  /** Between two positive numbers (or two zeros), every doubling as likely as the next: most that goes wrong is brief. */
  spread(low: number, high: number): number {
    const share = this.next()
    return low > 0 ? low * (high / low) ** share : low
  }

  /** At least 0, less than `end`. */
  integer(end: number): number {
    return Math.floor(this.next() * end)
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.integer(values.length)]
    if (value === undefined) throw new Error('there is nothing to choose from')
    return value
  }

  shuffled<T>(values: readonly T[]): T[] {
    return values
      .map((value) => ({ value, key: this.next() }))
      .sort((a, b) => a.key - b.key)
      .map(({ value }) => value)
  }
}
