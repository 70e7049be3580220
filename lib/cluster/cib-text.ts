/**
 * The CIB as pacemaker's tools print it, made XML again. Up to pacemaker 2.1.7 they escape nothing in an attribute's value
 * from the first character beyond ASCII on: `value="cp &quot;/备份/%f" "%p""` stands for `cp "/备份/%f" "%p"`. Such a value
 * comes from a CIB in a file: the daemons pass each other the same text, and keep what is before the first of those quotes,
 * which is then what an agent is given, and what is read here.
 *
 * What such a value says is read by what cannot be otherwise: each tag is a line, an attribute stands in it once, and an
 * nvpair has an id, a name and mostly a value, or refers to one that has them. A value that holds `" x="1`, or a whole element, so forges neither. Two things
 * the text does not tell any more: whether `é&amp;` was `é&` or `é&amp;` (it is taken for the first), and where a value
 * with a line break of its own ends, which only a CIB in a file can have: pacemaker's daemons pass it on as a blank.
 * `crm_resource --get-parameter` prints one value as it is.
 */
import { ExitCode, OcfError } from '../ocf'

/** The generation (crm_feature_set) after which values are escaped to their end. */
const LAST_BROKEN = [3, 19, 0] as const

function mayBeBroken(xml: string): boolean {
  const [, ...parts] = /<cib\b[^>]*\scrm_feature_set="(\d+)\.(\d+)(?:\.(\d+))?"/.exec(xml) ?? []
  const version = parts.map((part: string | undefined) => Number(part ?? 0))
  const differs = LAST_BROKEN.findIndex((number, index) => version[index] !== number)
  return differs < 0 || version.length === 0 || (version[differs] ?? 0) < (LAST_BROKEN[differs] ?? 0)
}

type Pair = readonly [name: string, value: string]

interface Form {
  readonly required: readonly string[]
  readonly optional: readonly string[]
}

/** The attributes that an element has, each once, in one of these forms (pacemaker's nvset.rng). */
const FORMS: Readonly<Record<string, readonly Form[] | undefined>> = {
  nvpair: [
    { required: ['id', 'name'], optional: ['value'] },
    { required: ['id-ref'], optional: ['name'] },
  ],
}

/** The forms that can have these attributes. */
const formsWith = (forms: readonly Form[], names: readonly string[]): readonly Form[] =>
  forms.filter(({ required, optional }) =>
    names.every((name) => required.includes(name) || optional.includes(name)),
  )

/** No element of pacemaker's has a tenth of it. */
const MOST_ATTRIBUTES = 200

/** How many places are tried as the end of a value before a line counts as unreadable: milliseconds, and nobody needs many. */
const MOST_TRIES = 20_000

const isAscii = (text: string): boolean => !/[^\0-\x7f]/.test(text)

class LineReader {
  #tries = 0

  constructor(
    private readonly body: string,
    private readonly forms: readonly Form[] | undefined,
  ) {}

  /** The attributes from a position on; nothing where there is no reading in which none stands twice. */
  read(at: number, seen: readonly string[]): readonly Pair[] | undefined {
    const blanks = /\s*$/y
    blanks.lastIndex = at
    if (blanks.test(this.body)) {
      return this.#isWhole(seen) ? [] : undefined
    }
    if (seen.length === MOST_ATTRIBUTES) {
      // Also no reading in which a value swallows some of them.
      this.#tries = MOST_TRIES
      return undefined
    }
    const begin = /\s+([\w:.-]+)="/y
    begin.lastIndex = at
    const name = begin.exec(this.body)?.[1]
    if (name === undefined || seen.includes(name) || !this.#mayHave([...seen, name])) return undefined
    const from = begin.lastIndex
    // Up to the first character beyond ASCII a quote is escaped: the first one there is does end the value.
    const first = this.body.indexOf('"', from)
    if (first >= 0 && isAscii(this.body.slice(from, first))) return this.#readRest(name, from, first, seen)
    const end = /"(?=\s*$|\s+[\w:.-]+=")/g
    end.lastIndex = from
    for (let found = end.exec(this.body); found !== null; found = end.exec(this.body)) {
      if ((this.#tries += 1) > MOST_TRIES) return undefined
      const pairs = this.#readRest(name, from, found.index, seen)
      if (pairs !== undefined) return pairs
    }
    return undefined
  }

  #mayHave(names: readonly string[]): boolean {
    return this.forms === undefined || formsWith(this.forms, names).length > 0
  }

  #isWhole(names: readonly string[]): boolean {
    if (this.forms === undefined) return true
    return formsWith(this.forms, names).some(({ required }) => required.every((name) => names.includes(name)))
  }

  /** The attribute whose value is between these positions, and those behind it. */
  #readRest(name: string, from: number, end: number, seen: readonly string[]): readonly Pair[] | undefined {
    const rest = this.read(end + 1, [...seen, name])
    return rest && [[name, this.body.slice(from, end)], ...rest]
  }
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
}

/** The value with all of it escaped. */
function escapeRest(value: string): string {
  const first = value.search(/[^\0-\x7f]/)
  if (first < 0) return value
  const rest = value.slice(first)
  const isRaw = /["<>\n]|&(?!(?:#\d+|#x[0-9a-f]+|amp|lt|gt|quot|apos);)/i.test(rest)
  return isRaw
    ? value.slice(0, first) + rest.replace(/[&<>"\n]/g, (found) => ENTITIES[found] ?? found)
    : value
}

/** A tag that may hold unescaped text. */
function repair(tag: string): string {
  const [, begin = '', name = '', body = '', end = ''] =
    /^(\s*<)([A-Za-z_][\w:.-]*)((?:\s[^]*?)??)(\s*\/?>)\s*$/.exec(tag) ?? []
  const pairs = name === '' ? undefined : new LineReader(body, FORMS[name]).read(0, [])
  if (pairs === undefined) {
    throw new OcfError(
      ExitCode.ERR_GENERIC,
      `an attribute of a '${/\w[\w-]*/.exec(tag)?.[0] ?? ''}' in the CIB cannot be read: it has characters beyond ASCII, and this pacemaker prints what follows them without escapes`,
      { detail: 'write it without quotes and angle brackets, or in ASCII; pacemaker 2.1.8 prints it well' },
    )
  }
  return `${begin}${name}${pairs.map(([key, value]) => ` ${key}="${escapeRest(value)}"`).join('')}${end}`
}

/**
 * The same CIB as XML.
 *
 * @param xml - as `cibadmin --query` prints it, or as pacemaker keeps it on disk
 * @throws OcfError ERR_GENERIC for what cannot be read
 */
export function wellFormed(xml: string): string {
  // Nearly always.
  if (isAscii(xml) || !mayBeBroken(xml)) return xml
  const lines: string[] = []
  let open: string[] = []
  for (const line of xml.split('\n')) {
    const begins = open.length === 0
    if (begins && (isAscii(line) || !/^\s*<[A-Za-z_]/.test(line))) {
      lines.push(line)
      continue
    }
    open.push(line)
    if (!/"\s*\/?>\s*$/.test(line)) continue
    lines.push(repair(open.join('\n')))
    open = []
  }
  if (open.length > 0) lines.push(repair(open.join('\n')))
  return lines.join('\n')
}
