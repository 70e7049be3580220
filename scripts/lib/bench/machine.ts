/** What the figures were measured on, without which they mean nothing. */
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../../../test/cluster/lab/command'
import { VERSION } from '../../../lib/version'

const PACKAGES = ['pacemaker', 'corosync', 'resource-agents', 'postgresql-15', 'hyperfine']

export async function describeMachine(): Promise<Readonly<Record<string, unknown>>> {
  const said = async (...argv: string[]): Promise<string> => (await runCommand(argv)).stdout.trim()
  const packages = await said('dpkg-query', '--show', '--showformat', '${Package} ${Version}\n', ...PACKAGES)
  const repository = join(__dirname, '../../..')
  return {
    processor: cpus()[0]?.model,
    processors: cpus().length,
    memoryMb: Math.round(totalmem() / 1024 / 1024),
    kernel: release(),
    system: /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1],
    // How busy it was before the first measurement: the machine should have had nothing else to do.
    loadAverage: loadavg(),
    versions: {
      'ocf-ts': VERSION,
      commit: await said('git', '-C', repository, 'describe', '--always', '--dirty'),
      node: process.version,
      ...Object.fromEntries(packages.split('\n').map((line) => line.split(' '))),
    },
  }
}
