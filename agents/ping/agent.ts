/** ocf:ts:ping: how many of some hosts a node can reach, in a node attribute. */
import { type Context as AnyContext, defineAgent, type Values as AnyValues } from '../../lib/ocf'
import { VERSION } from '../../lib/version'
import { parameters } from './parameters'

export type Values = AnyValues<typeof parameters>
export type Context = AnyContext<typeof parameters>

export const agent = defineAgent({
  name: 'ping',
  version: VERSION,
  shortdesc: "A node's connection to the network",
  longdesc: `Asks hosts outside the cluster for an answer, and writes how many of them answered, multiplied by a number, into an attribute of the node. Rules can then keep resources away from a node that has lost its connection. Run it as a clone, so that every node has the attribute.

All hosts are asked side by side. A host that answers at all is reachable as soon as it does; one is unreachable when it has not answered any of the attempts.`,
  parameters,
  explains: true,
  identity: ['name', 'pidfile'],
  actions: {
    start: { timeout: 60, load: async () => (await import('./start')).start },
    stop: { timeout: 20, load: async () => (await import('./stop')).stop },
    monitor: {
      timeout: 60,
      recurring: [{ interval: 10, depth: 0 }],
      load: async () => (await import('./monitor')).monitor,
    },
    'reload-agent': { timeout: 20, load: async () => (await import('./reload-agent')).reloadAgent },
    'validate-all': { timeout: 20, load: async () => (await import('./validate-all')).validateAll },
  },
})
