/** The nodes' cluster manager. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mustRun } from './command'
import type { LabNode } from './node'
import { until } from './wait'

/**
 * Puts a first, empty configuration on the node's disk. All it sets is how long a node that comes up looks for
 * others before it takes the lead itself: pacemaker's 20 s are most of what a cluster needs to form.
 *
 * @param root - the file system with the pacemaker that will read it
 */
export async function seedCib(cibDir: string, root = '/'): Promise<void> {
  const empty = await mustRun(['chroot', root, 'cibadmin', '--empty'])
  const option = '<nvpair id="cib-bootstrap-options-dc-deadtime" name="dc-deadtime" value="2s"/>'
  mkdirSync(cibDir, { recursive: true })
  writeFileSync(
    join(cibDir, 'cib.xml'),
    empty.replace(
      '<crm_config/>',
      `<crm_config><cluster_property_set id="cib-bootstrap-options">${option}</cluster_property_set></crm_config>`,
    ),
  )
}

/** Starts pacemaker and waits until it answers on this node (the node need not be online yet). */
export async function startPacemaker(node: LabNode): Promise<void> {
  if (isRunning(node)) return
  await node.must(['chown', '-R', 'hacluster:haclient', '/var/lib/pacemaker/cib'])
  await node.must(['setsid', '--fork', 'pacemakerd'])
  await until(
    `pacemaker of ${node.name} answers`,
    async () => (await node.run(['cibadmin', '--query', '--local'], brief)).code === 0,
    { timeoutMs: 30_000, intervalMs: 100 },
  )
}

/** Stops pacemaker, which stops or hands over its resources first. */
export async function stopPacemaker(node: LabNode, timeoutMs = 150_000): Promise<void> {
  node.signal('pacemakerd', 'SIGTERM')
  await until(`pacemaker of ${node.name} stops`, () => !isRunning(node), { timeoutMs })
}

/** For a question that is asked again anyway. */
const brief = { timeoutMs: 5000 }

function isRunning(node: LabNode): boolean {
  return node.processes().some(({ command }) => command === 'pacemakerd')
}
