/** The name that was perhaps meant. */

/** How many letters must be put in, taken out or changed to make one word another (Levenshtein). */
export function distance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row += 1) {
    const line = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const changed = (above[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      line.push(Math.min(changed, (above[column] ?? 0) + 1, (line[column - 1] ?? 0) + 1))
    }
    above = line
  }
  return above[b.length] ?? 0
}

/** The most similar of the known names; nothing when none is similar. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replaceAll('-', '_')
  const [best] = known
    .map((one) => ({ one, away: distance(plain(name), plain(one)) }))
    .sort((a, b) => a.away - b.away)
  return best !== undefined && best.away <= Math.max(1, Math.floor(name.length / 3)) ? best.one : undefined
}
