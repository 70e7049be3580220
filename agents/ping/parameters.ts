/** The parameters of ocf:ts:ping. Names and meaning are those of ocf:pacemaker:ping. */
import {
  absolutePath,
  boolean,
  integer,
  type OcfEnvironment,
  type Parameter,
  seconds,
  text,
  words,
} from '../../lib/ocf'

/** An interval as pacemaker writes them: a number with a unit, or a duration of ISO 8601. */
const INTERVAL =
  /^(\d+\s*(|s|sec|ms|msec|us|usec|m|min|h|hr)|P(?=[\dT])(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?)$/i

/** A host's name or address: nothing that a program could take for an option. */
const HOST = /^[\p{L}\p{N}_:][\p{L}\p{N}_.:%-]*$/u

/** Where the shell agent keeps it: one a node for each attribute; instances of a globally unique clone are told apart. */
function defaultPidfile(name: string, env: OcfEnvironment | undefined): string {
  const directory = (process.env['HA_VARRUN'] ?? '/run').replace(/\/+$/, '')
  if (env === undefined || !env.globallyUnique) return `${directory}/ping-${name}`
  return `${directory}/ping-${env.resource}${env.instance === undefined ? '' : `:${env.instance}`}`
}

/** What is logged: nothing of the pinging, unreachable hosts, or everything. */
export type Verbosity = 0 | 1 | 2

const debug: Parameter<Verbosity> = {
  type: 'string',
  default: 0,
  reloadable: true,
  shortdesc: 'What to log: false, true or verbose',
  longdesc:
    'false: only what goes wrong. true: also hosts that do not answer, at every run. verbose: also those that do.',
  parse: (value) => {
    if (/^(false|no|off|0)$/i.test(value)) return 0
    if (/^(true|yes|on|1)$/i.test(value)) return 1
    if (/^(verbose|2)$/i.test(value)) return 2
    throw new Error('false, true or verbose')
  },
}

const failure_score: Parameter<number | undefined> = integer({
  reloadable: true,
  shortdesc: 'Fail when the value is less than this',
  longdesc:
    'The resource fails when the value written (reachable hosts × multiplier) is less than this. Without it, the resource never fails for that.',
})

export const parameters = {
  name: text({
    default: 'pingd',
    uniqueGroup: 'name',
    shortdesc: 'Name of the node attribute',
    longdesc: 'The node attribute that is written; rules use it by this name.',
    check: (value) =>
      /^[^\s/'"<>&]+$/.test(value) ? undefined : 'a word without blanks, slashes and quotes',
  }),
  host_list: words({
    required: true,
    reloadable: true,
    shortdesc: 'Hosts to ask',
    longdesc: 'The names or addresses of the hosts to ask, IPv4 or IPv6, separated by blanks.',
    check: (hosts) =>
      hosts.length > 0 && hosts.every((host) => HOST.test(host))
        ? undefined
        : 'names or addresses of hosts, separated by blanks',
  }),
  multiplier: integer({
    default: 1,
    reloadable: true,
    shortdesc: 'What a reachable host counts',
    longdesc: 'The value written is the number of reachable hosts times this.',
  }),
  dampen: text({
    default: '5s',
    reloadable: true,
    shortdesc: 'How long a new value must last before the cluster acts on it',
    longdesc:
      'Pacemaker waits this long after a change, for the other nodes to see the same, before it acts; such as 5s, 500ms or PT5S.',
    check: (value) => (INTERVAL.test(value) ? undefined : 'a time such as 5s or 500ms'),
  }),
  attempts: integer({
    default: 3,
    min: 1,
    max: 100,
    reloadable: true,
    shortdesc: 'Requests to a host before it counts as unreachable',
    longdesc: 'How many requests may go unanswered before a host counts as unreachable.',
  }),
  timeout: seconds({
    default: 2,
    min: 0.1,
    reloadable: true,
    shortdesc: 'Seconds to wait for an answer',
    longdesc:
      'How long to wait for an answer to a request, in seconds; also 500ms. It is shortened to what the timeout of the operation leaves.',
  }),
  options: words({
    reloadable: true,
    shortdesc: 'More options for ping or fping',
    longdesc: 'Options for the program that is used, separated by blanks: for example "-I eth0".',
  }),
  failure_score,
  use_fping: boolean({
    default: true,
    reloadable: true,
    shortdesc: 'Use fping where it is installed',
    longdesc: 'Whether fping is used where it is installed; otherwise ping is.',
  }),
  pidfile: text({
    derive: ({ name }, env) => defaultPidfile(String(name), env),
    uniqueGroup: 'pidfile',
    shortdesc: 'File that says that the resource is started',
    longdesc:
      'A file in a directory of root, which is there while the resource is started on this node. By default it is named after the attribute; in a clone with globally-unique=true, after the instance.',
    check: absolutePath,
  }),
  debug,
} as const
