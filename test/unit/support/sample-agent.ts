/** A small agent with every kind of parameter, to try the toolkit on. */
import {
  absolutePath,
  boolean,
  choice,
  type Context as AnyContext,
  defineAgent,
  ExitCode,
  integer,
  seconds,
  text,
  words,
} from '../../../lib/ocf'

export const parameters = {
  path: text({ shortdesc: 'Where it is', required: true, check: absolutePath, uniqueGroup: 'place' }),
  port: integer({ shortdesc: 'Port', aliases: ['pgport'], default: 5432, min: 1, max: 65535 }),
  retries: integer({ shortdesc: 'Retries', default: 3, min: 0 }),
  offset: integer({ shortdesc: 'Offset', default: 0 }),
  wait: seconds({ shortdesc: 'How long', default: 5, min: 1, reloadable: true }),
  quick: boolean({ shortdesc: 'In a hurry', default: false }),
  mode: choice(['none', 'sync'], { shortdesc: 'Mode', default: 'none', longdesc: 'Use <none> & "sync".' }),
  hosts: words({ shortdesc: 'Hosts' }),
  password: text({
    shortdesc: 'Password',
    secret: true,
    check: (value) => (value.length < 8 ? 'eight characters or more' : undefined),
  }),
  config: text({ shortdesc: 'Configuration', derive: ({ path }) => `${String(path)}/conf` }),
}

export type Context = AnyContext<typeof parameters>
type Handler = (context: Context) => Promise<ExitCode> | ExitCode

/** The agent, with handlers as a test needs them; without one, an action succeeds. */
export function sampleAgent(handlers: Readonly<Record<string, Handler>> = {}) {
  const action = (name: string) => ({
    timeout: 20,
    load: () => Promise.resolve(handlers[name] ?? ((): ExitCode => ExitCode.SUCCESS)),
  })
  return defineAgent({
    name: 'sample',
    version: '1.2.3',
    shortdesc: 'A sample',
    longdesc: 'Does nothing, <well> & "soundly".',
    parameters,
    explains: true,
    identity: ['path'],
    actions: {
      start: action('start'),
      stop: action('stop'),
      monitor: {
        ...action('monitor'),
        recurring: [
          { interval: 10, depth: 0 },
          { interval: 5, role: 'Promoted' },
        ],
      },
      promote: action('promote'),
    },
    validate: ({ quick, mode }) =>
      quick && mode === 'sync'
        ? [{ name: 'quick', value: 'true', reason: "quick cannot be set with mode=sync: set mode to 'none'" }]
        : [],
  })
}
