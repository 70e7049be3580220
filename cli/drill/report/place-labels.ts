/**
 * Where the labels of a chart's events go. Each event has a vertical line, and to the right of its upper end a label; the
 * labels are in lanes above the plot, lane 0 next to it. No label covers another, and no line runs through a label.
 */

export interface LabelToPlace {
  /** Where the line is. */
  readonly x: number
  /** How wide the text is. */
  readonly width: number
}

/** Between a line and its text. */
export const LABEL_GAP = 5
/** Between a text and the next line. */
const BETWEEN = 8

/** From where to where a label reaches. */
export function extent({ x, width }: LabelToPlace): readonly [from: number, to: number] {
  return [x, x + LABEL_GAP + width]
}

/**
 * From right to left: a label that reaches beyond the lines of later ones goes above all of those, so that they end below
 * it; and its own line is to the left of their texts.
 *
 * @param labels - in any order
 * @returns their lanes, in the same order
 */
export function placeLabels(labels: readonly LabelToPlace[]): readonly number[] {
  const lanes = labels.map(() => 0)
  const order = labels
    .map((_, index) => index)
    .sort((a, b) => (labels[b]?.x ?? 0) - (labels[a]?.x ?? 0) || b - a)
  order.forEach((index, turn) => {
    const [, to] = extent(labels[index] ?? { x: 0, width: 0 })
    const met = order.slice(0, turn).filter((other) => (labels[other]?.x ?? 0) < to + BETWEEN)
    lanes[index] = Math.max(-1, ...met.map((other) => lanes[other] ?? 0)) + 1
  })
  return lanes
}

/**
 * How much room there must be to the right of the plot, so that the labels of the last events are not cut off.
 *
 * @param labels - where the lines are, as a fraction of the plot's width, and how wide the texts are
 * @param width - of the plot and that room together
 */
export function roomToTheRight(
  labels: readonly { readonly fraction: number; readonly width: number }[],
  width: number,
): number {
  const needed = labels.map(({ fraction, width: text }) => {
    const beyond = fraction * width + LABEL_GAP + text - width
    return beyond <= 0 ? 0 : beyond / fraction
  })
  return Math.max(0, ...needed)
}
