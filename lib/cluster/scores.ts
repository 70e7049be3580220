/**
 * Promotion scores. Pacemaker keeps a score in a node attribute named after the resource; in pacemaker 1.0 after the
 * numbered instance that runs on the node, and there is no saying which instance that will be on which node. An old
 * number's attribute may stay behind on a node that has another one now.
 */
import { type NodeState } from './snapshot'

type Scored = Pick<NodeState, 'transient' | 'roles'>

const isInstance = (id: string, resource: string): boolean =>
  id.startsWith(`${resource}:`) && /^\d+$/.test(id.slice(resource.length + 1))

/** The attribute that holds the score of a resource or of one of its numbered instances. */
export function scoreAttribute(id: string): string {
  return `master-${id}`
}

/** The attribute of the numbered instance that runs on the node; nothing where it has no number, or none runs. */
function attributeInForce({ roles }: Scored, resource: string): string | undefined {
  const id = Object.keys(roles).find((candidate) => isInstance(candidate, resource))
  return id === undefined ? undefined : scoreAttribute(id)
}

/** The attributes with scores of the resource that a node has, with or without numbers. */
function heldAttributes({ transient }: Scored, resource: string): readonly string[] {
  const prefix = scoreAttribute('')
  return Object.keys(transient).filter(
    (name) =>
      name === scoreAttribute(resource) ||
      (name.startsWith(prefix) && isInstance(name.slice(prefix.length), resource)),
  )
}

/** How much a node is wanted as the promoted one; nothing where nobody has said. */
export function promotionScore(state: Scored | undefined, resource: string): string | undefined {
  if (state === undefined) return undefined
  const plain = state.transient[scoreAttribute(resource)]
  if (plain !== undefined) return plain
  const name = attributeInForce(state, resource) ?? heldAttributes(state, resource)[0]
  return name === undefined ? undefined : state.transient[name]
}

/**
 * Under which names to write a node's score where instances have numbers: under all that it has, so that whichever
 * instance comes to run there finds the same.
 *
 * @param own - the number of the instance that writes, when the score is that of its own node
 */
export function scoreAttributesToWrite(
  state: Scored | undefined,
  resource: string,
  own: number | undefined,
): readonly string[] {
  const held = state === undefined ? [] : heldAttributes(state, resource)
  // Tools of pacemaker up to 1.1.17 tell a number to agents called by hand, where pacemaker itself gives none.
  if (held.includes(scoreAttribute(resource))) return held
  const inForce = state && attributeInForce(state, resource)
  return [
    ...new Set([
      ...(own === undefined ? [] : [scoreAttribute(`${resource}:${own}`)]),
      ...(inForce === undefined ? [] : [inForce]),
      ...held,
    ]),
  ]
}
