import metadata from '../../metadata/pgsql.xml'
import { runAgent } from '../../lib/ocf'
import { agent } from './agent'

void runAgent(agent, {
  metadata,
  resourceEnvironment: async (id) =>
    (await import('../../lib/cluster/resource-environment')).resourceEnvironment(id),
  preload: async () =>
    Promise.all([
      import('./monitor-server'),
      (await import('../../lib/postgres/connection')).prepareConnection(),
    ]),
})
