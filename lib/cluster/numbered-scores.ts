/** Writing promotion scores on pacemaker 1.0, loaded only there. */
import { type Deadline } from '../ocf'
import { type AttributeChange } from './attribute-commands'
import { scoreAttributesToWrite } from './scores'
import { findNode, sameNode, takeSnapshot } from './snapshot'

/** The changes that give `node` this score under the names that it is looked for there. */
export async function numberedScoreChanges(
  whose: { readonly resource: string; readonly node: string; readonly instanceNumber: number },
  node: string,
  score: string | undefined,
  deadline: Deadline,
): Promise<readonly AttributeChange[]> {
  const state = findNode(await takeSnapshot(deadline), node)
  const own = sameNode(node, whose.node) ? whose.instanceNumber : undefined
  return scoreAttributesToWrite(state, whose.resource, own).map((name) => ({
    node,
    name,
    value: score,
    lifetime: 'reboot',
  }))
}
