/** ocf:@PROVIDER@:@NAME@: what there is to say about the agent. */
import { type Context as AnyContext, defineAgent, type Values as AnyValues } from 'ocf-ts'
import { parameters } from './parameters'

export type Values = AnyValues<typeof parameters>
export type Context = AnyContext<typeof parameters>

export const agent = defineAgent({
  name: '@NAME@',
  version: '0.1.0',
  shortdesc: 'Runs a program on every node, and promotes one',
  longdesc:
    'Runs a program in the background on every node, looks after it, and ends it. On one node the program is promoted, by a command. For a promotable clone with notify=true.',
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
      // Two that differ in their interval: pacemaker tells them apart by it.
      recurring: [
        { interval: 10, depth: 0, role: 'Unpromoted' },
        { interval: 9, depth: 0, role: 'Promoted' },
      ],
      load: async () => (await import('./monitor')).monitor,
    },
    promote: { timeout: 20, load: async () => (await import('./promote')).promote },
    demote: { timeout: 20, load: async () => (await import('./demote')).demote },
    notify: { timeout: 20, load: async () => (await import('./notify')).notify },
    'validate-all': { timeout: 20, load: async () => (await import('./validate-all')).validateAll },
  },
})
