/** Heartbeat with haresources (`crm off`): the nodes' messaging layer and resource manager of before pacemaker. */
import { join } from 'node:path'
import type { LabFile } from './lab'
import { addressesOf } from './network'
import type { LabNode } from './node'
import type { Bind } from './state'
import { until } from './wait'

export interface HeartbeatOptions {
  readonly nodes: readonly string[]
  /** Lines of haresources. */
  readonly haresources: string
  /** Whether resources go back to the node that haresources names as soon as that is there. */
  readonly autoFailback: boolean
}

const daemon = '/usr/libexec/heartbeat/heartbeat'
/** Where heartbeat's administrators look. */
export const haLog = '/var/log/ha-log'

/** For `Lab.create({ files })`: heartbeat's configuration, the same on all nodes. */
export function heartbeatFiles({ nodes, haresources, autoFailback }: HeartbeatOptions): readonly LabFile[] {
  const haCf = `logfile ${haLog}
debugfile /var/log/ha-debug
logfacility none
keepalive 200ms
warntime 1
deadtime 2
initdead 10
udpport 694
${nodes.map((_, index) => `ucast eth1 ${addressesOf(index).eth1}\n`).join('')}auto_failback ${autoFailback ? 'on' : 'off'}
${nodes.map((name) => `node ${name}\n`).join('')}crm off
`
  return [
    { target: '/etc/ha.d/ha.cf', content: haCf },
    { target: '/etc/ha.d/haresources', content: haresources },
    { target: '/etc/ha.d/authkeys', content: 'auth 1\n1 sha1 of-the-lab\n', mode: 0o600 },
  ]
}

/** For `Lab.create({ binds })`: what scripts/install puts into heartbeat's directory. */
export const heartbeatBinds: readonly Bind[] = [
  {
    source: join(__dirname, '../../../scripts/lib/heartbeat/ocf-ts'),
    target: '/etc/ha.d/resource.d/ocf-ts',
  },
]

/** The document's `service heartbeat start`; waits until heartbeat answers on this node. */
export async function startHeartbeat(node: LabNode): Promise<void> {
  if (isRunning(node)) return
  await node.must([daemon])
  await until(
    `heartbeat of ${node.name} answers`,
    async () => (await clStatus(node, 'hbstatus')).includes('is running'),
    { timeoutMs: 20_000 },
  )
}

/** The document's `service heartbeat stop`; resources are handed over first. */
export async function stopHeartbeat(node: LabNode, timeoutMs = 60_000): Promise<void> {
  await node.must([daemon, '-k'], { timeoutMs })
  await until(`heartbeat of ${node.name} stops`, () => !isRunning(node), { timeoutMs })
}

/** What `cl_status` says on this node, for example to `rscstatus` or `nodestatus NODE`; empty if it has no answer. */
export async function clStatus(node: LabNode, ...question: readonly string[]): Promise<string> {
  return (await node.run(['cl_status', ...question], { timeoutMs: 5000 })).stdout.trim()
}

function isRunning(node: LabNode): boolean {
  return node
    .processes()
    .some(({ argv }) => argv.some((word) => word === daemon || word.startsWith('heartbeat: ')))
}
