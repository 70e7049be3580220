/** The nodes' messaging layer. */
import type { LabNode } from './node'
import { until } from './wait'

export interface CorosyncPeer {
  readonly name: string
  readonly address: string
}

/** corosync.conf for these nodes. Its parser wants one key a line. */
export function corosyncConf(labId: string, peers: readonly CorosyncPeer[], tokenMs: number): string {
  return `totem {
  version: 2
  cluster_name: ocfts-${labId}
  transport: udpu
  crypto_cipher: none
  crypto_hash: none
  token: ${tokenMs}
}
quorum {
  provider: corosync_votequorum
${peers.length === 2 ? '  two_node: 1\n' : ''}  wait_for_all: 0
}
logging {
  to_stderr: no
  to_syslog: no
  to_logfile: yes
  logfile: /var/log/corosync/corosync.log
  timestamp: hires
}
nodelist {
${peers
  .map(
    ({ name, address }, index) => `  node {
    nodeid: ${index + 1}
    name: ${name}
    ring0_addr: ${address}
  }
`,
  )
  .join('')}}
`
}

/** Starts corosync and waits until it serves its clients. */
export async function startCorosync(node: LabNode): Promise<void> {
  if (isRunning(node)) return
  await node.must(['corosync'])
  await until(
    `corosync of ${node.name} answers`,
    async () => (await node.run(['corosync-cmapctl', 'runtime.votequorum.this_node_id'], brief)).code === 0,
    { timeoutMs: 20_000, intervalMs: 50 },
  )
}

/** Takes the node out of the membership in good order. */
export async function stopCorosync(node: LabNode, timeoutMs = 20_000): Promise<void> {
  node.signal('corosync', 'SIGTERM')
  await until(`corosync of ${node.name} stops`, () => !isRunning(node), { timeoutMs })
}

/** For a question that is asked again anyway. */
const brief = { timeoutMs: 5000 }

function isRunning(node: LabNode): boolean {
  return node.processes().some(({ command }) => command === 'corosync')
}
