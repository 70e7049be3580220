import { Command, InvalidArgumentError, Option } from 'commander'
import { shellWords } from '../../lib/system/shell-words'
import { type Definition, examples, positiveNumber } from '../command'
import { KINDS } from '../drill/kinds'
import { type DrillFlags } from '../drill/prepare'

const MAX_RATE = 1000

function rate(text: string): number {
  const number = positiveNumber(text)
  if (number > MAX_RATE)
    throw new InvalidArgumentError(`A drill writes at the most ${MAX_RATE} rows a second.`)
  return number
}

function seconds(text: string): number {
  const number = Number(text)
  if (text.trim() === '' || !(number >= 0))
    throw new InvalidArgumentError(`'${text}' is not a number of seconds.`)
  return number
}

function words(text: string): readonly string[] {
  const found = shellWords(text)
  if (found === undefined) throw new InvalidArgumentError('A quote is not closed.')
  return found
}

const list = (text: string): readonly string[] => text.split(/[\s,]+/).filter(Boolean)

export const drill: Definition = ({ terminal, run }) =>
  new Command('drill')
    .description('rehearse a failover under a small write load, and write a report of it')
    .addOption(new Option('--kind <kind>', 'what happens to the primary').choices(KINDS).default('kill'))
    .option('--resource <id>', 'the pgsql resource, where there are several')
    .option('--rate <rows>', 'rows a second that are written', rate, 20)
    .option(
      '--conninfo <settings>',
      'where and as whom to write (default: the virtual address of the primary)',
    )
    .option('--via <nodes>', 'on a machine outside the cluster: the nodes to ask, through ssh', list)
    .option(
      '--timeout <seconds>',
      'how long to wait until writes are acknowledged again',
      positiveNumber,
      180,
    )
    .option('--wait-return <seconds>', 'how long to wait for the old primary; 0: not at all', seconds, 120)
    .option('--report <file>', 'the report (default: ocf-ts-drill-DATE.html in this directory)')
    .option('--no-report', 'no report')
    .option('--box', 'on a cluster made for it in namespaces of this machine (in a checkout, as root)')
    .option('--force', 'begin although commits may be lost, or something is wrong already')
    .option('--yes', 'do not ask')
    .option('--json', 'print the result as JSON')
    .addOption(
      new Option('--power <command>', 'called with on or off, and a node').argParser(words).hideHelp(),
    )
    .addHelpText(
      'after',
      `
Kinds:
  kill        kill -9 of every process of PostgreSQL on the primary
  freeze      SIGSTOP to all of them: a server that hangs
  switchover  the primary changes its place in good order, and the node stays
  standby     the primary's node is put into standby mode, and taken out of it again
  power       the node loses its power (with --box only)

Before anything is done, it says what, looks whether the failover would lose anything (if so, it refuses: exit code 3),
and has you type the resource's name. It writes to a schema of its own, ocf_ts_drill, and drops that in the end. The
password is taken from ~/.pgpass. The exit code is 0 when every acknowledged row is there and the cluster is whole again.
${examples(
  'ocf-ts drill --box                                    # on a cluster made for it, on this machine',
  'ocf-ts drill --kind switchover',
  'ocf-ts drill --kind kill --report failover.html',
  'ocf-ts drill --yes --json --no-report | jq .outage.ms',
  'ocf-ts drill --via node1,node2 --conninfo "user=drill dbname=app"',
)}`,
    )
    .action((flags: Omit<DrillFlags, 'report'> & { report?: string | boolean }) =>
      run(async () =>
        (await import('../drill/run')).drill(terminal, { ...flags, report: flags.report ?? true }),
      ),
    )
