/** The command line. */
import { Command } from 'commander'
import { print, printError } from '../lib/ocf'
import { VERSION } from '../lib/version'
import { type Definition, type Setting } from './command'
import { clone } from './commands/clone'
import { completeFor } from './commands/complete'
import { completion } from './commands/completion'
import { configure } from './commands/configure'
import { dataEnd } from './commands/data-end'
import { debug } from './commands/debug'
import { doctor } from './commands/doctor'
import { doctorFacts, doctorReach } from './commands/doctor-facts'
import { drill } from './commands/drill'
import { init } from './commands/init'
import { logs } from './commands/logs'
import { metrics } from './commands/metrics'
import { newAgent } from './commands/new-agent'
import { nodeAddresses } from './commands/node-addresses'
import { nodeClone } from './commands/node-clone'
import { nodeFacts } from './commands/node-facts'
import { nodeFault } from './commands/node-fault'
import { nodeInit } from './commands/node-init'
import { nodeLogs } from './commands/node-logs'
import { pause } from './commands/pause'
import { promote } from './commands/promote'
import { rejoin } from './commands/rejoin'
import { rejoinNode } from './commands/rejoin-node'
import { resume } from './commands/resume'
import { status } from './commands/status'
import { switchover } from './commands/switchover'
import { watchPrimary } from './commands/watch-primary'
import { Exit, EXIT_MEANINGS } from './exit'

/** In the order of `--help`. */
const COMMANDS: readonly Definition[] = [
  status,
  configure,
  init,
  clone,
  switchover,
  pause,
  resume,
  rejoin,
  promote,
  doctor,
  drill,
  debug,
  logs,
  metrics,
  newAgent,
  completion,
]
/** Called by the tool itself, on other nodes. */
const INTERNAL: readonly Definition[] = [
  nodeFacts,
  nodeAddresses,
  nodeInit,
  nodeClone,
  nodeFault,
  nodeLogs,
  watchPrimary,
  rejoinNode,
  dataEnd,
  doctorFacts,
  doctorReach,
]

/** The codes of every command, in two lines that fit a terminal. */
function exitCodes(): string {
  const told = Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `${code} ${meaning}`)
  const [first, second] = [told.slice(0, Exit.REFUSED), told.slice(Exit.REFUSED)]
  return `Exit codes: ${first.join('; ')};\n${second.join('; ')}.`
}

export function makeProgram(setting: Setting): Command {
  const program = new Command('ocf-ts')
    .description('PostgreSQL under pacemaker with the agents of ocf-ts: look, change, repair, rehearse.')
    .version(VERSION)
    .addHelpText(
      'after',
      `
${exitCodes()}

Other nodes are asked through ssh, as root; OCF_TS_SSH sets another command, for example "ssh -F /etc/ocf-ts/ssh_config".
`,
    )
  for (const define of COMMANDS) program.addCommand(define(setting))
  const offered = [...program.commands]
  const complete = completeFor((command) => !offered.includes(command))
  for (const define of [...INTERNAL, complete]) program.addCommand(define(setting), { hidden: true })
  for (const command of [program, ...program.commands]) {
    // An error of the command line ends with a code of ours, see main.ts.
    command
      .configureOutput({ writeOut: print, writeErr: printError })
      .exitOverride()
      .showHelpAfterError('(--help says more)')
  }
  return program
}
