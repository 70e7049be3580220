/** What an action of ocf:ts:pgsql is given, for the parts of it that need a server and no cluster. */
import { readEnvironment } from '../../../lib/ocf/environment'
import { Deadline } from '../../../lib/ocf'
import { readParameters } from '../../../lib/ocf/parameters'
import { type Context } from '../../../agents/pgsql/agent'
import { parameters } from '../../../agents/pgsql/parameters'

/** A context, and what is said in it. */
export interface SpokenContext {
  readonly context: Context
  readonly messages: string[]
}

/** @param params - of a resource that is a member of the replication, as far as they say nothing else */
export function memberContext(params: Readonly<Record<string, string>>, node = 'node1'): SpokenContext {
  const messages: string[] = []
  const say = (message: string): void => void messages.push(message)
  const env = readEnvironment(
    {
      OCF_RESOURCE_INSTANCE: 'pgsql',
      OCF_RESKEY_CRM_meta_on_node: node,
      OCF_RESKEY_CRM_meta_promotable: 'true',
    },
    'pgsql',
  )
  const given = { psql: '/usr/bin/psql', rep_mode: 'sync', node_list: 'node1 node2', ...params }
  const { values, problems } = readParameters(parameters, given, env)
  if (problems.length > 0) throw new Error(problems.map(({ reason }) => reason).join('; '))
  const context: Context = {
    values,
    env,
    variables: {},
    action: 'start',
    probe: false,
    problems: [],
    deadline: new Deadline(50_000),
    log: { error: say, warning: say, info: say, debug: say, exitReason: say },
    explain: undefined,
  }
  return { context, messages }
}
