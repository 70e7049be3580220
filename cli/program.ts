/** The command line. */
import { Command } from 'commander'
import { VERSION } from '../lib/version'
import { type Definition, type Setting } from './command'
import { dataEnd } from './commands/data-end'
import { nodeAddresses } from './commands/node-addresses'
import { nodeFacts } from './commands/node-facts'
import { pause } from './commands/pause'
import { promote } from './commands/promote'
import { rejoin } from './commands/rejoin'
import { rejoinNode } from './commands/rejoin-node'
import { resume } from './commands/resume'
import { status } from './commands/status'
import { switchover } from './commands/switchover'
import { watchPrimary } from './commands/watch-primary'
import { Exit } from './exit'

/** In the order of `--help`. */
const COMMANDS: readonly Definition[] = [status, switchover, pause, resume, rejoin, promote]
/** Called by the tool itself, on other nodes. */
const INTERNAL: readonly Definition[] = [nodeFacts, nodeAddresses, watchPrimary, rejoinNode, dataEnd]

export function makeProgram(setting: Setting): Command {
  const program = new Command('ocf-ts')
    .description('PostgreSQL under pacemaker with the agents of ocf-ts: look, change, repair, rehearse.')
    .version(VERSION)
    .addHelpText(
      'after',
      `
Exit codes: ${Exit.OK} done, all is well; ${Exit.TROUBLE} something is wrong, or failed; ${Exit.USAGE} wrong command line;
${Exit.REFUSED} refused, nothing changed; ${Exit.UNREACHABLE} the cluster or a node does not answer.

Other nodes are asked through ssh, as root; OCF_TS_SSH sets another command, for example "ssh -F /etc/ocf-ts/ssh_config".
`,
    )
  for (const define of COMMANDS) program.addCommand(define(setting))
  for (const define of INTERNAL) program.addCommand(define(setting), { hidden: true })
  for (const command of [program, ...program.commands]) {
    // An error of the command line ends with a code of ours, see main.ts.
    command.exitOverride().showHelpAfterError('(--help says more)')
  }
  return program
}
