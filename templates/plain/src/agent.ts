/** ocf:@PROVIDER@:@NAME@: what there is to say about the agent. */
import { type Context as AnyContext, defineAgent, type Values as AnyValues } from 'ocf-ts'
import { parameters } from './parameters'

export type Values = AnyValues<typeof parameters>
export type Context = AnyContext<typeof parameters>

export const agent = defineAgent({
  name: '@NAME@',
  version: '0.1.0',
  shortdesc: 'Runs a program',
  longdesc: 'Runs a program in the background, looks after it, and ends it.',
  parameters,
  // Its actions decide on a plan first, see carryOut: so --explain can show it and change nothing.
  explains: true,
  // Without these nothing can be running: a probe then says so, and a stop succeeds.
  identity: ['program', 'pidfile'],
  actions: {
    // Each is loaded only when it is called: a monitor runs for years, and pays for nothing else.
    start: { timeout: 20, load: async () => (await import('./start')).start },
    stop: { timeout: 20, load: async () => (await import('./stop')).stop },
    monitor: {
      timeout: 20,
      recurring: [{ interval: 10, depth: 0 }],
      load: async () => (await import('./monitor')).monitor,
    },
    'validate-all': { timeout: 20, load: async () => (await import('./validate-all')).validateAll },
  },
})
