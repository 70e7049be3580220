/** Nodes that root can log in to from any other one, as a cluster's nodes are set up for its administration tools. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mustRun } from './command'
import { labDir } from './state'
import type { Bind } from './state'
import type { LabNode } from './node'
import { until } from './wait'

/** Laid over root's own in the nodes, which is seen by nobody else. */
const home = '/root/.ssh'
const config = '/etc/ssh/sshd_config'

const directory = (labId: string): string => join(labDir(labId), 'ssh')
const userDirectory = (labId: string): string => join(directory(labId), 'user')

/** What is to be laid over the machine's own files. */
export function sshBinds(labId: string): readonly Bind[] {
  return [
    { source: userDirectory(labId), target: home },
    { source: join(directory(labId), 'sshd_config'), target: config },
  ]
}

/** Makes the keys, and what sshd and ssh read. `path` is the PATH of who logs in. */
export async function makeSsh(labId: string, nodes: readonly string[], path: string): Promise<void> {
  const [dir, user] = [directory(labId), userDirectory(labId)]
  mkdirSync(user, { recursive: true, mode: 0o700 })
  const hostKey = join(dir, 'host_key')
  for (const file of [join(user, 'id_ed25519'), hostKey]) {
    await mustRun(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'lab', '-f', file])
  }
  const publicKey = (file: string): string => readFileSync(`${file}.pub`, 'utf8')
  writeFileSync(join(user, 'authorized_keys'), publicKey(join(user, 'id_ed25519')), { mode: 0o600 })
  writeFileSync(join(user, 'known_hosts'), nodes.map((node) => `${node} ${publicKey(hostKey)}`).join(''))
  writeFileSync(
    join(dir, 'sshd_config'),
    [
      `HostKey ${hostKey}`,
      'PidFile none',
      'Subsystem sftp internal-sftp',
      'UsePAM no',
      'StrictModes no',
      'PasswordAuthentication no',
      'AuthorizedKeysFile .ssh/authorized_keys',
      `SetEnv PATH=${path}`,
      '',
    ].join('\n'),
  )
}

/** The command with which the client outside the cluster logs in to the nodes. */
export function clientSsh(
  labId: string,
  nodes: readonly { readonly name: string; readonly address: string }[],
): string {
  const user = userDirectory(labId)
  const file = join(directory(labId), 'client_config')
  const hosts = nodes.map(
    ({ name, address }) => `Host ${name}\n  HostName ${address}\n  HostKeyAlias ${name}\n`,
  )
  writeFileSync(
    file,
    `${hosts.join('')}Host *
  User root
  IdentityFile ${join(user, 'id_ed25519')}
  IdentitiesOnly yes
  UserKnownHostsFile ${join(user, 'known_hosts')}
  StrictHostKeyChecking yes
`,
  )
  return `ssh -F ${file}`
}

/** Starts sshd, unless it runs. */
export async function startSshd(node: LabNode): Promise<void> {
  const runs = (): boolean => node.processes().some(({ command }) => command === 'sshd')
  if (runs()) return
  await node.must(['mkdir', '-p', '/run/sshd'])
  await node.must(['/usr/sbin/sshd', '-f', config])
  await until(`sshd of ${node.name} runs`, runs, { intervalMs: 20 })
}
