/**
 * Text that comes from outside (a server's error, a log line, a node's name), made fit to be read: characters that steer
 * a terminal, reorder other text or forge a line are shown as escapes. Every way out goes through here.
 */

/**
 * Control characters (C0, C1, DEL), format characters (bidirectional ones too), lone surrogates, line separators: Unicode's
 * Cc, Cf, Cs, Zl and Zp without line break and tab. In ranges, which a monitor loads in less time than their names.
 */
const UNSAFE =
  /[\0-\x08\v-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\u{110bd}\u{110cd}\u{13430}-\u{1343f}\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/u
const eachUnsafe = (): RegExp => new RegExp(UNSAFE.source, 'gu')

/** The sequences for a terminal that this process makes itself (see styles.ts), as soon as there are any. */
let styles: { readonly orUnsafe: RegExp; readonly each: RegExp } | undefined

/**
 * From now on sequences that set a terminal's style and carry this mark are let through.
 *
 * @param mark - digits that no text from outside can know
 */
export function passStyles(mark: string): void {
  const style = `\\u001b\\[([\\d;]*);${mark}m`
  styles = { orUnsafe: new RegExp(`${style}|${UNSAFE.source}`, 'gu'), each: new RegExp(style, 'g') }
}

/** The last step before a terminal: the styles without their mark. */
export function withoutMarks(text: string): string {
  return styles === undefined ? text : text.replace(styles.each, '\x1b[$1m')
}

/** `\x1b`, `\u202e`, `\u{e0001}`. */
function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const hex = code.toString(16)
  if (code < 0x100) return `\\x${hex.padStart(2, '0')}`
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex.padStart(4, '0')}`
}

/** The text with its line breaks and tabs, and with all other characters of that kind shown as escapes. */
export function printable(text: string): string {
  if (!UNSAFE.test(text)) return text
  if (styles === undefined) return text.replace(eachUnsafe(), escapeOf)
  return text.replace(styles.orUnsafe, (found: string, style: string | undefined) =>
    style === undefined ? escapeOf(found) : found,
  )
}

/** As `printable`, for text that must stay within its line: a line break is shown as an escape, too. */
export function printableLine(text: string): string {
  return printable(text.includes('\n') ? text.replace(/\r?\n/g, '\\n') : text)
}

/** The same for JSON, as escapes that a reader of it takes for the characters. */
export function jsonText(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent)
  if (!UNSAFE.test(text)) return text
  return text.replace(eachUnsafe(), (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

const XML: Readonly<Record<string, string>> = { '"': "'", '<': '‹', '>': '›', '&': '＆' }

/** As `printableLine`, in ASCII: pacemaker's tools refuse anything else where there is no locale, as for an agent. */
export function asciiLine(text: string): string {
  return printableLine(text).replace(/[^\0-\x7f]/gu, escapeOf)
}

/**
 * An exit reason, which becomes the value of an attribute in pacemaker's XML. Pacemaker up to 2.1.7 stops escaping at the
 * first character beyond ASCII, and what follows could end the attribute and begin another one.
 */
export function forPacemaker(text: string): string {
  const line = printableLine(text)
  return /[^\0-\x7f]/.test(line) ? line.replace(/["<>&]/g, (character) => XML[character] ?? '') : line
}
