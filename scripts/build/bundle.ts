/** An agent and everything it needs, in one executable file. */
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { entryPoint } from './agents'
import { licences } from './licences'
import { PackedPackages, UNPACK } from './packed-packages'
import { REPOSITORY } from './repository'
import { firstLines } from './shortcut'
import { TARGET } from './target'

const TOOL = join(REPOSITORY, 'cli/main.ts')

/** An executable that is made, and not on disk yet. */
export interface Executable {
  readonly name: string
  /** Puts it into a directory, in place of an older one, without a moment in which it is half there. */
  write(directory: string): { path: string; bytes: number }
}

/** Node reads a file of ASCII alone faster; esbuild leaves nothing else except in comments. */
const ascii = (code: string): string => code.replace(/[^\0-\x7f]/g, '?')

/**
 * Bundles a program. What it loads with a dynamic `import()` is in the file too, and is run only when it is asked for.
 *
 * @param entry - the file it starts with
 * @param title - what the file says of itself
 */
export async function bundle(entry: string, title: string): Promise<string> {
  const packages = new PackedPackages()
  const { outputFiles } = await build({
    entryPoints: [entry],
    absWorkingDir: REPOSITORY,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: TARGET,
    loader: { '.xml': 'text' },
    plugins: [packages.plugin],
    inject: [UNPACK],
    // Names and lines are kept: a stack in a cluster's log must mean something to its reader.
    minifySyntax: true,
    legalComments: 'none',
    banner: { js: firstLines(entry, title) },
    logLevel: 'warning',
  })
  const [output] = outputFiles
  if (!output) throw new Error(`esbuild made nothing of ${entry}`)
  const packed = await packages.comments(output.text.split('\n').length - 1)
  return ascii(`${output.text}${packed.text}\n${licences(packed.inputs)}`)
}

/** An executable of that name with these contents. */
function executable(name: string, contents: string): Executable {
  return {
    name,
    write(directory) {
      mkdirSync(directory, { recursive: true })
      const path = join(directory, name)
      const fresh = join(directory, `.${name}.${process.pid}`)
      writeFileSync(fresh, contents)
      chmodSync(fresh, 0o755)
      renameSync(fresh, path)
      return { path, bytes: Buffer.byteLength(contents) }
    },
  }
}

/** Bundles the agent `agents/<name>/main.ts`. */
export async function bundleAgent(name: string): Promise<Executable> {
  return executable(name, await bundle(entryPoint(name), `ocf:ts:${name}`))
}

/** Bundles the operator's tool. */
export async function bundleTool(): Promise<Executable> {
  return executable('ocf-ts', await bundle(TOOL, "the operator's tool"))
}
