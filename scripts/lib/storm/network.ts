/** A network that is there, and bad: messages are lost, or late, or a node is deaf and dumb. */
import { type Lab, type LabNode } from '../../../test/cluster/lab'
import { mustRun, runCommand } from '../../../test/cluster/lab/command'
import { netnsName } from '../../../test/cluster/lab/network'

const NICS = ['eth0', 'eth1', 'eth2'] as const
const TABLE = 'storm'

type End = (() => Promise<void>) & { readonly what: string }

const ending = (what: string, work: () => Promise<unknown>): End =>
  Object.assign(
    async () => {
      await work()
    },
    { what },
  )

/** Of what the node sends and of what it receives, this share is lost. */
export async function loseMessages(node: LabNode, percent: number): Promise<End> {
  const chain = (hook: string, nic: string): string =>
    `chain ${hook} { type filter hook ${hook} priority 0; ${nic} != "lo" numgen random mod 100 < ${percent} drop; }\n`
  const rules = `table inet ${TABLE} {\n${chain('input', 'iifname')}${chain('output', 'oifname')}}\n`
  await node.must(['nft', '-f', '-'], { input: rules })
  return ending(`${percent} % of the messages are lost, both ways`, () =>
    node.must(['nft', 'delete', 'table', 'inet', TABLE]),
  )
}

/**
 * What the node sends is late: by netem, where the kernel has it; otherwise by a narrow link with a long queue, in
 * which every burst waits.
 */
export async function slowDown(node: LabNode): Promise<End> {
  const add = (nic: string, ...kind: readonly string[]) => [
    'tc',
    'qdisc',
    'replace',
    'dev',
    nic,
    'root',
    ...kind,
  ]
  const netem = ['netem', 'delay', '300ms', '200ms']
  const narrow = ['tbf', 'rate', '256kbit', 'burst', '4kb', 'latency', '1500ms']
  const hasNetem = (await node.run(add('eth1', ...netem))).code === 0
  const kind = hasNetem ? netem : narrow
  for (const nic of NICS) await node.must(add(nic, ...kind))
  return ending(`what it sends is late (tc ${kind.join(' ')})`, async () => {
    for (const nic of NICS) await node.must(['tc', 'qdisc', 'delete', 'dev', nic, 'root'])
  })
}

const SILENCE = 'storm_sleep'

/**
 * The node's kernel neither hears nor says anything, and its links stay up: that of a virtual machine that sleeps
 * answers no ARP request, accepts no connection and acknowledges nothing, while that of suspended processes does all
 * of it. From outside the node, on which nothing can be run then.
 */
export async function silence(lab: Lab, node: LabNode): Promise<void> {
  const devices = `devices = { ${NICS.join(', ')} }`
  const chain = (hook: string): string =>
    `chain ${hook} { type filter hook ${hook} ${devices} priority 0; policy drop; }\n`
  await mustRun(nft(lab, node, '-f', '-'), {
    input: `table netdev ${SILENCE} {\n${chain('ingress')}${chain('egress')}}\n`,
  })
}

/** Harmless where the node has lost its power meanwhile: its network went with that. */
export async function endSilence(lab: Lab, node: LabNode): Promise<void> {
  await runCommand(nft(lab, node, 'delete', 'table', 'netdev', SILENCE))
}

const nft = (lab: Lab, node: LabNode, ...command: readonly string[]): string[] => [
  ...['ip', 'netns', 'exec', netnsName(lab.id, node.name), 'nft', ...command],
]
