/** What the cluster is about to do: pacemaker's own scheduler, asked without letting it act. */
import { attribute, childrenOf, type Element, nameOf, parseOutput, pathTo } from '../../lib/cluster/tree'
import { Deadline } from '../../lib/ocf'
import { runProgram } from '../../lib/system/run-program'

const TIMEOUT_MS = 10_000

function asText(action: Element): string {
  const of = (name: string): string | undefined => attribute(action, name)
  const [node, source, dest, reason] = [of('node'), of('source'), of('dest'), of('reason')]
  const where =
    source !== undefined && dest !== undefined
      ? `from ${source} to ${dest}`
      : `on ${node ?? dest ?? source ?? '?'}`
  return `${(of('action') ?? '').toLowerCase()} ${of('resource') ?? ''} ${where}${reason === undefined ? '' : ` (${reason})`}`
}

/** Reads what `crm_simulate --output-as=xml` says that it would do. */
export function readUpcoming(xml: string): readonly string[] {
  const actions = pathTo(parseOutput(xml), (element) => nameOf(element) === 'actions')?.at(-1)
  if (actions === undefined) return []
  const fencing = childrenOf(actions, 'node_action').map(
    (action) =>
      `${(attribute(action, 'task') ?? 'fence').toLowerCase()} ${attribute(action, 'node') ?? '?'}: ${attribute(action, 'reason') ?? ''}`,
  )
  const changes = childrenOf(actions, 'rsc_action').filter(
    (action) => !/^(?:Leave|Unmanaged)/i.test(attribute(action, 'action') ?? ''),
  )
  return [...fencing, ...changes.map(asText)]
}

/** @returns nothing to do also where pacemaker's scheduler is not installed: it is no part of its own state */
export async function findUpcoming(): Promise<readonly string[]> {
  const args = ['--live-check', '--output-as=xml']
  const result = await runProgram('crm_simulate', args, { deadline: new Deadline(TIMEOUT_MS) }).catch(
    () => undefined,
  )
  return result?.code === 0 ? readUpcoming(result.stdout) : []
}
