/** The executables as the build makes them, in a directory that has nothing else. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const REPOSITORY = join(__dirname, '../../..')

/** The agents that have a program. */
export const agentNames = readdirSync(join(REPOSITORY, 'agents')).filter((name) =>
  existsSync(join(REPOSITORY, 'agents', name, 'main.ts')),
)

export interface Directory {
  readonly path: string
  readonly remove: () => void
}

export function temporaryDirectory(): Directory {
  const path = mkdtempSync(join(tmpdir(), 'ocf-ts-'))
  return {
    path,
    remove: () => {
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** Builds all agents, and the operator's tool into a directory of its own; leaves `dist` and `metadata` alone. */
export function buildInto(directory: string, toolDirectory: string): void {
  const build = [
    require.resolve('tsx/cli'),
    'scripts/build.ts',
    '--no-types',
    '--check-metadata',
    '--out',
    directory,
    '--tool-out',
    toolDirectory,
  ]
  execFileSync(process.execPath, build, { cwd: REPOSITORY, stdio: ['ignore', 'ignore', 'inherit'] })
}
