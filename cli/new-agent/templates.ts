/** The files of a new project, as they stand in templates/; the build puts them into the tool in place of this. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const DIRECTORY = join(__dirname, '../../templates')

function filesOf(directory: string): Readonly<Record<string, string>> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  )
  return Object.fromEntries(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [
        // What would mean something to this repository's own tools carries the suffix.
        path
          .slice(directory.length + 1)
          .replace(/\.template$/, '')
          .replace(/^gitignore$/, '.gitignore'),
        readFileSync(path, 'utf8'),
      ]),
  )
}

const plain = filesOf(join(DIRECTORY, 'plain'))

/** By a file's path in the project; what a promotable agent has more, or otherwise, is in a directory of its own. */
export const TEMPLATES: Readonly<Record<'plain' | 'promotable', Readonly<Record<string, string>>>> = {
  plain,
  promotable: { ...plain, ...filesOf(join(DIRECTORY, 'promotable')) },
}
