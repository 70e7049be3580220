/** Connection strings of keywords and values (PostgreSQL manual, "Keyword/Value Connection Strings"), read as libpq does. */
import { isSecretName } from '../ocf/secrets'

export type ConninfoSettings = Readonly<Record<string, string>>

/** What a connection string says, or why it is none. A reason quotes nothing that may be a part of a password. */
export type ReadConninfo =
  | { readonly settings: ConninfoSettings; readonly problem?: undefined }
  | { readonly settings?: undefined; readonly problem: string }

/** Keywords of PostgreSQL 9 to 18: words that may be shown (PostgreSQL manual, "Parameter Key Words"). */
const KEYWORDS = ` application_name authtype channel_binding client_encoding connect_timeout dbname fallback_application_name
   gssdelegation gssencmode gsslib host hostaddr keepalives keepalives_count keepalives_idle keepalives_interval
   krbsrvname load_balance_mode max_protocol_version min_protocol_version oauth_client_id oauth_client_secret
   oauth_issuer oauth_scope options passfile password port replication require_auth requirepeer requiressl
   scram_client_key scram_server_key service servicefile ssl_max_protocol_version ssl_min_protocol_version sslcert
   sslcertmode sslcompression sslcrl sslcrldir sslkey sslkeylogfile sslmode sslnegotiation sslpassword sslrootcert
   sslsni target_session_attrs tcp_user_timeout tty user `

export const isKeyword = (name: string): boolean => KEYWORDS.split(/\s+/).includes(name) && name !== ''

/** What C's isspace() takes for a blank. */
const isBlank = (character: string | undefined): boolean =>
  character !== undefined && ' \t\n\v\f\r'.includes(character)

class Reader {
  #at = 0

  constructor(private readonly text: string) {}

  skipBlanks(): void {
    while (isBlank(this.text[this.#at])) this.#at += 1
  }

  get ended(): boolean {
    return this.#at >= this.text.length
  }

  /** All up to a blank or a `=`. */
  readKeyword(): string {
    const begin = this.#at
    while (!this.ended && this.text[this.#at] !== '=' && !isBlank(this.text[this.#at])) this.#at += 1
    return this.text.slice(begin, this.#at)
  }

  /** Whether that comes next; then it is read. */
  take(character: string): boolean {
    if (this.text[this.#at] !== character) return false
    this.#at += 1
    return true
  }

  /** @returns nothing where the closing quote is missing */
  readValue(): string | undefined {
    const quoted = this.take("'")
    let value = ''
    for (;;) {
      const character = this.text[this.#at]
      if (character === undefined) return quoted ? undefined : value
      this.#at += 1
      if (character === '\\') {
        // One at the very end stands for nothing.
        value += this.text[this.#at] ?? ''
        this.#at += 1
      } else if (quoted ? character === "'" : isBlank(character)) return value
      else value += character
    }
  }
}

/** `sslmode`, or the word's place where it may be a part of a password that was not quoted. */
function nameOf(keyword: string, place: number): string {
  return isKeyword(keyword) ? keyword : `word ${place}`
}

/** Reads a connection string of keywords and values. Of a keyword that is named twice the last value holds. */
export function readConninfo(text: string): ReadConninfo {
  if (/^\s*postgres(?:ql)?:\/\//.test(text)) return { problem: 'it is a URI, and no list of keyword=value' }
  const reader = new Reader(text)
  const settings: Record<string, string> = Object.create(null) as Record<string, string>
  for (let place = 1; ; place++) {
    reader.skipBlanks()
    if (reader.ended) return { settings: { ...settings } }
    const keyword = reader.readKeyword()
    reader.skipBlanks()
    if (!reader.take('=')) return { problem: `${nameOf(keyword, place)} has no "=" and no value` }
    if (keyword === '') return { problem: `there is no keyword before "=" (in word ${place})` }
    reader.skipBlanks()
    const value = reader.readValue()
    if (value === undefined) return { problem: `the value of ${nameOf(keyword, place)} has no closing quote` }
    settings[keyword] = value
  }
}

/** Whether a connection string holds a password. */
export function holdsSecret(text: string): boolean {
  const { settings } = readConninfo(text)
  return (
    settings === undefined ||
    Object.entries(settings).some(([name, value]) => isSecretName(name) && value !== '')
  )
}
