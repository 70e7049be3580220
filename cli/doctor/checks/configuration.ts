/** Does the configuration fit the agents, and itself? */
import { parameters as addressParameters } from '../../../agents/IPaddr2/parameters'
import { type ConfiguredOperation, type Primitive } from '../../../lib/cluster/configuration'
import { sameNode } from '../../../lib/cluster/snapshot'
import { type Check, type Trouble } from '../finding'
import {
  databases,
  type Examination,
  isOurs,
  isFenced,
  isReplicated,
  isTrue,
  knownNodes,
  nodeList,
  seats,
} from '../examination'
import { type AgentFacts } from '../facts'
import { nearest } from '../nearest'
import { secondsOf } from '../time-text'

/** What the shell agents' library understands of every agent. */
const ALWAYS_KNOWN = ['trace_ra', 'trace_file']
/** Older names that an agent takes and does not tell. */
const ALIASES: Readonly<Record<string, readonly string[] | undefined>> = {
  'ocf:ts:IPaddr2': addressParameters.cidr_netmask.aliases,
}

/** The meta-data of an agent on the first node that has it, and that node. */
function metadataOf(examination: Examination, wanted: string) {
  for (const { name, facts } of knownNodes(examination)) {
    const metadata = facts.agents.find(({ agent }) => agent === wanted)?.metadata
    if (metadata) return { node: name, metadata }
  }
  return undefined
}

/** Each primitive whose agent tells its meta-data. */
function described(
  examination: Examination,
  judge: (primitive: Primitive, metadata: NonNullable<AgentFacts['metadata']>) => readonly Trouble[],
): readonly Trouble[] | undefined {
  const { configuration } = examination
  if (configuration === undefined || configuration.primitives.length === 0) return undefined
  return configuration.primitives.flatMap((primitive) => {
    const found = metadataOf(examination, primitive.agent)
    return found ? judge(primitive, found.metadata) : []
  })
}

const unknownParameters: Check = {
  id: 'unknown-parameter',
  theme: 'configuration',
  wellWhen: 'the agents know every parameter that they are given',
  examine: (examination) =>
    described(examination, ({ id, agent, parameters }, metadata) => {
      const known = [...metadata.parameters, ...ALWAYS_KNOWN, ...(ALIASES[agent] ?? [])]
      return Object.keys(parameters)
        .filter((name) => !known.includes(name))
        .map((name): Trouble => {
          const meant = nearest(name, metadata.parameters)
          return {
            severity: 'error',
            finding: `${agent} has no parameter '${name}', which ${id} sets: it has no effect`,
            // Not with its value, which may be a password.
            evidence: [
              `the agent's meta-data names ${metadata.parameters.length} parameters, and not this one`,
            ],
            advice:
              meant === undefined
                ? `take it out (crm_resource --resource ${id} --delete-parameter ${name}), or install an agent that has it`
                : `it is perhaps '${meant}' that is meant`,
          }
        })
    }),
}

const isPromoted = (role: string | undefined): boolean => /^(?:master|promoted)$/i.test(role ?? '')
const sameRole = (a: string | undefined, b: string | undefined): boolean => isPromoted(a) === isPromoted(b)

/** The timeout that the meta-data advises for an operation, in seconds. */
function adviceFor(
  { name, role, interval }: Pick<ConfiguredOperation, 'name' | 'role' | 'interval'>,
  { actions }: NonNullable<AgentFacts['metadata']>,
): number | undefined {
  const same = actions.filter((action) => action.name === name)
  const fitting =
    same.find(
      (action) => sameRole(action.role, role) && secondsOf(action.interval) === secondsOf(interval),
    ) ??
    same.find((action) => sameRole(action.role, role)) ??
    same[0]
  return secondsOf(fitting?.timeout)
}

/** Pacemaker's, where neither the operation nor the defaults say another. */
const DEFAULT_TIMEOUT = 20

/** What holds for an operation without a timeout of its own, in seconds. */
const defaultTimeout = ({ configuration }: Examination): number =>
  secondsOf(configuration?.operationDefaults?.['timeout']) ?? DEFAULT_TIMEOUT

