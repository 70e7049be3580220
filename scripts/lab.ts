/** `scripts/lab`: bring a cluster up on this machine, play with it, and end it without a trace. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import {
  cleanupStale,
  isStale,
  isToolBuilt,
  Lab,
  type LabNode,
  listRecords,
  makeDocumentCluster,
  type Provider,
  shellAgentFiles,
} from '../test/cluster/lab'
import { selectedSystem, systemNamed, systems } from '../test/systems'

interface LabChoice {
  readonly lab?: string
}

interface StartChoice {
  readonly nodes: number
  readonly configured?: boolean
  readonly provider: Provider
  readonly agents?: string
  readonly system: string
}

const program = new Command('scripts/lab')
  .description('A real pacemaker cluster on this one machine: every node lives in namespaces of its own.')
  .enablePositionalOptions()
  .showHelpAfterError()
  .addHelpText(
    'after',
    `
Examples:
  scripts/lab start --configured        two nodes, PostgreSQL replicating
  scripts/lab status
  scripts/lab shell node1               then: ocf-ts status, crm_mon -Afr, killall -9 postgres, …
  scripts/lab power-off node1           watch the other one take over
  scripts/lab stop`,
  )

program
  .command('start')
  .description('bring up a lab that stays until `stop`')
  .option('-n, --nodes <number>', 'how many nodes', parseCount, 2)
  .option('-c, --configured', 'also make the cluster: database, resources, replication')
  .addOption(
    new Option('-p, --provider <provider>', 'whose agents').choices(['ts', 'heartbeat']).default('ts'),
  )
  .option('-a, --agents <dir>', 'where the agents of provider ts are (default: what the build made)')
  .addOption(
    new Option('-s, --system <system>', 'what the nodes run; made by debootstrap if it is not this machine’s')
      .choices(systems.map(({ name }) => name))
      .default(selectedSystem().name),
  )
  .action(async (options: StartChoice) => {
    const system = systemNamed(options.system)
    // What it takes minutes to make is made in sight.
    execFileSync(join(__dirname, 'setup'), ['--for', 'demo', '--system', system.name], { stdio: 'inherit' })
    const lab = await Lab.create({
      system,
      nodes: Array.from({ length: options.nodes }, (_, index) => `node${index + 1}`),
      keep: true,
      files: options.provider === 'heartbeat' ? await shellAgentFiles(system) : [],
      tool: options.provider === 'ts' && options.agents === undefined && isToolBuilt(),
      ...(options.agents === undefined ? {} : { agentsDir: options.agents }),
    })
    console.log(`lab ${lab.id}: ${lab.record.nodes.join(', ')} are on`)
    if (options.configured) {
      const { configureOutput } = await makeDocumentCluster(lab, {
        provider: options.provider,
        onStep: (text) => {
          console.log(`- ${text}`)
        },
      })
      if (configureOutput) console.log(configureOutput)
      console.log('PostgreSQL replicates; clients write to 192.168.100.163')
    }
    console.log(`enter with: scripts/lab shell ${lab.nodes[0]?.name ?? ''} --lab ${lab.id}`)
  })

program
  .command('list')
  .description('the labs on this machine')
  .action(() => {
    for (const record of listRecords()) {
      const end = isStale(record)
        ? 'left behind'
        : record.owner
          ? `until process ${record.owner.pid} ends`
          : 'kept'
      const nodes = Lab.attach(record.id).nodes.map(({ name, isOn }) => (isOn ? name : `${name} (off)`))
      console.log(`${record.id}  ${record.createdAt}  ${end}  ${nodes.join(' ')}`)
    }
  })

labCommand('status')
  .description('what the cluster says, as the first node that answers sees it')
  .action(async (options: LabChoice) => {
    const lab = chooseLab(options)
    for (const node of lab.nodes.filter(({ isOn }) => isOn)) {
      const { code, stdout } = await node.run(['crm_mon', '-Afr1'])
      if (code === 0) {
        console.log(`lab ${lab.id}, seen from ${node.name}\n${stdout}`)
        return
      }
    }
    throw new Error(`no node of lab ${lab.id} runs the cluster; start it with: scripts/lab boot NODE`)
  })

nodeCommand('shell', 'a root shell on a node', (node) => node.shell())

labCommand('run')
  .description('run a program on a node')
  .argument('<node>')
  .argument('<command...>')
  .passThroughOptions()
  .action(async (name: string, argv: string[], options: LabChoice) => {
    const program = argv[0] === '--' ? argv.slice(1) : argv
    process.exitCode = await chooseLab(options).node(name).shell(program)
  })

nodeCommand('boot', 'start the cluster on a node', (node) => node.boot())
nodeCommand('halt', 'stop the cluster on a node, in good order', (node) => node.stopCluster())
nodeCommand('power-off', 'cut a node’s power', (node) => node.powerOff())
nodeCommand('power-on', 'give a node power again; the cluster on it is started by `boot`', (node) =>
  node.powerOn(),
)
nodeCommand('cut', 'pull a node’s network cables', (node) => node.cutOff())
nodeCommand('heal', 'plug them in again', (node) => node.heal())

program
  .command('stop')
  .description('end a lab and remove every trace of it')
  .argument('[id]', 'which one, if there are several')
  .option('--all', 'every kept lab, and what crashed runs left')
  .action(async (id: string | undefined, options: { all?: boolean }) => {
    if (options.all) await cleanupStale()
    const labs = options.all
      ? listRecords()
          .filter(({ owner }) => owner === null)
          .map((record) => Lab.attach(record.id))
      : [chooseLab(id === undefined ? {} : { lab: id })]
    for (const lab of labs) {
      await lab.destroy()
      console.log(`lab ${lab.id} is gone`)
    }
  })

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})

/** A command on one lab. */
function labCommand(name: string): Command {
  return program.command(name).option('-l, --lab <id>', 'which lab, if there are several')
}

/** A command on one node of one lab; a number that the work returns is the exit code. */
function nodeCommand(name: string, description: string, work: (node: LabNode) => Promise<unknown>): void {
  labCommand(name)
    .description(description)
    .argument('<node>')
    .action(async (node: string, options: LabChoice) => {
      const code = await work(chooseLab(options).node(node))
      if (typeof code === 'number') process.exitCode = code
    })
}

/** The lab that was asked for, or the only kept one. */
function chooseLab({ lab }: LabChoice): Lab {
  if (lab !== undefined) return Lab.attach(lab)
  const kept = listRecords().filter(({ owner }) => owner === null)
  const [only] = kept
  if (!only) throw new Error('there is no lab; make one with: scripts/lab start')
  if (kept.length > 1) throw new Error(`which lab? ${kept.map(({ id }) => id).join(', ')}`)
  return Lab.attach(only.id)
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1 || count > 16)
    throw new InvalidArgumentError('a number from 1 to 16')
  return count
}
