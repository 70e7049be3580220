/** What `node-fault` can do; `look` only counts, and `thaw` takes `freeze` back. */
export const NODE_FAULTS = ['look', 'kill', 'freeze', 'thaw'] as const

export type NodeFault = (typeof NODE_FAULTS)[number]

export interface NodeFaultResult {
  readonly done: NodeFault
  /** How many processes it met. */
  readonly processes: number
}