function describeOperation({ name, interval, role }: ConfiguredOperation): string {
  return `${name}${secondsOf(interval) ? ` (interval ${interval}${role ? `, role ${role}` : ''})` : ''}`
}

const timeouts: Check = {
  id: 'timeout-short',
  theme: 'configuration',
  wellWhen: "no operation has a timeout below its agent's advice",
  examine: (examination) =>
    described(examination, ({ id, agent, operations }, metadata) => {
      const short = operations.flatMap((operation) => {
        const configured = secondsOf(operation.timeout) ?? defaultTimeout(examination)
        const advised = adviceFor(operation, metadata)
        return advised === undefined || configured >= advised ? [] : [{ operation, configured, advised }]
      })
      if (short.length === 0) return []
      return [
        {
          severity: 'warning',
          finding: `${id} has timeouts below what ${agent} advises: ${short.map(({ operation }) => operation.name).join(', ')}`,
          evidence: short.map(
            ({ operation, configured, advised }) =>
              `${describeOperation(operation)}: ${configured} s${operation.timeout === undefined ? ' (none is set)' : ''}, advised ${advised} s`,
          ),
          advice: `crm configure edit ${id}: ${short.map(({ operation, advised }) => `${operation.name} timeout=${advised}s`).join(', ')}`,
        },
      ]
    }),
}

/** What must remain of a stop's timeout after stop_escalate, in seconds: the immediate shutdown, and the kill. */
const AFTER_ESCALATION = 10
/** The shell agent's, which it does not shorten. */
const SHELL_STOP_ESCALATE = '90'

const stopEscalate: Check = {
  id: 'stop-escalate',
  theme: 'configuration',
  wellWhen: 'a stop has time left after stop_escalate',
  examine: (examination) => {
    const all = databases(examination)
    if (all.length === 0) return undefined
    return all.flatMap((database): readonly Trouble[] => {
      const { id, parameters, operations } = database
      const timeout = Math.min(
        ...['stop', 'demote'].map(
          (wanted) =>
            secondsOf(operations.find(({ name }) => name === wanted)?.timeout) ?? defaultTimeout(examination),
        ),
      )
      // Where it is not set, this project's agent fits it into the timeout by itself.
      const text = parameters['stop_escalate'] ?? (isOurs(database) ? undefined : SHELL_STOP_ESCALATE)
      const escalate = secondsOf(text)
      if (escalate === undefined || escalate + AFTER_ESCALATION <= timeout) return []
      return [
        {
          severity: isOurs(database) ? 'warning' : 'error',
          finding: `${id}: stop_escalate=${text ?? ''} leaves nothing of the ${timeout} s that a stop or demote may take`,
          evidence: [
            isOurs(database)
              ? 'the agent shortens it to what the timeout leaves'
              : 'the stop times out before it escalates: without fencing the resource is then blocked',
          ],
          advice: `set stop_escalate to ${Math.max(0, timeout - AFTER_ESCALATION)} or less, or the timeouts of stop and demote to ${escalate + AFTER_ESCALATION}s or more`,
        },
      ]
    })
  },
}

/** Which operations leave a resource blocked when they fail, where the cluster could fence the node. */
const blocking: Check = {
  id: 'on-fail-block',
  theme: 'configuration',
  wellWhen: 'a node on which something does not stop is fenced',
  examine: (examination) => {
    const { configuration } = examination
    if (configuration === undefined || !isFenced(examination)) return undefined
    const usual = configuration.operationDefaults?.['on-fail']
    return configuration.primitives.flatMap(({ id, operations }): readonly Trouble[] => {
      const blocked = operations
        .filter(({ name, onFail }) => ['stop', 'demote'].includes(name) && (onFail ?? usual) === 'block')
        .map(({ name }) => name)
      if (blocked.length === 0) return []
      return [
        {
          severity: 'warning',
          finding: `${id}: a failed ${blocked.join(' or ')} blocks it until a person has looked, although the cluster can fence the node`,
          evidence: blocked.map((name) => `op ${name}: on-fail=block`),
          advice: `crm configure edit ${id}: on-fail=fence for ${blocked.join(' and ')}`,
        },
      ]
    })
  },
}

