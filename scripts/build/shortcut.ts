/** The first lines of an executable: which interpreter runs it, and what is done before Node starts. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * An agent may have a file `shortcut.sh` beside its `main.ts`: shell that ends the actions that are nothing to do, for
 * Node's own start is most of what they cost. The executable is then a program in both languages: what the shell
 * reads is to JavaScript a string, which does nothing, and a comment.
 *
 * The second line tells what the file is, and scripts/install knows by it which files are its own to remove; it
 * writes Node's path into the first line, or into the third where that is the one that starts Node.
 *
 * @param entry - the file that the program starts with
 * @param name - the line by which the executable says what it is, a comment
 */
export function firstLines(entry: string, name: string): string {
  const file = join(dirname(entry), 'shortcut.sh')
  if (!existsSync(file)) return `#!/usr/bin/env node\n${name}`
  const shell = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .join(' ')
  return `#!/bin/sh\n':' ${name}\n':' //; ${shell}; exec /usr/bin/env node "$0" "$@"`
}
