/**
 * npm packages at the end of an executable, as comments. Node compiles a whole file before it runs its first line, and
 * even code that is never called costs its length: 8 ms of CPU for commander, fast-xml-parser and pg together, at
 * every call of the agent. In a comment they cost 1 ms, less when it is a
 * short one, and are compiled by the action that needs them (unpack.ts).
 */
import { existsSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { leanPg } from './lean-pg'
import { beginOf, endOf } from './package-marks'
import { TARGET } from './target'

interface PackedPackage {
  readonly code: string
  /** The files it is made of, relative to the project. */
  readonly inputs: readonly string[]
}

async function bundlePackage(name: string, root: string, resolveDir: string): Promise<PackedPackage> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `module.exports = require(${JSON.stringify(name)})`, resolveDir },
    absWorkingDir: root,
    // A file outside the project, of a test for example, means the project's packages, too.
    nodePaths: [join(root, 'node_modules')],
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'cjs',
    target: TARGET,
    plugins: [leanPg],
    external: ['pg-native'],
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  })
  return { code: outputFiles[0]?.text ?? '', inputs: Object.keys(metafile.inputs) }
}

/** Every package is bundled once, however many agents use it. */
const bundled = new Map<string, Promise<PackedPackage>>()

function packageOf(name: string, root: string, resolveDir: string): Promise<PackedPackage> {
  const key = `${name} of ${root}`
  const known = bundled.get(key) ?? bundlePackage(name, root, resolveDir)
  bundled.set(key, known)
  return known
}

/** The toolkit itself is no package that waits: every action needs it. */
const TOOLKIT = /^ocf-ts(\/|$)/

/** Keeps packages out of one bundle, and remembers which were asked for. */
export class PackedPackages {
  /** Each with the directory of a file that asked for it: the package may be there for that one only. */
  readonly #names = new Map<string, string>()

  /** @param root - the project's directory */
  constructor(private readonly root: string) {}

  readonly plugin: Plugin = {
    name: 'packed-packages',
    setup: (bundle) => {
      bundle.onResolve({ filter: /^[^./]/ }, ({ path, kind, resolveDir }) => {
        if (
          kind === 'entry-point' ||
          TOOLKIT.test(path) ||
          path.startsWith('node:') ||
          builtinModules.includes(path)
        )
          return undefined
        if (!this.#names.has(path)) this.#names.set(path, resolveDir)
        return { path, namespace: 'packed-package' }
      })
      bundle.onLoad({ filter: /.*/, namespace: 'packed-package' }, ({ path }) => ({
        contents: `module.exports = require('./unpack').unpack(${JSON.stringify(path)}, require)`,
        loader: 'js',
        resolveDir: __dirname,
      }))
    },
  }

  /**
   * The packages as the comments that end an executable, and the files they are made of.
   *
   * @param linesBefore - how many lines of the executable come before
   */
  async comments(linesBefore: number): Promise<{ text: string; inputs: readonly string[] }> {
    let text = ''
    let line = linesBefore
    const inputs: string[] = []
    for (const name of [...this.#names.keys()].sort()) {
      const resolveDir = this.#names.get(name) ?? this.root
      const { code, inputs: files } = await packageOf(name, this.root, resolveDir)
      // An empty line and the mark come before the package itself.
      const packed = `${beginOf(name)}${line + 2}\n${code.trimEnd().replace(/^/gm, '//')}${endOf(name)}`
      text += packed
      line += packed.split('\n').length - 1
      inputs.push(...files)
    }
    return { text, inputs }
  }
}

/** What is put in front of an executable's own modules; in the package, it is JavaScript. */
export const UNPACK = ['unpack.ts', 'unpack.js'].map((name) => join(__dirname, name)).find(existsSync) ?? ''
