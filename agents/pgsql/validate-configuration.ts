import { ExitCode, type OcfEnvironment, type ParameterProblem, type Values as AnyValues } from '../../lib/ocf'
import { type parameters } from './parameters'

/** What is wrong between parameters, whatever the host. */
export function validateConfiguration(
  values: AnyValues<typeof parameters>,
  env: OcfEnvironment,
): readonly ParameterProblem[] {
  const problems: ParameterProblem[] = []
  const add = (name: keyof typeof parameters, value: string, reason: string): void => {
    problems.push({ name, value, reason })
  }
  if (values.monitor_user !== '' && values.monitor_password === '') {
    add(
      'monitor_password',
      '',
      `monitor_password is not set, but monitor_user is ('${values.monitor_user}'): set both or neither`,
    )
  }
  if (values.monitor_user === '' && values.monitor_password !== '') {
    add('monitor_user', '', 'monitor_user is not set, but monitor_password is: set both or neither')
  }
  if (values.rep_mode === 'none') return problems

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
  if (values.master_ip === '') {
    add(
      'master_ip',
      '',
      `master_ip is not set: rep_mode=${values.rep_mode} needs the virtual address of the primary, which standbys connect to`,
    )
  }
  if (!env.promotable && env.node !== undefined) {
    add(
      'rep_mode',
      values.rep_mode,
      `rep_mode: '${values.rep_mode}' needs a promotable clone: make the resource one (crmsh: ms), or set rep_mode to none`,
    )
  }
  return problems
}
