/** This node's interfaces, and who on the network answers for the virtual addresses. */
import { readdirSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { parseAddress } from '../../../lib/network/address'
import { type Deadline } from '../../../lib/ocf'
import { runProgram } from '../../../lib/system/run-program'
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

/**
 * Asks the network who has an address: as for duplicate address detection, with no sender, so that it disturbs nobody
 * and a node that has the address itself can ask, too (RFC 5227, "Probe").
 */
async function askFor(
  asked: Asked,
  interfaces: readonly InterfaceFacts[],
  deadline: Deadline,
): Promise<AnswerFacts> {
  const { address } = asked
  const name = parseAddress(address)?.family === 4 ? interfaceFor(asked, interfaces) : null
  if (name === null) return { address, interface: null, others: [] }
  const { stdout } = await runProgram('arping', ['-D', '-c', '1', '-w', '1', '-I', name, address], {
    deadline,
  })
  const own = interfaces.map(({ mac }) => mac)
  const answered = [...stdout.matchAll(/\[([0-9a-f:]{17})\]/gi)].map(([, mac = '']) => mac.toLowerCase())
  return { address, interface: name, others: [...new Set(answered)].filter((mac) => !own.includes(mac)) }
}

export function askForAddresses(
  asked: readonly Asked[],
  interfaces: readonly InterfaceFacts[],
  deadline: Deadline,
): Promise<readonly AnswerFacts[]> {
  return Promise.all(asked.map((one) => askFor(one, interfaces, deadline)))
}