const monitorTimeout: Check = {
  id: 'monitor-timeout',
  theme: 'configuration',
  wellWhen: 'a monitor may last longer than it waits for an answer',
  examine: (examination) => {
    const all = databases(examination).filter(({ parameters }) => parameters['monitor_timeout'] !== undefined)
    if (all.length === 0) return undefined
    return all.flatMap(({ id, parameters, operations }): readonly Trouble[] => {
      const patience = secondsOf(parameters['monitor_timeout']) ?? 0
      return operations
        .filter(({ name }) => name === 'monitor')
        .map((operation) => ({
          operation,
          timeout: secondsOf(operation.timeout) ?? defaultTimeout(examination),
        }))
        .filter(({ timeout }) => patience > 0 && patience >= timeout)
        .map(({ operation, timeout }) => ({
          severity: 'warning',
          finding: `${id}: monitor_timeout has no effect on ${describeOperation(operation)}, which is ended before`,
          evidence: [
            `monitor_timeout=${parameters['monitor_timeout'] ?? ''}, timeout of the operation ${timeout} s`,
          ],
          advice: `set monitor_timeout to less than ${timeout}s, or the timeout of the operation to more than ${patience}s`,
        }))
    })
  },
}

const validity: Check = {
  id: 'resource-invalid',
  theme: 'configuration',
  wellWhen: 'every node is fit to run the database',
  examine: (examination) => {
    // What the shell agent would say is not known.
    const all = seats(examination).filter(({ database }) => isOurs(database))
    if (all.length === 0) return undefined
    return all.flatMap(({ node, database, facts }) =>
      facts.invalid.map((reason): Trouble => ({
        severity: 'error',
        node,
        finding: `the next start of ${database.id} fails on ${node}: ${reason}`,
        evidence: ['validate-all, with the parameters that the cluster has'],
        advice: `what is said there, then 'crm_resource --cleanup --resource ${database.id} --node ${node}' if it has failed already`,
      })),
    )
  },
}

const monitors: Check = {
  id: 'monitor-missing',
  theme: 'configuration',
  wellWhen: 'every resource is monitored, in each of its roles, at intervals of their own',
  examine: ({ configuration }) => {
    if (configuration === undefined || configuration.primitives.length === 0) return undefined
    return configuration.primitives
      .filter(({ agent }) => agent.startsWith('ocf:'))
      .flatMap(({ id, clone, operations }): readonly Trouble[] => {
        const recurring = operations.filter(
          ({ name, interval }) => name === 'monitor' && (secondsOf(interval) ?? 0) > 0,
        )
        if (recurring.length === 0) {
          return [
            {
              severity: 'error',
              finding: `${id} is not monitored: the cluster does not notice when it fails`,
              evidence: ['it has no monitor operation with an interval'],
              advice: `add one, for example: crm configure monitor ${id} 10s:60s`,
            },
          ]
        }
        if (clone?.promotable !== true) return []
        const promoted = recurring.filter(({ role }) => isPromoted(role))
        const [inRole] = promoted
        if (inRole === undefined) {
          return [
            {
              severity: 'error',
              finding: `${id} has no monitor for the Promoted role: the cluster does not notice when the primary fails`,
              evidence: recurring.map(
                ({ interval, role }) => `monitor interval=${interval} role=${role ?? '(none)'}`,
              ),
              advice: `add an operation: op monitor interval=2s role=Promoted timeout=60s (role=Master before pacemaker 2.1)`,
            },
          ]
        }
        const same = recurring.find(
          (other) => !isPromoted(other.role) && secondsOf(other.interval) === secondsOf(inRole.interval),
        )
        if (same === undefined) return []
        return [
          {
            severity: 'error',
            finding: `${id} has two monitors with the same interval: pacemaker runs only one of them`,
            evidence: [`interval=${inRole.interval} for both roles`],
            advice: `give the one for the Promoted role another interval, for example ${secondsOf(inRole.interval) === 3 ? '2s' : '3s'}`,
          },
        ]
      })
  },
}

