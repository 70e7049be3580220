import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { agentPath } from './agent'

export interface PasswordFile {
  readonly text: string
  readonly mode?: number
}

/**
 * How to call the agent (`through`) where the home directory of postgres is one of the test's, in `directory`; for the
 * agent and what it starts alone.
 */
export function atHomeIn(directory: string, pgpass: PasswordFile | undefined): readonly string[] {
  const home = join(directory, 'home')
  rmSync(home, { recursive: true, force: true })
  mkdirSync(home)
  if (pgpass !== undefined) {
    writeFileSync(join(home, '.pgpass'), pgpass.text)
    chmodSync(join(home, '.pgpass'), pgpass.mode ?? 0o600)
  }
  execFileSync('chown', ['-R', 'postgres:postgres', '--', home])
  const wrapper = join(directory, 'at-home')
  writeFileSync(
    wrapper,
    `mount --bind '${home}' ~postgres && exec '${process.execPath}' '${agentPath('pgsql')}' "$1"\n`,
  )
  return ['unshare', '--mount', 'bash', wrapper]
}
