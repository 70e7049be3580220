/** Prefix lengths, and what is inside a prefix. */
import { type Address, bitsOf, parseAddress } from './address'

/** The prefix length of a netmask in dotted notation, `255.255.255.0`; nothing for one with holes. */
function fromNetmask(text: string): number | undefined {
  const mask = text.includes('.') ? parseAddress(text) : undefined
  if (!mask) return undefined
  const [, ones = ''] = /^(1*)0*$/.exec(parseInt(mask.hex, 16).toString(2).padStart(32, '0')) ?? []
  return ones === '' ? undefined : ones.length
}

/** Reads `24`, or `255.255.255.0` which is the same; from 1 to 128, and nothing when it is neither. */
export function parsePrefixLength(text: string): number | undefined {
  const length = /^\d{1,3}$/.test(text) ? Number(text) : fromNetmask(text)
  return length !== undefined && length >= 1 && length <= 128 ? length : undefined
}

/** Whether two addresses begin with the same `prefixLength` bits. */
export function shareNetwork(one: Address, other: Address, prefixLength: number): boolean {
  if (one.family !== other.family) return false
  const rest = BigInt(bitsOf(one.family) - prefixLength)
  return BigInt(`0x${one.hex}`) >> rest === BigInt(`0x${other.hex}`) >> rest
}
