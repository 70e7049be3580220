import { Command, Option } from 'commander'
import { parameters as pgsql } from '../../agents/pgsql/parameters'
import { type Definition, examples } from '../command'
import { COMMON, questions } from '../configure/plan'
import { FORMATS } from '../configure/formats'

const dashed = (name: string): string => name.replaceAll('_', '-')

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

export const configure: Definition = ({ terminal, run }) => {
  const command = new Command('configure')
    .description(
      'asks what the cluster is to be, or takes it from options or a file, and writes its configuration',
    )
    .option('--file <plan.yaml>', 'take the answers from a file (- for standard input); options override it')
    .option('--save <plan.yaml>', 'write the answers to a file')
    .addOption(new Option('--format <language>', 'crmsh or pcs; default: what is installed').choices(FORMATS))
    .option('--output <file>', 'where the text goes, in place of standard output')
    .option('--apply', 'load it into the cluster, all of it or nothing')
    .option('--replace', 'with --apply: in place of what the cluster has of the same names')
    .option('--json', 'print JSON')
  const add = (name: string, text: string, what: string): void => {
    command.option(`--${dashed(name)} <${what}>`, text)
  }
  for (const [name, { shortdesc }] of Object.entries(questions)) add(name, shortdesc, 'value')
  for (const name of COMMON) add(name, pgsql[name].shortdesc, 'value')
  command
    .option('--pgsql <name=value>', 'any other parameter of ocf:ts:pgsql, as often as wanted', collect)
    .addHelpText(
      'after',
      `
Addresses are ADDRESS/PREFIX,INTERFACE: 192.168.100.163/24,eth0 or 2001:db8::10/64,eth0.
In a terminal it asks for what is needed and was not said.
${examples(
  'ocf-ts configure',
  'ocf-ts configure --file plan.yaml > pgsql.crm',
  'ocf-ts configure --file plan.yaml --apply',
  'ocf-ts configure --file plan.yaml --format pcs --output pgsql.sh',
  `ocf-ts configure --nodes "node1 node2" --writer 192.168.100.163/24,eth0 --ping 192.168.100.1 \\
      --pgctl /usr/lib/postgresql/15/bin/pg_ctl --pgdata /var/lib/postgresql/15/main --save plan.yaml`,
)}`,
    )
    .action((given: Record<string, unknown>) =>
      run(async () => {
        const { configure: work } = await import('../configure/run')
        const names = [...Object.keys(questions), ...COMMON]
        const answers = Object.fromEntries(
          names.map((name) => {
            const camel = dashed(name).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
            return [name, given[camel] as string | undefined]
          }),
        )
        return work(terminal, { ...given, answers })
      }),
    )
  return command
}
