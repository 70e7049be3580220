/** pg_hba.conf: whom it lets in, and lines added to it (PostgreSQL manual, "The pg_hba.conf File"). */
import { type Address, parseAddress } from '../../lib/network/address'
import { parsePrefixLength, shareNetwork } from '../../lib/network/prefix'

export interface Network {
  readonly address: Address
  readonly prefixLength: number
}

/** Who must be let in, over the network. */
export interface Entry {
  /** `replication`, or the name of a database; `all`. */
  readonly database: string
  readonly user: string
  readonly network: Network
}

interface Line {
  readonly type: string
  readonly databases: readonly string[]
  readonly users: readonly string[]
  /** `all`, `samenet`, `samehost`, a name, or a network. */
  readonly from: string | Network
  readonly method: string
}

/** How the network is written. */
export function networkText({ address, prefixLength }: Network): string {
  return `${address.text}/${prefixLength}`
}

/** The words of a line; commas go on in a list, and what is between quotes is no keyword. */
function wordsOf(line: string): readonly (readonly string[])[] {
  const found = line.replace(/#.*$/, '').match(/(?:"[^"]*"|[^\s,"])+(?:\s*,\s*(?:"[^"]*"|[^\s,"])+)*/g) ?? []
  return found.map((word) => word.split(',').map((part) => part.trim()))
}

function readNetwork(address: string, mask: string | undefined): Network | undefined {
  const [ip = '', length] = address.split('/')
  const parsed = parseAddress(ip)
  const prefixLength = parsePrefixLength(length ?? mask ?? '')
  if (parsed === undefined) return undefined
  // The one length that parsePrefixLength does not know is that of everybody.
  if (length === '0' || mask === '0.0.0.0') return { address: parsed, prefixLength: 0 }
  return prefixLength === undefined ? undefined : { address: parsed, prefixLength }
}

function readLine(text: string): Line | undefined {
  const [[type = ''] = [], databases = [], users = [], [address = ''] = [], ...rest] = wordsOf(text)
  if (!/^host(?:ssl|nossl|gssenc|nogssenc)?$/.test(type)) return undefined
  const hasMask = parseAddress(address) !== undefined
  const [mask] = hasMask ? (rest[0] ?? []) : []
  const [method = ''] = rest[hasMask ? 1 : 0] ?? []
  return { type, databases, users, from: readNetwork(address, mask) ?? address, method }
}

const unquoted = (word: string): string => word.replace(/^"(.*)"$/, '$1')

function isFor({ databases, users }: Line, { database, user }: Entry): boolean {
  const names = (words: readonly string[], name: string): boolean =>
    words.some((word) => unquoted(word) === name)
  const ofDatabase =
    database === 'replication'
      ? databases.includes('replication')
      : databases.includes('all') || (database !== 'all' && names(databases, database))
  return ofDatabase && (users.includes('all') || (user !== 'all' && names(users, user)))
}

function covers({ from }: Line, { network }: Entry): boolean {
  if (typeof from === 'string') return from === 'all' || from === 'samenet'
  return (
    from.prefixLength <= network.prefixLength &&
    shareNetwork(from.address, network.address, from.prefixLength)
  )
}

/**
 * Whether the file lets somebody in.
 *
 * @returns `refused` where a line before any other refuses them, which no further line can change
 */
export function letsIn(text: string, entry: Entry): 'yes' | 'no' | 'refused' {
  for (const each of text.split('\n')) {
    const line = readLine(each)
    if (!line || !isFor(line, entry) || !covers(line, entry)) continue
    return line.method === 'reject' ? 'refused' : 'yes'
  }
  return 'no'
}

const BEGIN = '# ocf-ts: begin, added by ocf-ts init'
const END = '# ocf-ts: end'

const quoteWord = (word: string): string => (/^[\w.-]+$/.test(word) ? word : `"${word}"`)

/** The line that lets somebody in. */
export function entryLine({ database, user, network }: Entry, method: string): string {
  const word = database === 'replication' || database === 'all' ? database : quoteWord(database)
  const fields = [
    word.padEnd(15),
    (user === 'all' ? user : quoteWord(user)).padEnd(15),
    networkText(network).padEnd(23),
  ]
  return `host    ${fields.join(' ')} ${method}`
}

/** The text with these lines in a marked block at its end, behind those that an earlier run put there. */
export function withLines(text: string, lines: readonly string[]): string {
  const all = text.split('\n')
  const [begin, end] = [all.indexOf(BEGIN), all.indexOf(END)]
  if (begin !== -1 && end > begin) return [...all.slice(0, end), ...lines, ...all.slice(end)].join('\n')
  const head = text === '' || text.endsWith('\n') ? text : `${text}\n`
  return `${head}${[BEGIN, ...lines, END].join('\n')}\n`
}
