/** A cluster that changes nothing by itself, for as long as something is measured in it. */
import { type Lab, until } from '../../../test/cluster/lab'

/** Waits until the cluster has nothing left to do. */
export async function waitIdle(lab: Lab): Promise<void> {
  await until(
    'the cluster has nothing to do',
    async () => {
      const { dc } = await lab.status()
      if (dc === undefined) return false
      const { stdout, stderr } = await lab.node(dc).run(['crmadmin', '--status', dc], { timeoutMs: 5000 })
      return `${stdout}${stderr}`.includes('S_IDLE')
    },
    { timeoutMs: 60_000 },
  )
}

/**
 * Runs `work` in maintenance mode, in which pacemaker runs no agents: all that runs is what `work` runs. Fails if
 * the cluster's state is another one afterwards: what was measured was then no monitor that finds all as it was.
 */
export async function inCalm<T>(lab: Lab, work: () => Promise<T>): Promise<T> {
  const [node] = lab.nodes
  if (!node) throw new Error('the lab has no nodes')
  const setMaintenance = (value: string): Promise<string> =>
    node.must(['crm_attribute', '--name', 'maintenance-mode', '--update', value])
  await setMaintenance('true')
  try {
    await until('pacemaker leaves the resources alone', async () =>
      (await lab.status()).resources.every(({ managed }) => !managed),
    )
    await waitIdle(lab)
    const before = await fingerprint(lab)
    const result = await work()
    const after = await fingerprint(lab)
    if (after !== before) throw new Error(`a monitor changed the cluster's state:\n${before}\n${after}`)
    return result
  } finally {
    await setMaintenance('false')
  }
}

/** The nodes' attributes, and the version of the CIB, which counts every change to it. */
async function fingerprint(lab: Lab): Promise<string> {
  const { nodes } = await lab.status()
  const cib = (await lab.nodes[0]?.must(['cibadmin', '--query'])) ?? ''
  const version = ['admin_epoch', 'epoch', 'num_updates'].map(
    (name) => new RegExp(` ${name}="(\\d+)"`).exec(cib)?.[1],
  )
  return JSON.stringify({ version, nodes: nodes.map(({ name, attributes }) => ({ name, attributes })) })
}
