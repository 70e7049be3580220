/** Addresses and the networks that they are in. */
import { bitsOf, parseAddress } from '../../lib/network/address'

function leadingBits(hex: string, length: number): bigint {
  return BigInt(`0x${hex}`) >> BigInt(hex.length * 4 - length)
}

/** @param network - `192.168.2.1/24`: any address of it, with the length of its prefix */
export function isInNetwork(address: string, network: string): boolean {
  const [base = '', length] = network.split('/')
  const [one, other] = [parseAddress(address), parseAddress(base)]
  if (!one || !other || one.family !== other.family) return false
  const bits = length === undefined ? bitsOf(one.family) : Number(length)
  return leadingBits(one.hex, bits) === leadingBits(other.hex, bits)
}

/** The length of a netmask's prefix: 24 for `255.255.255.0`; nothing when it is none. */
export function prefixLength(netmask: string): number | undefined {
  const mask = parseAddress(netmask)
  if (mask === undefined) return undefined
  const bits = BigInt(`0x${mask.hex}`).toString(2).padStart(bitsOf(mask.family), '0')
  return /^1*0*$/.test(bits) ? (bits.indexOf('0') === -1 ? bits.length : bits.indexOf('0')) : undefined
}
