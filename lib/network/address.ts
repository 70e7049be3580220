/** IP addresses as values that can be compared, whatever way they were written. */

export type Family = 4 | 6

export interface Address {
  readonly family: Family
  /** The one canonical way to write it (RFC 5952 for IPv6), which is also how Linux prints it. */
  readonly text: string
  /** Its bits as 8 or 32 lower-case hexadecimal digits, which is how /proc/net shows IPv6 addresses. */
  readonly hex: string
}

/** The length of a family's addresses in bits. */
export function bitsOf(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128
}

function parseIpv4(text: string): string | undefined {
  const octets = text.split('.')
  // A leading zero means octal to some programs and nothing to others.
  if (
    octets.length !== 4 ||
    !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256)
  ) {
    return undefined
  }
  return octets.map((octet) => Number(octet).toString(16).padStart(2, '0')).join('')
}

/** The 16-bit groups between two colons; the last one may be an IPv4 address, which stands for two. */
function parseGroups(text: string): readonly string[] | undefined {
  if (text === '') return []
  const groups: string[] = []
  const parts = text.split(':')
  for (const [index, part] of parts.entries()) {
    if (/^[\da-f]{1,4}$/i.test(part)) {
      groups.push(part.toLowerCase().padStart(4, '0'))
      continue
    }
    const embedded = index === parts.length - 1 ? parseIpv4(part) : undefined
    if (embedded === undefined) return undefined
    groups.push(embedded.slice(0, 4), embedded.slice(4))
  }
  return groups
}

function parseIpv6(text: string): string | undefined {
  const [left = '', right, ...more] = text.split('::')
  if (more.length > 0) return undefined
  const before = parseGroups(left)
  const after = right === undefined ? [] : parseGroups(right)
  if (!before || !after || (right !== undefined && left.includes('.'))) return undefined
  const missing = 8 - before.length - after.length
  if (right === undefined ? missing !== 0 : missing < 1) return undefined
  return [...before, ...Array<string>(missing).fill('0000'), ...after].join('')
}

function writeIpv4(hex: string): string {
  return (hex.match(/../g) ?? []).map((octet) => parseInt(octet, 16)).join('.')
}

function writeIpv6(hex: string): string {
  if (/^0{20}ffff/.test(hex)) return `::ffff:${writeIpv4(hex.slice(24))}`
  const groups = (hex.match(/.{4}/g) ?? []).map((group) => parseInt(group, 16).toString(16))
  // The longest run of zeros, the first of several, becomes '::'; a single zero does not.
  let start = 0
  let length = 1
  for (let from = 0; from < groups.length; from += 1) {
    let to = from
    while (groups[to] === '0') to += 1
    if (to - from > length) [start, length] = [from, to - from]
    from = Math.max(from, to - 1)
  }
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}

/** An address from its bits as 8 or 32 hexadecimal digits. */
export function addressFromHex(hex: string): Address {
  return hex.length === 8
    ? { family: 4, text: writeIpv4(hex), hex }
    : { family: 6, text: writeIpv6(hex), hex }
}

/**
 * The address that is `distance` further on in the last part of how it is written (after the last dot or colon);
 * nothing beyond the end of that.
 */
export function addressAfter({ family, hex }: Address, distance: number): Address | undefined {
  const digits = family === 4 ? 2 : 4
  const last = (parseInt(hex.slice(-digits), 16) + distance).toString(16).padStart(digits, '0')
  return last.length > digits ? undefined : addressFromHex(hex.slice(0, -digits) + last)
}

/** Reads an IPv4 or IPv6 address, without a prefix length or a zone; nothing when it is none. */
export function parseAddress(text: string): Address | undefined {
  const hex = text.includes(':') ? parseIpv6(text) : parseIpv4(text)
  return hex === undefined ? undefined : addressFromHex(hex)
}

/** An address that reaches only this host itself. */
export function isLoopback({ family, hex }: Address): boolean {
  return family === 4 ? hex.startsWith('7f') : /^0{31}1$/.test(hex)
}

/** An address that is unique on one link only, so that the interface must be named with it. */
export function isLinkLocal({ family, hex }: Address): boolean {
  return family === 6 && /^fe[89ab]/.test(hex)
}

/** Whether an interface can have it: it is neither "no address" nor a group's. */
export function isUnicast({ family, hex }: Address): boolean {
  if (/^0+$/.test(hex)) return false
  return family === 4 ? !hex.startsWith('00') && !/^[ef]/.test(hex) : !hex.startsWith('ff')
}
