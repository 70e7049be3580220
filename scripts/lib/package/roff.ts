/** The language of man pages (man(7)): text, headings, lists. */

/** Characters that groff would show as others than those of the text, which a reader may copy. */
const ESCAPED: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '"': '\\(dq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
  '…': '...',
}

/** Text as it is to be read; what is special to roff, and all that is not ASCII, is escaped. */
export function escape(text: string): string {
  return text.replace(/[\\\-'"`^~]|[^\0-\x7f]/gu, (character) => {
    const unicode = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')
    return ESCAPED[character] ?? `\\[u${unicode}]`
  })
}

export const bold = (text: string): string => `\\fB${escape(text)}\\fR`
export const italic = (text: string): string => `\\fI${escape(text)}\\fR`

/** The longest line that mandoc finds well written has 80 characters. */
const WIDTH = 78

/** One line of input: a full stop at its beginning would be a request. */
const asLine = (line: string): string => (line.startsWith('.') ? `\\&${line}` : line)

/** Running text that is escaped already, in lines of moderate length; each sentence begins on a line of its own. */
function filled(escaped: string): string {
  const lines: string[] = []
  let line = ''
  for (const word of escaped.split(/\s+/).filter(Boolean)) {
    const ended = /[^.][.?!]\)?$/.test(line)
    if (line !== '' && (ended || line.length + 1 + word.length > WIDTH)) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  if (line !== '') lines.push(line)
  return lines.map(asLine).join('\n')
}

/** Paragraphs, parted by empty lines in the text. */
export function paragraphs(text: string): string {
  return text
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) => filled(escape(paragraph)))
    .join('\n.PP\n')
}

/** Lines that stay as they are, such as commands to type. */
export function literal(lines: readonly string[]): string {
  return ['.EX', ...lines.map((line) => asLine(escape(line)) || '\\&'), '.EE'].join('\n')
}

/** An entry of a list: a tag that is escaped already, and what is to be said of it. */
export function tagged(tag: string, text: string): string {
  const [first = '', ...rest] = text
    .trim()
    .split(/\n{2,}/)
    .map((paragraph) => filled(escape(paragraph)))
  return [`.TP\n${asLine(tag)}\n${first}`, ...rest.map((more) => `.IP\n${more}`)].join('\n')
}

/** A section; nothing where it is empty. */
export function section(title: string, ...parts: readonly string[]): string {
  const body = parts.filter((part) => part !== '')
  if (body.length === 0) return ''
  // Entries of a list part themselves.
  const joined = body.map((part, index) => (index === 0 || part.startsWith('.TP') ? part : `.PP\n${part}`))
  return `.SH ${escape(title.toUpperCase())}\n${joined.join('\n')}\n`
}

/** References to other pages, as `name(8)`. */
export function references(pages: readonly string[]): string {
  return pages
    .map((page, index) => {
      const [, name = '', number = ''] = /^(.*)\((\w+)\)$/.exec(page) ?? []
      return `.BR ${escape(name)} (${number})${index < pages.length - 1 ? ' ,' : ''}`.replace(/ ,$/, ',')
    })
    .join('\n')
}

export interface Page {
  readonly name: string
  /** The manual's section: 7 for conventions, 8 for root's commands. */
  readonly number: 7 | 8
  /** What stands behind the name, in one line. */
  readonly purpose: string
  readonly sections: readonly string[]
}

/** Whose page it is, of which version and day. */
export interface Edition {
  readonly project: string
  readonly version: string
  /** As 2026-11-30. */
  readonly date: string
}

/** The whole page. */
export function pageText({ name, number, purpose, sections }: Page, edition: Edition): string {
  const { project, version, date } = edition
  const title = [name.toUpperCase(), String(number), date, `${project} ${version}`, project]
  return [
    `.\\" Made by scripts/package from the definitions: do not edit.`,
    // No word is divided, least of all a path.
    '.nr HY 0',
    // Not escaped: mandoc reads the date as it is.
    `.TH ${title.map((word) => `"${word}"`).join(' ')}`,
    `.SH NAME\n${filled(`${escape(name)} \\- ${escape(purpose)}`)}`,
    ...sections.filter((text) => text !== '').map((text) => text.trimEnd()),
    '',
  ].join('\n')
}
