/**
 * The words of a command line, with quotes and backslashes as a shell reads them; nothing is expanded.
 *
 * @returns nothing when a quote is not closed, or a backslash has nothing behind it
 */
export function shellWords(text: string): readonly string[] | undefined {
  const part = /'([^']*)'|"((?:\\[^]|[^\\"])*)"|\\([^])|([^\s'"\\]+)|(\s+)/y
  const words: string[] = []
  let word: string | undefined
  let end = 0
  while (end < text.length) {
    const match = part.exec(text)
    if (match === null) return undefined
    end = part.lastIndex
    const [, single, double, escaped, bare, blank] = match
    if (blank === undefined) {
      word = (word ?? '') + (single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? bare ?? '')
    } else if (word !== undefined) {
      words.push(word)
      word = undefined
    }
  }
  return word === undefined ? words : [...words, word]
}
