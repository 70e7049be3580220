/** The library as others install it: CommonJS with types, and its modules as they are for the bundles of agents. */
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { REPOSITORY } from './repository'
import { TARGET } from './target'

const LIBRARY = join(REPOSITORY, 'dist/library')
const MODULES = join(REPOSITORY, 'dist/modules')
/** What package.json exports for agents. */
const EXPORTED = ['ocf', 'system', 'cluster']

/** Makes dist/library and dist/modules; the compiler's complaints go to the terminal. */
export async function buildLibrary(): Promise<boolean> {
  for (const directory of [LIBRARY, MODULES]) rmSync(directory, { recursive: true, force: true })
  const compiler = [require.resolve('typescript/bin/tsc'), '--project', 'tsconfig.library.json']
  const { status } = spawnSync(process.execPath, compiler, { cwd: REPOSITORY, stdio: 'inherit' })
  if (status !== 0) return false
  const files = EXPORTED.flatMap((folder) =>
    readdirSync(join(REPOSITORY, 'lib', folder))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join('lib', folder, name)),
  )
  await build({
    entryPoints: files,
    absWorkingDir: REPOSITORY,
    outdir: MODULES,
    outbase: '.',
    format: 'esm',
    target: TARGET,
    logLevel: 'warning',
  })
  return true
}
