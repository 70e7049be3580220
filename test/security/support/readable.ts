/** What must not reach a terminal, a log or an exit reason. */

/** Everything that steers a terminal or reorders text; line breaks and tabs are the tool's own. */
const STEERS =
  /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** The first such character with what stands around it; nothing where there is none. */
export function whatSteers(text: string): string | undefined {
  const at = text.search(STEERS)
  return at < 0 ? undefined : JSON.stringify(text.slice(Math.max(0, at - 40), at + 40))
}

/** Text that tries all of it: a title, a colour, hidden text, a line written over, right to left, a forged line. */
export const HOSTILE =
  'bad \x1b]0;title\x07 \x1b[31mred \x1b[8mhidden \x9b2J \x85 \x7f \rover \u202egpj \u2066\u2069\u200f\u061c \u2028 end'

/** The same without what ends a line or a word, for names. */
export const HOSTILE_NAME = 'n\x1b[31m\u202e\x9b2J'

/** What pacemaker takes for the exit reason: what stands behind the last prefix, to the end of the line. */
export function reasonAsPacemaker(stderr: string): string | undefined {
  const prefix = 'ocf-exit-reason:'
  const at = stderr.lastIndexOf(prefix)
  return at < 0 ? undefined : stderr.slice(at + prefix.length).split('\n')[0]
}
