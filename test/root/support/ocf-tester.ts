/** `ocf-tester`, resource-agents' test of whether an agent keeps to the standard. */
import { spawn } from 'node:child_process'

/** The standard's schema of meta-data, which Debian's package pcs brings. */
export const SCHEMA = '/usr/share/pcs/data/ocf-1.1.rng'

/** Where nothing of the machine's own network takes part, and what is written to /run is gone afterwards. */
const INSIDE = `
set -eu
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/resource-agents
ip link set lo up
ip link add eth0 type veth peer name peer
ip link set eth0 up
ip link set peer up
ip address add 10.9.0.1/24 dev eth0
sed "s#--valid#--nonet --relaxng $SCHEMA#" "$(command -v ocf-tester)" >/run/tester
exec sh "$TESTER" "$@"
`

export interface Run {
  readonly code: number
  /** All that it printed, on both channels. */
  readonly output: string
}

/**
 * @param tester - `current` has it hold the meta-data against the schema of OCF 1.1, which is what our agents and newer
 * ones of Debian's say that they follow; `debian` leaves it as it is: it knows the DTD of OCF 1.0 only.
 */
export function ocfTester(
  tester: 'current' | 'debian',
  agent: string,
  params: Readonly<Record<string, string>>,
): Promise<Run> {
  const options = Object.entries(params).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  return new Promise((resolve, reject) => {
    const child = spawn(
      'unshare',
      [
        ...['--mount', '--net', '--ipc', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc'],
        ...['--propagation', 'private', 'bash', '-c', INSIDE, 'tester', '-n', 'tested', ...options, agent],
      ],
      {
        cwd: '/',
        env: {
          PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
          SCHEMA,
          TESTER: tester === 'debian' ? '/usr/sbin/ocf-tester' : '/run/tester',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 50_000,
        killSignal: 'SIGKILL',
      },
    )
    const chunks: Buffer[] = []
    for (const channel of [child.stdout, child.stderr])
      channel.on('data', (chunk: Buffer) => chunks.push(chunk))
    child.once('error', reject)
    child.once('close', (code) => {
      resolve({ code: code ?? -1, output: Buffer.concat(chunks).toString() })
    })
  })
}

/** What it says of an action that an agent need not have. */
const lacks = (what: string): string => `* Your agent does not support ${what} (optional)`

/** What it says of an agent that lacks these and nothing else. */
export const passed = (agent: string, ...lacking: readonly string[]): string =>
  [
    `Beginning tests for ${agent}...`,
    '- validates',
    ...lacking.map(lacks),
    `${agent} passed all tests`,
    '',
  ].join('\n')

/** Of an agent whose resources have no roles. */
export const NO_ROLES = ['the notify action', 'the demote action', 'the promote action', 'promotable clones']
