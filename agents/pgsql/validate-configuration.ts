import { ExitCode, type OcfEnvironment, type ParameterProblem, type Values as AnyValues } from '../../lib/ocf'
import { type parameters } from './parameters'
import { SLOT_NAME_MAX, slotName } from './slot-names'

type PgsqlValues = AnyValues<typeof parameters>

/** Node names that do not give a slot's name, or not one of their own. */
function slotProblems({ replication_slot_name: prefix, node_list: nodes }: PgsqlValues): ParameterProblem[] {
  if (prefix === '') return []
  const problem = (reason: string): ParameterProblem[] => [
    { name: 'replication_slot_name', value: prefix, reason: `replication_slot_name: '${prefix}' ${reason}` },
  ]
  const slots = nodes.map((node) => slotName(prefix, node))
  for (const [index, slot] of slots.entries()) {
    const node = nodes[index] ?? ''
    if (slot.length > SLOT_NAME_MAX)
      return [
        {
          name: 'replication_slot_name',
          value: prefix,
          reason: `replication_slot_name: too long: with node '${node}' it makes more than ${SLOT_NAME_MAX} characters; take a shorter one`,
        },
      ]
    if (!/^[a-z0-9_]+$/.test(slot)) return problem(`cannot be used: node '${node}' makes no name of a slot`)
    if (slots.indexOf(slot) !== index)
      return problem(`cannot be used: two nodes would share the slot ${slot}`)
  }
  return []
}

/** What copies of logical slots need: a physical slot, and commits that a failover does not lose. */
function logicalProblems({ logical_slots: wanted, ...values }: PgsqlValues): ParameterProblem[] {
  if (wanted !== 'failover') return []
  const problem = (rest: string): ParameterProblem[] => [
    { name: 'logical_slots', value: wanted, reason: `logical_slots: '${wanted}' ${rest}` },
  ]
  if (values.rep_mode !== 'sync') {
    return problem(`is for rep_mode=sync only, and rep_mode is ${values.rep_mode}: leave logical_slots out`)
  }
  return values.replication_slot_name === ''
    ? problem('needs replication slots for the standbys: set replication_slot_name')
    : []
}

/** PostgreSQL cuts longer names of standbys (`application_name`; NAMEDATALEN, in bytes): they would be nobody's. */
const STANDBY_NAME_MAX = 63

function nameProblems(values: PgsqlValues): ParameterProblem[] {
  return (['node_list', 'external_standby_node_list'] as const).flatMap((parameter) => {
    const long = values[parameter].find((name) => Buffer.byteLength(name) > STANDBY_NAME_MAX)
    if (long === undefined) return []
    const reason = `${parameter}: '${long.slice(0, 20)}...' has ${Buffer.byteLength(long)} bytes; PostgreSQL cuts a standby's name after ${STANDBY_NAME_MAX}`
    return [{ name: parameter, value: values[parameter].join(' '), reason }]
  })
}

function externalProblems({ external_standby_node_list: externals, node_list: nodes }: PgsqlValues) {
  const known = nodes.map((name) => name.toLowerCase())
  const wrong = externals.find((name) => name === '*' || known.includes(name.toLowerCase()))
  if (wrong === undefined) return []
  const why =
    wrong === '*' ? 'every standby; name them one by one' : 'in node_list, too; take it out of one of them'
  return [
    {
      name: 'external_standby_node_list',
      value: externals.join(' '),
      reason: `external_standby_node_list: '${wrong}' is ${why}`,
    },
  ]
}

/** Policies of synchronous replication that the rest of the configuration cannot keep. */
function policyProblems(values: PgsqlValues): ParameterProblem[] {
  const { sync_policy: policy, sync_standbys: count, sync_method: method } = values
  const problem = (name: keyof typeof parameters, value: string, rest: string): ParameterProblem[] => [
    { name, value, reason: `${name}: '${value}' ${rest}` },
  ]
  if (values.rep_mode !== 'sync') {
    const only = `is for rep_mode=sync only, and rep_mode is ${values.rep_mode}: set it to sync, or leave`
    if (policy !== 'available') return problem('sync_policy', policy, `${only} sync_policy out`)
    if (method !== 'first') return problem('sync_method', method, `${only} sync_method out`)
    if (count > 1) return problem('sync_standbys', String(count), `${only} sync_standbys out`)
    return []
  }
  const others = Math.max(0, values.node_list.length - 1)
  if (count > 1 && count > others) {
    const rest = `is more than the other nodes in node_list (${others}): lower it, or add nodes to node_list`
    return problem('sync_standbys', String(count), rest)
  }
  if (method !== 'quorum') return []
  if (values.external_standby_node_list.length > 0) {
    const rest = 'cannot wait for the standbys of external_standby_node_list, too: leave one of them out'
    return problem('sync_method', method, rest)
  }
  if (values.node_list.length > 0 && others <= count) {
    const rest = `needs more standbys than sync_standbys (${count}), and node_list has ${others}: set it to first`
    return problem('sync_method', method, rest)
  }
  return []
}

/** What is wrong between parameters, whatever the host. */
export function validateConfiguration(values: PgsqlValues, env: OcfEnvironment): readonly ParameterProblem[] {
  const problems: ParameterProblem[] = []
  const add = (name: keyof typeof parameters, value: string, reason: string): void => {
    problems.push({ name, value, reason })
  }
  if (values.monitor_user === '' && values.monitor_password !== '') {
    add('monitor_user', '', 'monitor_user is not set, but monitor_password is: set both or neither')
  }
  problems.push(...policyProblems(values), ...logicalProblems(values))
  if (values.rep_mode === 'none') return problems
  if (values.master_ip === '') {
    add(
      'master_ip',
      '',
      `master_ip is not set: rep_mode=${values.rep_mode} needs the address of the primary, which standbys connect to`,
    )
  }
  if (values.rep_mode === 'slave') {
    if (env.promotable) {
      add(
        'rep_mode',
        'slave',
        "rep_mode: 'slave' is never promoted: make it no promotable clone, or set rep_mode to sync or async",
      )
    }
    return problems
  }

  const nodes = values.node_list.join(' ')
  if (values.node_list.length === 0) {
    add(
      'node_list',
      '',
      `node_list is not set: rep_mode=${values.rep_mode} needs the names of all nodes of the replication`,
    )
  } else if (
    env.node !== undefined &&
    !values.node_list.some((name) => name.toLowerCase() === env.node?.toLowerCase())
  ) {
    problems.push({
      name: 'node_list',
      value: nodes,
      reason: `node_list: '${nodes}' does not name this node: add ${env.node} to node_list, or keep the resource off it`,
      // On the other nodes all is well: a node that joins the cluster must not end the database there.
      code: ExitCode.ERR_ARGS,
    })
  }
  problems.push(...nameProblems(values), ...slotProblems(values), ...externalProblems(values))
  if (!env.promotable && env.node !== undefined) {
    add(
      'rep_mode',
      values.rep_mode,
      `rep_mode: '${values.rep_mode}' needs a promotable clone: make the resource one (crmsh: ms), or set rep_mode to none`,
    )
  }
  return problems
}
