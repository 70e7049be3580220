/** The notices of the packages that are bundled into an executable, which their licences ask to be kept with it. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

function noticeOf(root: string, folder: string): string {
  const directory = join(root, folder)
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
    name: string
    version: string
    license?: string
  }
  const file = readdirSync(directory).find((entry) => /^(licen[cs]e|copying)/i.test(entry))
  const text =
    file === undefined ? '' : `\n\n${readFileSync(join(directory, file), 'utf8').replaceAll('\r', '').trim()}`
  return `${name} ${version} (${license ?? 'see its own text'})${text}`
}

const TITLE = 'This file contains the following packages.'
const BETWEEN = '\n\n----\n\n'

/**
 * One comment with the notice of every package.
 *
 * @param root - the project's directory
 * @param inputs - the files in the bundle, relative to it
 */
export function licences(root: string, inputs: readonly string[]): string {
  // A module that the build makes up has a name with a colon, and no folder.
  const folders = inputs.flatMap((input) => /^[^:]*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? [])
  const notices = [...new Set(folders)].sort().map((folder) => noticeOf(root, folder))
  if (notices.length === 0) return ''
  const text = [TITLE, ...notices].join(BETWEEN)
  return `/*\n${text.replaceAll('*/', '* /')}\n*/\n`
}

/** The notices in an executable. */
export function noticesIn(executable: string): readonly string[] {
  const begin = executable.lastIndexOf(`/*\n${TITLE}`)
  if (begin < 0) return []
  const [, ...notices] = executable.slice(begin, executable.lastIndexOf('\n*/')).split(BETWEEN)
  return notices
}
