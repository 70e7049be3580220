/** Asking every node that can be asked for its own facts, all at the same time. */
import { type Primitive } from '../../lib/cluster/configuration'
import { sameNode } from '../../lib/cluster/snapshot'
import { messageOf } from '../../lib/ocf'
import { type ClusterView } from '../cluster/view'
import { CommandError, Exit } from '../exit'
import { readAnswer } from './answer'
import { type NodeFacts } from './facts'
import { nodeFactsForm } from './facts-form'
import { runOn } from './shell'

const TIMEOUT_MS = 12_000

/** What was found out about a node, or why it was not. */
export type Gathered =
  | { readonly node: string; readonly facts: NodeFacts }
  | { readonly node: string; readonly facts: undefined; readonly why: string }

/** The command by which this very program is started on another node. */
const TOOL = 'ocf-ts'

async function factsOf(view: ClusterView, node: string, resource: string): Promise<NodeFacts> {
  if (sameNode(node, view.local)) {
    const { gatherOwnFacts } = await import('./own-facts')
    return { ...(await gatherOwnFacts(resource)), node }
  }
  const argv = [TOOL, 'node-facts', '--resource', resource] as const
  const result = await runOn(view, node, argv, TIMEOUT_MS)
  if (result.code === 0) return { ...readAnswer(result.stdout, nodeFactsForm), node }
  const said = (result.stderr.trim() || result.stdout.trim()).split('\n').at(-1) ?? ''
  throw result.code === 127
    ? new CommandError(Exit.UNREACHABLE, `${TOOL} is not installed on ${node}: run scripts/install there`)
    : new CommandError(Exit.UNREACHABLE, `${TOOL} on ${node} failed: ${said}`)
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
