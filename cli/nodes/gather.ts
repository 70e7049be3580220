/** Asking every node that can be asked for its own facts, all at the same time. */
import { type Primitive } from '../../lib/cluster/configuration'
import { sameNode } from '../../lib/cluster/snapshot'
import { messageOf } from '../../lib/ocf'
import { type ClusterView } from '../cluster/view'
import { askTool } from './answer'
import { type NodeFacts } from './facts'
import { nodeFactsForm } from './facts-form'

const TIMEOUT_MS = 12_000

/** What was found out about a node, or why it was not. */
export type Gathered =
  | { readonly node: string; readonly facts: NodeFacts }
  | { readonly node: string; readonly facts: undefined; readonly why: string }

async function factsOf(view: ClusterView, node: string, resource: string): Promise<NodeFacts> {
  if (sameNode(node, view.local)) {
    const { gatherOwnFacts } = await import('./own-facts')
    return { ...(await gatherOwnFacts(resource)), node }
  }
  const args = ['node-facts', '--resource', resource] as const
  return { ...(await askTool(view, node, { args, form: nodeFactsForm, timeoutMs: TIMEOUT_MS })), node }
}

/** The facts of these nodes about a database; one that does not answer holds up nobody. */
export function gatherFacts(
  view: ClusterView,
  { id }: Primitive,
  nodes: readonly string[],
): Promise<readonly Gathered[]> {
  return Promise.all(
    nodes.map(async (node): Promise<Gathered> => {
      try {
        return { node, facts: await factsOf(view, node, id) }
      } catch (error) {
        return { node, facts: undefined, why: messageOf(error) }
      }
    }),
  )
}
