/** Whether what runs is what the cluster believes. */
import { parseAddress } from '../../lib/network/address'
import { sameNode } from '../../lib/cluster/snapshot'
import { type Gathered } from '../nodes/gather'
import { type AddressesOf } from './addresses'

export interface Difference {
  readonly text: string
  readonly advice: string
}

/** What the cluster believes. */
export interface Belief {
  readonly resource: string
  /** `primary`, `standby`, `running`, `stopped`, by node. */
  readonly roles: Readonly<Record<string, string>>
}

export interface BelievedAddress {
  readonly resource: string
  readonly ip: string
  /** Where it is believed to be; nothing for nowhere. */
  readonly node: string | undefined
}

const REFRESH = `or 'ocf-ts resume --refresh', which has the cluster look afresh`

/** What a node's server is: `undefined` where it is not known. */
function roleIn(gathered: Gathered): string | undefined {
  const { facts } = gathered
  if (facts === undefined) return undefined
  if (facts.server === 'stopped') return 'stopped'
  if (facts.sql === null) return undefined
  return facts.sql.inRecovery ? 'standby' : 'primary'
}

function whyUnknown(gathered: Gathered): string {
  if (gathered.facts === undefined) return gathered.why
  const { server, unknown } = gathered.facts
  return unknown.join('; ') || `PostgreSQL is ${server}`
}

const WORDS: Readonly<Record<string, string>> = {
  primary: 'a primary',
  standby: 'a standby',
  stopped: 'stopped',
  running: 'running',
}
const inWords = (role: string): string => WORDS[role] ?? role

function adviceOn(believed: string, found: string, node: string): string {
  if (found === 'stopped') return `start it there as ${inWords(believed)}, ${REFRESH}`
  if (believed === 'stopped') return `stop it on ${node}, ${REFRESH}`
  return `make it ${inWords(believed)} again, ${REFRESH}`
}

/** Of a database's servers. */
export function compareServers(
  { resource, roles }: Belief,
  gathered: readonly Gathered[],
): readonly Difference[] {
  return gathered.flatMap((one): readonly Difference[] => {
    const { node } = one
    const believed = roles[node] ?? 'stopped'
    const found = roleIn(one)
    if (found === undefined) {
      return [
        {
          text: `it is not known how ${resource} is on ${node}: ${whyUnknown(one)}`,
          advice: 'have it answer first',
        },
      ]
    }
    const same = believed === found || (believed === 'running' && found !== 'stopped')
    if (same) return []
    return [
      {
        text: `the cluster believes ${resource} ${inWords(believed)} on ${node}, and it is ${inWords(found)}`,
        advice: adviceOn(believed, found, node),
      },
    ]
  })
}

const same = (a: string, b: string): boolean => parseAddress(a)?.hex === parseAddress(b)?.hex

/** Of addresses that one node has at a time. */
export function compareAddresses(
  believed: readonly BelievedAddress[],
  nodes: readonly AddressesOf[],
): readonly Difference[] {
  const unknown = nodes.flatMap((one) =>
    one.addresses === undefined
      ? [{ text: `the addresses of ${one.node} are not known: ${one.why}`, advice: 'have it answer first' }]
      : [],
  )
  const differences = believed.flatMap(({ resource, ip, node }): readonly Difference[] => {
    const has = nodes.filter((one) => one.addresses?.some((address) => same(address, ip)) === true)
    const found = has.map((one) => one.node)
    if (found.length === (node === undefined ? 0 : 1) && found.every((name) => sameNode(name, node ?? '')))
      return []
    if (node !== undefined && nodes.some((one) => sameNode(one.node, node) && one.addresses === undefined))
      return []
    const where =
      found.length === 0
        ? 'no node has it'
        : `${found.join(' and ')} ${found.length === 1 ? 'has' : 'have'} it`
    const surplus = found.filter((name) => node === undefined || !sameNode(name, node))
    const advice =
      surplus.length > 0 && (node === undefined || found.length > 1)
        ? `take it away there (ip address del), ${REFRESH}`
        : `bring it back to ${String(node)} (ip address add), ${REFRESH}`
    return [
      { text: `the cluster believes ${resource} (${ip}) on ${node ?? 'no node'}, and ${where}`, advice },
    ]
  })
  return [...unknown, ...differences]
}
