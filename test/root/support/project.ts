/** A project of somebody who writes an agent of their own, made by the commands that README.md tells. */
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { readmeBlock } from '../../unit/support/readme-blocks'

const REPOSITORY = join(__dirname, '../../..')
const TOOL = join(REPOSITORY, 'dist/bin')

/** What README.md says about it: its commands, and an agent in one file. */
export const told = {
  make: readmeBlock('write-your-own-agent/1'),
  install: readmeBlock('write-your-own-agent/2'),
  configure: readmeBlock('write-your-own-agent/3'),
  flag: readmeBlock('write-your-own-agent/4'),
  runFlag: readmeBlock('write-your-own-agent/5'),
} as const

/** The package is packed as the build has made it: dist/ is not made again while other tests use it. */
const PACK = `npm() { if [[ $1 == pack ]]; then command npm pack --ignore-scripts ${REPOSITORY}; else command npm "$@"; fi; }`

export interface Project {
  /** The project's own directory. */
  readonly path: string
  /** What the commands that made it printed. */
  readonly said: string
  /** Runs shell commands in the project; throws with what they printed when one fails. */
  run(script: string, env?: Readonly<Record<string, string>>): string
  /** Makes another project beside it, tests, and installs its agent: one that is promotable, of that name. */
  addPromotable(name: string): string
  /** Where `install-agent` puts agents, by OCF_ROOT. */
  readonly ocfRoot: string
  remove(): void
}

/** The project `my-daemon`, built and tested by its own tests. */
export function makeProject(): Project {
  if (!existsSync(join(REPOSITORY, 'dist/library'))) {
    throw new Error('dist/library is missing: run "npm run build -- --library" first')
  }
  const directory = mkdtempSync(join(tmpdir(), 'ocf-ts-project-'))
  // As /usr/lib is: an agent must not need root to tell about itself.
  chmodSync(directory, 0o755)
  const ocfRoot = join(directory, 'ocf')
  const execute = (script: string, cwd: string, more: Readonly<Record<string, string>> = {}): string => {
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      PATH: [dirname(process.execPath), TOOL, process.env['PATH']].join(delimiter),
      OCF_ROOT: ocfRoot,
      npm_config_prefer_offline: 'true',
      npm_config_audit: 'false',
      npm_config_fund: 'false',
      ...more,
    }
    try {
      return execFileSync('bash', ['-c', `set -euo pipefail\n${PACK}\n${script}`], {
        cwd,
        env,
        encoding: 'utf8',
        stdio: 'pipe',
      })
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string }
      throw new Error(`failed:\n${script}\n${stdout ?? ''}${stderr ?? ''}`, { cause: error })
    }
  }
  const remove = (): void => {
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    const said = execute(told.make, directory)
    const path = join(directory, 'my-daemon')
    const addPromotable = (name: string): string =>
      execute(
        `ocf-ts new-agent ${name} --promotable --from ocf-ts-*.tgz
        cd ${name}; npm install; npm run typecheck; npm test; npm run install-agent`,
        directory,
      )
    return { path, said, addPromotable, run: (script, env) => execute(script, path, env), ocfRoot, remove }
  } catch (error) {
    remove()
    throw error
  }
}
