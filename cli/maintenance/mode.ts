/** The cluster's maintenance mode. */
import { type ClusterView } from '../cluster/view'
import { runTool } from '../cluster/change'

const PROPERTY = ['--type', 'crm_config', '--name', 'maintenance-mode'] as const

export function isPaused({ configuration }: Pick<ClusterView, 'configuration'>): boolean {
  return /^(?:true|yes|on|y|1)$/i.test(configuration.properties['maintenance-mode'] ?? '')
}

export async function setPaused(paused: boolean): Promise<void> {
  await runTool('crm_attribute', ...PROPERTY, '--update', String(paused))
}
