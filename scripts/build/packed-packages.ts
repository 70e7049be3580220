/**
 * npm packages at the end of an executable, as comments. Node compiles a whole file before it runs its first line, and
 * even code that is never called costs its length: 8 ms of CPU for commander, fast-xml-parser and pg together, at
 * every call of the agent. In a comment they cost 1 ms, less when it is a
 * short one, and are compiled by the action that needs them (unpack.ts).
 */
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { leanPg } from './lean-pg'
import { beginOf, endOf } from './package-marks'
import { REPOSITORY } from './repository'
import { TARGET } from './target'

interface PackedPackage {
  readonly code: string
  /** The files it is made of, relative to the repository. */
  readonly inputs: readonly string[]
}

async function bundlePackage(name: string): Promise<PackedPackage> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: `module.exports = require(${JSON.stringify(name)})`, resolveDir: REPOSITORY },
    absWorkingDir: REPOSITORY,
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

function packageOf(name: string): Promise<PackedPackage> {
  const known = bundled.get(name) ?? bundlePackage(name)
  bundled.set(name, known)
  return known
}

/** Keeps packages out of one bundle, and remembers which were asked for. */
export class PackedPackages {
  readonly #names = new Set<string>()

  readonly plugin: Plugin = {
    name: 'packed-packages',
    setup: (bundle) => {
      bundle.onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
        if (kind === 'entry-point' || path.startsWith('node:') || builtinModules.includes(path))
          return undefined
        this.#names.add(path)
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
    for (const name of [...this.#names].sort()) {
      const { code, inputs: files } = await packageOf(name)
      // An empty line and the mark come before the package itself.
      const packed = `${beginOf(name)}${line + 2}\n${code.trimEnd().replace(/^/gm, '//')}${endOf(name)}`
      text += packed
      line += packed.split('\n').length - 1
      inputs.push(...files)
    }
    return { text, inputs }
  }
}

/** What is put in front of an executable's own modules. */
export const UNPACK = join(__dirname, 'unpack.ts')
