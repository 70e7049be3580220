/** The executables of this repository. */
import { join } from 'node:path'
import { VERSION } from '../../lib/version'
import { entryPoint } from './agents'
import { embeddedTemplates } from './embedded-templates'
import { bundleProgram, executable, type Executable } from './program'
import { REPOSITORY } from './repository'
import { readMetadata } from './metadata'
import { firstLines } from './shortcut'

const TOOL = join(REPOSITORY, 'cli/main.ts')

/**
 * Bundles a program of this repository.
 *
 * @param entry - the file it starts with
 * @param title - what the file says of itself
 * @param metadata - of an agent
 */
export function bundle(entry: string, title: string, metadata?: string): Promise<string> {
  return bundleProgram({
    root: REPOSITORY,
    entry,
    banner: firstLines(entry, `// ocf-ts ${VERSION}: ${title}`, metadata),
    plugins: [embeddedTemplates],
  })
}

/** Bundles the agent `agents/<name>/main.ts`. */
export async function bundleAgent(name: string): Promise<Executable> {
  return executable(name, await bundle(entryPoint(name), `ocf:ts:${name}`, readMetadata(name)))
}

/** Bundles the operator's tool. */
export async function bundleTool(): Promise<Executable> {
  return executable('ocf-ts', await bundle(TOOL, "the operator's tool"))
}
