/** What the cluster is about to do: pacemaker's own scheduler, asked without letting it act. */
import { Deadline } from '../../lib/ocf'
import { runProgram } from '../../lib/system/run-program'
import { XMLParser } from 'fast-xml-parser'

const TIMEOUT_MS = 10_000

interface Action {
  readonly '@action'?: string
  readonly '@resource'?: string
  readonly '@node'?: string
  readonly '@source'?: string
  readonly '@dest'?: string
  readonly '@role'?: string
  readonly '@next-role'?: string
  readonly '@reason'?: string
}

const asText = ({ '@action': action = '', ...rest }: Action): string => {
  const {
    '@resource': resource = '',
    '@node': node,
    '@source': source,
    '@dest': dest,
    '@reason': reason,
  } = rest
  const where =
    source !== undefined && dest !== undefined
      ? `from ${source} to ${dest}`
      : `on ${node ?? dest ?? source ?? '?'}`
  return `${action.toLowerCase()} ${resource} ${where}${reason === undefined ? '' : ` (${reason})`}`
}

/** Reads what `crm_simulate --output-as=xml` says that it would do. */
export function readUpcoming(xml: string): readonly string[] {
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '@',
    parseAttributeValue: false,
    isArray: (name) => name === 'rsc_action' || name === 'node_action',
  })
  const result = parser.parse(xml) as {
    'pacemaker-result'?: { actions?: '' | { rsc_action?: Action[]; node_action?: Record<string, string>[] } }
  }
  const actions = result['pacemaker-result']?.actions
  if (actions === undefined || actions === '') return []
  const fencing = (actions.node_action ?? []).map(
    (action) =>
      `${(action['@task'] ?? 'fence').toLowerCase()} ${action['@node'] ?? '?'}: ${action['@reason'] ?? ''}`,
  )
  const changes = (actions.rsc_action ?? []).filter(
    ({ '@action': action }) => !/^(?:Leave|Unmanaged)/i.test(action ?? ''),
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
