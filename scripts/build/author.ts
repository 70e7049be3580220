/** For who writes an agent in a project of their own (`ocf-ts/build`): its executable, and where it is installed. */
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { compileFunction } from 'node:vm'
import { build } from 'esbuild'
import { type Agent } from '../../lib/ocf'
import { metadataXml } from '../../lib/ocf/metadata'
import { bundleProgram, executable } from './program'
import { firstLines, startedBy } from './shortcut'
import { TARGET } from './target'

export interface BuildAgentOptions {
  /** The file that exports the definition as `agent`, relative to the working directory: `src/agent.ts`. */
  readonly definition: string
  /** The name that stands between `ocf:` and the agent's. */
  readonly provider: string
  /** Where the executable goes. Default: `dist`. */
  readonly directory?: string
}

export interface BuiltAgent {
  /** The executable. */
  readonly path: string
  readonly bytes: number
  /** What it prints for `meta-data`. */
  readonly metadata: string
}

/** Runs the module that defines the agent, without a file of it on disk. */
async function loadDefinition(file: string): Promise<Agent> {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    packages: 'external',
    platform: 'node',
    format: 'cjs',
    target: TARGET,
    logLevel: 'warning',
  })
  const module: { exports: { readonly agent?: Agent } } = { exports: {} }
  const run = compileFunction(outputFiles[0]?.text ?? '', ['module', 'exports', 'require'], {
    filename: file,
  }) as (one: typeof module, exports: object, require: NodeJS.Require) => void
  run(module, module.exports, createRequire(file))
  const { agent } = module.exports
  if (agent === undefined) {
    throw new Error(`${file} exports no 'agent': write export const agent = defineAgent({ … })`)
  }
  return agent
}

/**
 * Makes one executable file of an agent, with its meta-data and all that it needs but Node.
 *
 * @throws Error where the definition cannot be read or bundled
 */
export async function buildAgent({
  definition,
  provider,
  directory = 'dist',
}: BuildAgentOptions): Promise<BuiltAgent> {
  const root = process.cwd()
  const file = resolve(root, definition)
  const agent = await loadDefinition(file)
  const metadata = metadataXml(agent)
  const contents = await bundleProgram({
    root,
    entry: {
      contents: `
        import { runAgent } from 'ocf-ts'
        import { agent } from ${JSON.stringify(file)}
        const resourceEnvironment = async (id) => (await import('ocf-ts/cluster')).resourceEnvironment(id)
        void runAgent(agent, { metadata: ${JSON.stringify(metadata)}, resourceEnvironment })`,
      resolveDir: root,
    },
    banner: firstLines(file, `// ${agent.name} ${agent.version}: ocf:${provider}:${agent.name}`, metadata),
  })
  return { ...executable(agent.name, contents).write(resolve(root, directory)), metadata }
}

export interface InstallAgentOptions {
  /** The executable that `buildAgent` made. */
  readonly path: string
  readonly provider: string
  /** The cluster's directory of agents. Default: `OCF_ROOT`, or /usr/lib/ocf. */
  readonly ocfRoot?: string
}

/** An executable with the whole path of this Node in the line that starts it. */
function withNode(contents: string): string {
  const node = process.execPath
  // The kernel reads a first line up to 127 characters, and takes what follows a blank for an argument.
  if (/\s/.test(node) || node.length > 125) {
    throw new Error(`${node}: a program cannot be started by this path; run it with a Node that is elsewhere`)
  }
  return startedBy(contents, node)
}

/**
 * Puts an agent where pacemaker looks for it, in one step: a cluster that runs meanwhile finds the old file or the new
 * one. Node's whole path is written into it, for the PATH of pacemaker is short.
 *
 * @returns where it is
 * @throws Error where it does not run here, or may not be written there; nothing is changed then
 */
export function installAgent({ path, provider, ocfRoot }: InstallAgentOptions): string {
  const root = ocfRoot ?? process.env['OCF_ROOT'] ?? '/usr/lib/ocf'
  const place = join(root, 'resource.d', provider, basename(path))
  let contents: string
  try {
    contents = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new Error(`there is no ${path} yet: run npm run build first`, { cause })
  }
  const directory = dirname(place)
  try {
    mkdirSync(directory, { recursive: true })
    accessSync(directory, constants.W_OK)
  } catch (cause) {
    throw new Error(`cannot write to ${directory}: run it as root, or set OCF_ROOT to a directory of yours`, {
      cause,
    })
  }
  // Beside its place, on the same file system, and with a dot, so that no cluster takes it for an agent.
  const workshop = mkdtempSync(join(directory, '.new-'))
  try {
    const fresh = join(workshop, basename(path))
    writeFileSync(fresh, withNode(contents))
    chmodSync(fresh, 0o755)
    // Not its meta-data, which it prints without Node.
    const { status, stderr } = spawnSync(fresh, ['usage'], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${path} does not run here, and was not installed: ${stderr.trim()}`)
    renameSync(fresh, place)
  } finally {
    rmSync(workshop, { recursive: true, force: true })
  }
  return place
}
