/** Passwords in text that is about to be shown: in connection strings, URIs, settings, SQL and pacemaker's XML. */

/** What stands in their place. */
export const MASK = '***'

/** A look that nearly every text ends with. */
const PERHAPS = /passw|passphrase|secret|scram_|:\/\//i

const NAME = 'passw(?:or)?d|passphrase|secret|scram_(?:client|server)_key'
const QUOTED = String.raw`'(?:\\[^]|[^\\'])*(?:'|$)|"(?:\\[^]|[^\\"])*(?:"|$)`

/** Made when there is something to look for: a monitor that says nothing does without. */
const makeSecrets = (): readonly (readonly [RegExp, string])[] => [
  // password=…, sslpassword = '…', OCF_RESKEY_monitor_password='…', PGPASSWORD=…, oauth_client_secret=…
  [
    new RegExp(
      String.raw`((?:${NAME})\s*=\s*)(?:(?:${QUOTED})(?:${QUOTED}|\\[^]|[^\s'"\\])*|(?:\\[^]|[^\s\\])+)`,
      'gi',
    ),
    `$1${MASK}`,
  ],
  // create role … password '…'
  [/(\bpassword\s+e?)'(?:''|\\[^]|[^\\'])*(?:'|$)/gi, `$1${MASK}`],
  // scheme://user:…@host; a password may hold an @ itself. Limited, as there may be many beginnings and no end.
  [/(:\/\/[^\s:@/]{0,200}:)\S{0,500}@/g, `$1${MASK}@`],
  // <nvpair name="monitor_password" value="…"/>
  [new RegExp(String.raw`((?:${NAME})[\w-]{0,60}"\s{1,9}value=")[^"]*`, 'gi'), `$1${MASK}`],
]

let secrets: ReturnType<typeof makeSecrets> | undefined

/** The text without its passwords. */
export function maskSecrets(text: string): string {
  if (!PERHAPS.test(text)) return text
  secrets ??= makeSecrets()
  return secrets.reduce((masked, [pattern, shown]) => masked.replace(pattern, shown), text)
}

/** Whether what has this name must not be shown. */
export const isSecretName = (name: string): boolean => new RegExp(`(?:${NAME})$`, 'i').test(name)

/** The same for a whole object: its texts without their passwords, and no value of a name that stands for one. */
export function withoutSecrets(value: unknown): unknown {
  if (typeof value === 'string') return maskSecrets(value)
  if (Array.isArray(value)) return value.map(withoutSecrets)
  if (typeof value !== 'object' || value === null) return value
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, one]: [string, unknown]) => [
      name,
      isSecretName(name) && typeof one === 'string' && one !== '' ? MASK : withoutSecrets(one),
    ]),
  )
}
