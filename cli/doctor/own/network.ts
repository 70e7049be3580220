/** This node's interfaces, and who on the network answers for the virtual addresses. */
import { readdirSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { parseAddress } from '../../../lib/network/address'
import { askOwners } from '../../../lib/network/duplicate-address'
import { type Deadline } from '../../../lib/ocf'
import { type AnswerFacts, type InterfaceFacts } from '../facts'
import { isInNetwork } from '../networks'

const CLASS = '/sys/class/net'
/** IFF_UP. */
const UP = 1

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

export function examineInterfaces(): readonly InterfaceFacts[] {
  const known = networkInterfaces()
  return readdirSync(CLASS).map((name) => ({
    name,
    mac: read(`${CLASS}/${name}/address`).toLowerCase(),
    up: (Number(read(`${CLASS}/${name}/flags`)) & UP) !== 0,
    addresses: (known[name] ?? []).flatMap(({ cidr }) => cidr ?? []),
  }))
}

/** A virtual address and the interface that its resource names, if any. */
export interface Asked {
  readonly address: string
  readonly nic: string | undefined
}

function interfaceFor({ address, nic }: Asked, interfaces: readonly InterfaceFacts[]): string | null {
  const named = nic?.split(':')[0]
  const found =
    interfaces.find(({ name, up }) => name === named && up) ??
    interfaces.find(({ addresses, up }) => up && addresses.some((own) => isInNetwork(address, own)))
  return found?.name ?? null
}

async function askFor(
  asked: Asked,
  interfaces: readonly InterfaceFacts[],
  deadline: Deadline,
): Promise<AnswerFacts> {
  const { address } = asked
  const name = parseAddress(address)?.family === 4 ? interfaceFor(asked, interfaces) : null
  if (name === null) return { address, interface: null, others: [] }
  const owners = await askOwners(name, address, 1, deadline)
  if (owners.kind === 'unknown') throw new Error(owners.why)
  const own = interfaces.map(({ mac }) => mac)
  const answered = owners.kind === 'taken' ? owners.macs : []
  return { address, interface: name, others: answered.filter((mac) => !own.includes(mac)) }
}

export function askForAddresses(
  asked: readonly Asked[],
  interfaces: readonly InterfaceFacts[],
  deadline: Deadline,
): Promise<readonly AnswerFacts[]> {
  return Promise.all(asked.map((one) => askFor(one, interfaces, deadline)))
}
