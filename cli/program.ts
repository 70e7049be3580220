/** The command line: every command with its options, help and examples; what a command does is loaded when it runs. */
import { Command, InvalidArgumentError } from 'commander'
import { VERSION } from '../lib/version'
import { Exit } from './exit'
import { type Terminal } from './terminal'

/** Runs a command and keeps its exit code. */
export type Run = (work: () => Promise<Exit>) => Promise<void>

function positiveNumber(text: string): number {
  const number = Number(text)
  if (!(number > 0)) throw new InvalidArgumentError(`'${text}' is not a number greater than 0.`)
  return number
}

const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}\n`

/** All commands. */
export function makeProgram(terminal: Terminal, run: Run): Command {
  const program = new Command('ocf-ts')
    .description('PostgreSQL under pacemaker with the agents of ocf-ts: look, change, repair, rehearse.')
    .version(VERSION)
    .showHelpAfterError('(ocf-ts COMMAND --help says more)')
    .addHelpText(
      'after',
      `
Exit codes: ${Exit.OK} done, all is well; ${Exit.TROUBLE} something is wrong, or failed; ${Exit.USAGE} wrong command line;
${Exit.REFUSED} refused, nothing changed; ${Exit.UNREACHABLE} the cluster or a node does not answer.

Other nodes are asked through ssh, as root; OCF_TS_SSH sets another command, for example "ssh -F /etc/ocf-ts/ssh_config".
`,
    )

  program
    .command('status')
    .description('who is primary, how the standbys are, and whether a failover now would lose data')
    .option('--watch [seconds]', 'look again and again, every 2 seconds or as often as said', positiveNumber)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      examples(
        'ocf-ts status',
        'ocf-ts status --watch',
        `ocf-ts status --json | jq -r '.databases[].primary'`,
        'ocf-ts status > /dev/null || echo "look at the cluster"',
      ),
    )
    .action((flags: object) => run(async () => (await import('./commands/status')).status(terminal, flags)))

  program
    .command('node-facts', { hidden: true })
    .description('what this node knows of its own server, as JSON: the other nodes call it')
    .requiredOption('--resource <id>', 'the pgsql resource')
    .action(({ resource }: { resource: string }) =>
      run(async () => {
        terminal.json(await (await import('./nodes/own-facts')).gatherOwnFacts(resource))
        return Exit.OK
      }),
    )
  return program
}
