/**
 * An address that several hosts have at once, and of which each serves its share of the clients: all get every packet,
 * by a multicast hardware address, and nftables drops those whose source is another's (as the kernel's former CLUSTERIP
 * target did).
 */
import { createHash } from 'node:crypto'
import { type Address } from './address'

/** Shares are called instances, after those of a clone. */
export interface ClusterIp {
  readonly address: Address
  readonly interface: string
  /** How many shares there are in all. */
  readonly total: number
  /** Where the hash of a client's address begins; the same on all hosts. */
  readonly seed: number
  /** The table that the chains are in. */
  readonly table: string
  /** The name of the address's own chain. */
  readonly chain: string
  /** The hardware address that ARP is answered with; nothing where ARP is left alone. */
  readonly mac: string | undefined
}

/** A share that this host serves. */
export interface Share {
  readonly instance: number
  readonly total: number
  /** nft's number of the rule. */
  readonly handle: number
}

/** A multicast hardware address that every host makes from the address alike. */
export function multicastMac({ text }: Address): string {
  const [first = 0, ...rest] = createHash('sha256').update(text).digest().subarray(0, 6)
  // The lowest bit is for multicast, the next for "of nobody's making".
  return [first | 0x03, ...rest].map((octet) => octet.toString(16).padStart(2, '0')).join(':')
}

/** The name of the chain with a rule for each share. */
export function sharesChain({ chain }: Pick<ClusterIp, 'chain'>): string {
  return `${chain}-instances`
}

function quoted(text: string): string {
  // Interface names and what is written here have no quotes.
  return `"${text.replaceAll('"', '')}"`
}

/** nft's commands to serve one more share; they can be given again. */
export function joinCommands(ip: ClusterIp, instance: number): string {
  const { table, chain, address, total, seed } = ip
  const shares = sharesChain(ip)
  const family = address.family === 4 ? 'ip' : 'ip6'
  const ours = `iifname ${quoted(ip.interface)} ${family} daddr ${address.text}`
  const share = `jhash ${family} saddr mod ${total} seed 0x${seed.toString(16)} ${instance}`
  return [
    `add table inet ${table}`,
    `add chain inet ${table} ${shares}`,
    `add chain inet ${table} ${chain} { type filter hook prerouting priority raw; }`,
    `flush chain inet ${table} ${chain}`,
    `add rule inet ${table} ${chain} ${ours} jump ${shares}`,
    `add rule inet ${table} ${chain} ${ours} drop`,
    // TCP takes no packet that came by multicast.
    `add rule inet ${table} ${shares} ${share} meta pkttype set host accept comment "${instance} of ${total}"`,
    ...(ip.mac === undefined
      ? []
      : [
          `add table arp ${table}`,
          `add chain arp ${table} ${chain} { type filter hook output priority 0; }`,
          `flush chain arp ${table} ${chain}`,
          `add rule arp ${table} ${chain} oifname ${quoted(ip.interface)} arp saddr ip ${address.text} arp saddr ether set ${ip.mac}`,
        ]),
  ].join('\n')
}

/** nft's command to serve a share no longer. */
export function leaveCommands(ip: ClusterIp, { handle }: Share): string {
  return `delete rule inet ${ip.table} ${sharesChain(ip)} handle ${handle}`
}

/** nft's commands that take away what is left in one of its families (`inet`, `arp`) when no share is served. */
export function clearCommands(ip: ClusterIp, family: 'inet' | 'arp'): string {
  const chains = family === 'inet' ? [ip.chain, sharesChain(ip)] : [ip.chain]
  return [
    ...chains.map((chain) => `flush chain ${family} ${ip.table} ${chain}`),
    ...chains.map((chain) => `delete chain ${family} ${ip.table} ${chain}`),
  ].join('\n')
}

/** Reads what `nft -j list chain` prints of the chain with the shares. */
export function parseShares(json: string): readonly Share[] {
  const { nftables } = JSON.parse(json) as {
    readonly nftables: readonly { readonly rule?: { readonly handle: number; readonly comment?: string } }[]
  }
  return nftables.flatMap(({ rule }) => {
    const [, instance, total] = /^(\d+) of (\d+)$/.exec(rule?.comment ?? '') ?? []
    if (!rule || instance === undefined || total === undefined) return []
    return { instance: Number(instance), total: Number(total), handle: rule.handle }
  })
}

/** Whether nothing is left in a table, by what `nft -j list table` prints. */
export function isEmptyTable(json: string): boolean {
  const { nftables } = JSON.parse(json) as { readonly nftables: readonly Readonly<Record<string, unknown>>[] }
  return nftables.every((entry) => 'metainfo' in entry || 'table' in entry)
}
