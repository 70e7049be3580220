/** `npm run build`: types, meta-data, the README's tables of parameters, executables. */
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { agentNames } from './build/agents'
import { bundleAgent, bundleTool } from './build/bundle'
import { buildLibrary } from './build/library'
import { driftOf, writeMetadata } from './build/metadata'
import { writeReadme } from './build/readme'
import { REPOSITORY } from './build/repository'

interface Flags {
  readonly types: boolean
  readonly checkMetadata?: true
  readonly library?: true
  readonly out: string
  readonly toolOut: string
}

/** Runs the TypeScript compiler; its complaints go to the terminal. */
function typesAreRight(): Promise<boolean> {
  const compiler = require.resolve('typescript/bin/tsc')
  return new Promise((done, failed) => {
    spawn(process.execPath, [compiler, '--noEmit'], {
      cwd: REPOSITORY,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
      .once('error', failed)
      .once('close', (code) => {
        done(code === 0)
      })
  })
}

async function build({ types, checkMetadata, library, out, toolOut }: Flags): Promise<boolean> {
  const names = agentNames()
  if (names.length === 0) {
    process.stderr.write('nothing to build: no folder in agents/ has a main.ts\n')
    return false
  }
  if (checkMetadata) {
    const drifted = await driftOf(names)
    for (const file of drifted) {
      process.stderr.write(
        `${file} is not what its agent's definition says: run npm run build, and commit it\n`,
      )
    }
    if (drifted.length > 0) return false
  }
  // The compiler has a core of its own while the executables are made; these are written only if it is content.
  const typed = types ? typesAreRight() : Promise.resolve(true)
  await writeMetadata(names)
  await writeReadme(names)
  const agents = await Promise.all(names.map((name) => bundleAgent(name)))
  const tool = await bundleTool()
  if (!(await typed)) return false
  const places = [...agents.map((agent) => [agent, out] as const), [tool, toolOut] as const]
  for (const [executable, directory] of places) {
    const { path, bytes } = executable.write(directory)
    process.stdout.write(`${path}  ${Math.round(bytes / 1024)} kB\n`)
  }
  return library ? buildLibrary() : true
}

new Command('build')
  .description(
    "Checks the types, generates metadata/*.xml and the tables in README.md, and makes the agents' executables.",
  )
  .option('--no-types', 'do not check the types')
  .option('--check-metadata', 'fail when a file in metadata/ is not what the definitions say')
  .option('--library', 'make the library of the npm package, too: dist/library and dist/modules')
  .option('--out <directory>', 'where the agents go', resolve(REPOSITORY, 'dist/ocf/ts'))
  .option('--tool-out <directory>', "where the operator's tool goes", resolve(REPOSITORY, 'dist/bin'))
  .action(async (flags: Flags) => {
    if (!(await build(flags))) process.exitCode = 1
  })
  .parseAsync()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  })
