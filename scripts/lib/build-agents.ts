/** The agents as a person would have them: built, or installed too. */
import { join } from 'node:path'
import { mustRun } from '../../test/cluster/lab/command'

const REPOSITORY = join(__dirname, '../..')

/** Builds the executables; returns their directory. What the build says is told only if it fails. */
export async function buildAgents(): Promise<string> {
  // The types were checked by who wrote the code, and checking them takes longer than all the rest.
  await mustRun(['npm', '--prefix', REPOSITORY, 'run', '--silent', 'build', '--', '--no-types'], patient)
  return join(REPOSITORY, 'dist/ocf/ts')
}

/** Installs what was built below a directory, as for a package; returns the directory of the agents in it. */
export async function installAgents(destination: string): Promise<string> {
  await mustRun(
    [
      ...['env', `DESTDIR=${destination}`, 'OCF_ROOT=/usr/lib/ocf'],
      ...[join(REPOSITORY, 'scripts/install'), '--node', process.execPath],
    ],
    patient,
  )
  return join(destination, 'usr/lib/ocf/resource.d/ts')
}

const patient = { timeoutMs: 300_000 }