const cloneSettings: Check = {
  id: 'clone-settings',
  theme: 'configuration',
  wellWhen: 'the database is a promotable clone with notify=true and room for every node',
  examine: (examination) => {
    const replicated = databases(examination).filter(isReplicated)
    if (replicated.length === 0) return undefined
    return replicated.flatMap((database): readonly Trouble[] => {
      const { id, clone, meta } = database
      if (clone?.promotable !== true) {
        return [
          {
            severity: 'error',
            finding: `${id} replicates (rep_mode=${database.parameters['rep_mode'] ?? ''}), but is no promotable clone: nobody can be promoted`,
            evidence: [clone ? `clone ${clone.id} has no promotable=true` : 'it is in no clone'],
            advice: `crm configure: clone ms_${id} ${id} meta promotable=true notify=true clone-max=${nodeList(database).length}`,
          },
        ]
      }
      const set = (name: string, value: string): string =>
        `crm_resource --resource ${clone.id} --meta --set-parameter ${name} --parameter-value ${value}`
      const count = nodeList(database).length
      const max = Number(meta['clone-max'] ?? Infinity)
      const promotedMax = meta['promoted-max'] ?? meta['master-max'] ?? '1'
      return [
        ...(isTrue(meta['notify'])
          ? []
          : [
              {
                severity: 'error',
                finding: `${clone.id} has no notify=true: the agents do not learn of a failover while it happens`,
                evidence: [`notify=${meta['notify'] ?? '(not set, that is false)'}`],
                advice: set('notify', 'true'),
              } as const,
            ]),
        ...(max >= count
          ? []
          : [
              {
                severity: 'error',
                finding: `${clone.id} may run on ${max} nodes only, and node_list names ${count}`,
                evidence: [`clone-max=${max}`, `node_list=${nodeList(database).join(' ')}`],
                advice: set('clone-max', String(count)),
              } as const,
            ]),
        ...(promotedMax === '1'
          ? []
          : [
              {
                severity: 'error',
                finding: `${clone.id} may have ${promotedMax} primaries, and PostgreSQL has one`,
                evidence: [`promoted-max (master-max) is ${promotedMax}`],
                advice: set(meta['promoted-max'] === undefined ? 'master-max' : 'promoted-max', '1'),
              } as const,
            ]),
      ]
    })
  },
}

const nodeNames: Check = {
  id: 'node-list',
  theme: 'configuration',
  wellWhen: 'node_list names nodes of the cluster',
  examine: (examination) => {
    const { configuration } = examination
    const replicated = databases(examination).filter(isReplicated)
    if (configuration === undefined || replicated.length === 0) return undefined
    const has = (names: readonly string[], name: string): boolean => names.some((one) => sameNode(one, name))
    return replicated.flatMap((database): readonly Trouble[] => {
      const listed = nodeList(database)
      const evidence = [
        `node_list=${listed.join(' ')}`,
        `the cluster has ${configuration.nodes.join(', ')} (crm_node -l)`,
      ]
      const strangers = listed.filter((name) => !has(configuration.nodes, name))
      const barred = configuration.constraints
        .filter(
          ({ resource, score }) => resource === (database.clone?.id ?? database.id) && score === '-INFINITY',
        )
        .flatMap(({ node }) => node ?? [])
      // One that is there for its vote is kept off by a constraint.
      const forgotten = configuration.nodes.filter((name) => !has(listed, name) && !has(barred, name))
      const set = `crm_resource --resource ${database.id} --set-parameter node_list --parameter-value "${configuration.nodes.join(' ')}"`
      return [
        ...strangers.map((name): Trouble => {
          const meant = nearest(name, forgotten)
          return {
            severity: 'error',
            finding: `${database.id}: node_list names '${name}', which is no node of the cluster`,
            evidence,
            advice:
              meant === undefined
                ? `write the names of the cluster's nodes: ${set}`
                : `it is perhaps '${meant}' that is meant: ${set}`,
          }
        }),
        ...forgotten.map((name): Trouble => ({
          severity: strangers.length > 0 ? 'error' : 'warning',
          node: name,
          finding: `${database.id}: node_list does not name ${name}: its database takes no part in the replication`,
          evidence,
          advice: `${set}, or keep the resource off ${name}`,
        })),
      ]
    })
  },
}

export const configuration: readonly Check[] = [
  unknownParameters,
  timeouts,
  stopEscalate,
  blocking,
  monitorTimeout,
  validity,
  monitors,
  cloneSettings,
  nodeNames,
]
