/**
 * The settings in a connection string of keywords and values (PostgreSQL manual, "Keyword/Value Connection Strings").
 *
 * @returns nothing when it is not one
 */
export function readConninfo(text: string): Readonly<Record<string, string>> | undefined {
  const setting = /\s*(\w+)\s*=\s*(?:'((?:\\[^]|[^\\'])*)'|((?:\\[^]|[^\\'\s])*))(?=\s|$)/y
  const settings: Record<string, string> = {}
  const end = text.trimEnd().length
  while (setting.lastIndex < end) {
    const [, name, quoted, bare = ''] = setting.exec(text) ?? []
    if (name === undefined) return undefined
    settings[name] = (quoted ?? bare).replace(/\\([^])/g, '$1')
  }
  return settings
}
