/** Which addresses a node really has. */
import { listInterfaces } from '../../lib/network/list-interfaces'
import { Deadline, messageOf } from '../../lib/ocf'
import { list } from '../../lib/system/state-file'
import { type ClusterView } from '../cluster/view'
import { askTool, words } from '../nodes/answer'

const TIMEOUT_MS = 12_000

/** Those on this node's interfaces, loopback included. */
export async function ownAddresses(): Promise<readonly string[]> {
  const interfaces = await listInterfaces(new Deadline(TIMEOUT_MS))
  return interfaces.flatMap(({ addresses }) => addresses.map(({ address }) => address.text))
}

/** A node's addresses, or why they are not known. */
export type AddressesOf = { readonly node: string } & (
  { readonly addresses: readonly string[] } | { readonly addresses: undefined; readonly why: string }
)

export function gatherAddresses(
  view: ClusterView,
  nodes: readonly string[],
): Promise<readonly AddressesOf[]> {
  return Promise.all(
    nodes.map(async (node): Promise<AddressesOf> => {
      try {
        if (node === view.local) return { node, addresses: await ownAddresses() }
        const question = { args: ['node-addresses'], form: list(words), timeoutMs: TIMEOUT_MS } as const
        return { node, addresses: await askTool(view, node, question) }
      } catch (error) {
        return { node, addresses: undefined, why: messageOf(error) }
      }
    }),
  )
}
