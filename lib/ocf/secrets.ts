/** Passwords in text that is about to be shown: in connection strings, URIs, settings, SQL and pacemaker's XML. */

/** What stands in their place. */
export const MASK = '***'

/** A look that nearly every text ends with. */
const PERHAPS = /pass|secret|[_-]token|(?:access|api|private)[_-]?key|scram_|:\/\//i

/** Names that stand for a password with more words behind them, too. */
const STEM = 'passw(?:or)?d|passphrase|secret|scram_(?:client|server)_key'
/** The end of every name that stands for one: `WALG_PASS`, `cipher-pass`, `AWS_SECRET_ACCESS_KEY`, `aws_session_token`. */
const NAME = String.raw`${STEM}|(?<![a-z\d])pass|[_-]token|(?:access|secret|api|private)[_-]?key`

/**
 * What no mask swallows: the end of a line, which may be another one's, and the beginning of a style (an escape
 * character: `printable` leaves no other one).
 */
const END = String.raw`\n\u001b`
/** Any character behind a backslash. */
const ESCAPED = String.raw`\\[^${END}]`
/** Blanks of this line; a line break that is shown as an escape is one. */
const BLANKS = String.raw`(?:[^\S${END}]|\\n)*`

/** 'it''s' is two of them; one that never ends has all of the line. */
const quoted = (quote: string): string => `${quote}(?:${ESCAPED}|[^\\\\${quote}${END}])*${quote}?`
/** ''my secret'', within a text in quotes. An empty one has a blank behind it. */
const doubled = (quote: string): string =>
  String.raw`${quote}{2}(?![\s${quote}])(?:${quote}{4}|${ESCAPED}|[^\\${quote}${END}])*(?:${quote}{2})?`
/** \'my secret\', within a text in quotes. */
const escaped = (quote: string): string =>
  String.raw`\\${quote}(?:\\\\(?:${ESCAPED}|[^\\${END}])|\\[^\\${quote}${END}]|[^\\${quote}${END}])*(?:\\${quote})?`

const eitherQuote = (make: (quote: string) => string): string => `${make(`'`)}|${make('"')}`
const QUOTED = eitherQuote(quoted)
const IN_QUOTES = `${eitherQuote(doubled)}|${eitherQuote(escaped)}|${QUOTED}`
/** A word as a shell, libpq or SQL reads it. */
const WORD = String.raw`(?:(?:${IN_QUOTES})(?:${QUOTED}|${ESCAPED}|[^\s'"\\\u001b])*|(?:${ESCAPED}|[^\s\\\u001b])+)`

/** Made when there is something to look for: a monitor that says nothing does without. */
const makeSecrets = (): readonly (readonly [RegExp, string])[] => [
  // password=…, sslpassword = '…', OCF_RESKEY_monitor_password='…', PGPASSWORD=…, AWS_SECRET_ACCESS_KEY=…
  [new RegExp(`((?:${NAME})${BLANKS}=${BLANKS})${WORD}`, 'gi'), `$1${MASK}`],
  // "password": "…", password: '…', and the same within a text in quotes
  [
    new RegExp(String.raw`((?:${NAME})\\?["']?${BLANKS}:${BLANKS})(?:${IN_QUOTES}|\d[^\s,}\u001b]*)`, 'gi'),
    `$1${MASK}`,
  ],
  // --password …
  [
    new RegExp(
      String.raw`((?:${NAME})(?<=(?:^|[\s'"]|\u001b\[[\d;]{1,40}m)--?[\w-]{1,60})[^\S${END}]+)(?!-)${WORD}`,
      'gi',
    ),
    `$1${MASK}`,
  ],
  // create role … password '…'
  [new RegExp(String.raw`(\bpassword(?:\s|\\n)+e?)'(?:''|${ESCAPED}|[^\\'${END}])*'?`, 'gi'), `$1${MASK}`],
  // … password $$…$$
  [
    new RegExp(String.raw`(\bpassword(?:\s|\\n)+)\$(\w{0,63})\$(?:[^${END}]*?\$\2\$|[^${END}]*)`, 'gi'),
    `$1${MASK}`,
  ],
  // scheme://user:…@host; a password may hold an @ itself. Limited, as there may be many beginnings and no end.
  [/(:\/\/[^\s:@/\u001b]{0,200}:)[^\s\u001b]{0,500}@/g, `$1${MASK}@`],
  // <nvpair name="monitor_password" value="…"/>
  [
    new RegExp(String.raw`((?:(?:${STEM})[\w-]{0,60}|${NAME})"[^\S${END}]{1,9}value=")[^"${END}]*`, 'gi'),
    `$1${MASK}`,
  ],
]

let secrets: ReturnType<typeof makeSecrets> | undefined

/** The text without its passwords; it must be printable already, so that the only escape characters are of styles. */
export function maskSecrets(text: string): string {
  if (!PERHAPS.test(text)) return text
  secrets ??= makeSecrets()
  return secrets.reduce((masked, [pattern, shown]) => masked.replace(pattern, shown), text)
}

/** Whether what has this name must not be shown. */
export const isSecretName = (name: string): boolean => new RegExp(`(?:${NAME})$`, 'i').test(name)

/** What stands under a name that stands for a password. */
function hidden(value: unknown): unknown {
  if ((typeof value === 'string' && value !== '') || typeof value === 'number') return MASK
  return withinObject(value, hidden, () => hidden)
}

type Shown = (value: unknown) => unknown

/** An array or a plain object with its values as they may be shown; anything else is what it was. */
function withinObject(value: unknown, inArray: Shown, under: (name: string) => Shown): unknown {
  if (Array.isArray(value)) return value.map(inArray)
  if (typeof value !== 'object' || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]: [string, unknown]) => [maskSecrets(name), under(name)(one)]),
  )
}

/** The same for a whole object: its texts and names without their passwords, and no value of a name that stands for one. */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value === 'string') return maskSecrets(value)
  return withinObject(value, withoutSecrets, (name) => (isSecretName(name) ? hidden : withoutSecrets))
}
