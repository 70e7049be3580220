/** A program and everything it needs, in one executable file. */
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type BuildOptions } from 'esbuild'
import { licences } from './licences'
import { PackedPackages, UNPACK } from './packed-packages'
import { TARGET } from './target'

/** An executable that is made, and not on disk yet. */
export interface Executable {
  readonly name: string
  readonly contents: string
  /** Puts it into a directory, in place of an older one, without a moment in which it is half there. */
  write(directory: string): { path: string; bytes: number }
}

/** What a program is made of. */
export interface Source {
  /** The project's directory: its packages are looked for there. */
  readonly root: string
  /** The file it starts with, or its text. */
  readonly entry: string | { readonly contents: string; readonly resolveDir: string }
  /** The executable's first lines. */
  readonly banner: string
  readonly plugins?: BuildOptions['plugins']
}

/** Node reads a file of ASCII alone faster; esbuild leaves nothing else except in comments. */
const ascii = (code: string): string => code.replace(/[^\0-\x7f]/g, '?')

/** Bundles a program. What it loads with a dynamic `import()` is in the file too, and is run only when it is asked for. */
export async function bundleProgram({ root, entry, banner, plugins = [] }: Source): Promise<string> {
  const packages = new PackedPackages(root)
  const { outputFiles, metafile } = await build({
    ...(typeof entry === 'string' ? { entryPoints: [entry] } : { stdin: entry }),
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'cjs',
    target: TARGET,
    // Also of Node's own modules: what runs from a start-up snapshot can only require() them.
    supported: { 'dynamic-import': false },
    // Of ocf-ts itself as a package: its modules one by one, so that an agent gets those that it uses.
    conditions: ['ocf-ts-source'],
    loader: { '.xml': 'text' },
    plugins: [...plugins, packages.plugin],
    inject: [UNPACK],
    // Names and lines are kept: a stack in a cluster's log must mean something to its reader.
    minifySyntax: true,
    legalComments: 'none',
    banner: { js: banner },
    logLevel: 'warning',
  })
  const [output] = outputFiles
  if (!output) throw new Error('esbuild made nothing')
  const packed = await packages.comments(output.text.split('\n').length - 1)
  const inputs = [...Object.keys(metafile.inputs), ...packed.inputs]
  return ascii(`${output.text}${packed.text}\n${licences(root, inputs)}`)
}

/** An executable of that name with these contents. */
export function executable(name: string, contents: string): Executable {
  return {
    name,
    contents,
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
