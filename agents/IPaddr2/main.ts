import metadata from '../../metadata/IPaddr2.xml'
import { runAgent } from '../../lib/ocf'
import { agent } from './agent'

void runAgent(agent, {
  metadata,
  resourceEnvironment: async (id) =>
    (await import('../../lib/cluster/resource-environment')).resourceEnvironment(id),
})
