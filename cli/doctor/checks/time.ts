/** Do the nodes' clocks agree? */
import { type Check, type Trouble } from '../finding'
import { type KnownNode, knownNodes } from '../examination'

/** Rules of time, failure-timeout and logs put side by side bear this much, in milliseconds. */
const TOLERANCE_MS = 1000

/**
 * Within what bounds a node's clock is ahead of this node's: it began to tell after it was asked, and was done before its
 * answer came. In milliseconds.
 */
export function clockAhead({ facts, asked }: KnownNode): { readonly least: number; readonly most: number } {
  return { least: facts.ended - asked.received, most: facts.begun - asked.sent }
}

const clocks: Check = {
  id: 'clock-skew',
  theme: 'time',
  wellWhen: "the nodes' clocks agree",
  examine: (examination) => {
    const others = knownNodes(examination).filter(({ name }) => name !== examination.local)
    if (others.length === 0) return undefined
    return others.flatMap((node): readonly Trouble[] => {
      const { least, most } = clockAhead(node)
      const ahead = least > TOLERANCE_MS
      if (!ahead && most >= -TOLERANCE_MS) return []
      const seconds = ((ahead ? least : -most) / 1000).toFixed(1)
      return [
        {
          severity: 'warning',
          node: node.name,
          finding: `the clock of ${node.name} is ${seconds} s or more ${ahead ? 'ahead of' : 'behind'} that of ${examination.local}`,
          evidence: [
            `between ${(least / 1000).toFixed(1)} s and ${(most / 1000).toFixed(1)} s ahead, the way there and back counted in`,
          ],
          advice: `let chrony or systemd-timesyncd keep the time on both (chronyc tracking, timedatectl)`,
        },
      ]
    })
  },
}

export const time: readonly Check[] = [clocks]
