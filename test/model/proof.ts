/** The proof that a primary still is one: see agents/pgsql. */
import { type Part } from './carry-out'
import { type ModelNode, type World } from './world'

/** Steps that today's decisions do not contain yet. */
export function isProof(step: { readonly step: string }): boolean {
  return step.step === 'prove'
}

/** Whether it was found. Under the protocol of before it is taken as granted. */
export function* prove(world: World, node: ModelNode): Part<boolean> {
  if (world.options.protocol === 'before') return true
  throw new Error(`${node.name}: the agents have no proof yet`)
}
