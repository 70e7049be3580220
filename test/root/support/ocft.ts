/**
 * Runs `ocft`, the test program of resource-agents, with a case file of its own or of ours, on an agent in any
 * directory. It runs in mount, network, process, IPC and host name namespaces: what it writes below /var, /run and /tmp
 * is gone with them, and nothing of the machine is changed.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where Debian's resource-agents keeps its case files. */
export const CASE_FILES = '/usr/share/resource-agents/ocft/configs'

export interface OcftRun {
  /** The case file's name; also what `ocft` calls the run. */
  readonly name: string
  /** The case file's text; by default the one of this name that resource-agents brings. */
  readonly cases?: string
  /** The directory with the agent, in place of the `AgentRoot` in the case file. */
  readonly agentRoot?: string
  /** A bash script that makes what the cases need (interfaces, for example), run as root in the namespaces. */
  readonly prepare?: string
  /** More environment for the cases, and so for the agent. */
  readonly env?: Readonly<Record<string, string>>
  /**
   * In how many runs the cases are split, each in namespaces of its own, at the same time. `ocft` sleeps most of its
   * time, so that it costs little. Default: 1.
   */
  readonly shards?: number
  /** How long each run may take, in milliseconds. Default: two minutes. */
  readonly timeoutMs?: number
}

export interface OcftCase {
  /** Its place in the case file, from 0. */
  readonly number: number
  readonly title: string
  /** `not run` when a failure of `ocft` itself ended the run before. */
  readonly result: 'ok' | 'failed' | 'not run'
  /** What `ocft` printed of it. */
  readonly output: string
}

interface CaseFile {
  /** Everything before the first case. */
  readonly head: string
  readonly cases: readonly { readonly number: number; readonly title: string; readonly text: string }[]
}

function readCases(text: string): CaseFile {
  const [head = '', ...rest] = text.split(/^(?=CASE[ \t])/m)
  return {
    head,
    cases: rest.map((part, number) => ({
      number,
      title: /^CASE\s+"?(.*?)"?\s*$/m.exec(part)?.[1] ?? '',
      text: part,
    })),
  }
}

/**
 * /var, /run and /tmp are the machine's to read and the run's to write; /sys is mounted again to show the new network.
 * `ocft` has /var/lib/resource-agents built in, and looks for the agent's own words, which it shows of a case that
 * fails, not quite where it keeps them.
 */
const INSIDE = `
set -eu
mount -t tmpfs tmpfs "$1/layers"
for directory in var run tmp; do
  mkdir -p "$1/layers/$directory/upper" "$1/layers/$directory/work"
  mount -t overlay overlay -o "lowerdir=/$directory,upperdir=$1/layers/$directory/upper,workdir=$1/layers/$directory/work" "/$directory"
done
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mkdir -p /run/resource-agents
ln -sf /run/resource-agents/.ocft_runlog /tmp/.ocft_runlog
ip link set lo up
eval "$PREPARE"
unset PREPARE
ocft make -d "$1/configs" "$2" >&2
set +e
ocft test "$2"
printf 'ocft ended with %s; to be repeated:' $?
cd /var/lib/resource-agents/ocft/cases
printf ' %s' *_"$2".retest
echo
`

function runInNamespaces(directory: string, run: OcftRun): Promise<string> {
  const { name, prepare = ':', env = {}, timeoutMs = 120_000 } = run
  const argv = [
    '--mount',
    '--net',
    '--ipc',
    '--uts',
    '--pid',
    '--fork',
    '--kill-child',
    ...['--propagation', 'private'],
    ...['bash', '-c', INSIDE, 'ocft', directory, name],
  ]
  return new Promise((resolve, reject) => {
    const child = execFile(
      'unshare',
      argv,
      {
        cwd: directory,
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', PREPARE: prepare, ...env },
        timeout: timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: 16 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        if (child.exitCode === 0) resolve(stdout)
        else reject(new Error(`ocft ${name}: ${error?.message ?? ''}\n${stdout}\n${stderr}`))
      },
    )
  })
}

/** What a run printed, case by case: each begins with the name of the run and its title. */
function readResults(cases: CaseFile['cases'], name: string, printed: string): readonly OcftCase[] {
  const output = printed.replace(/\x1b\[\d+m/g, '')
  const again = new Set(/to be repeated:(.*)/.exec(output)?.[1]?.trim().split(' '))
  let from = 0
  return cases.map(({ number, title }, index) => {
    const begin = output.indexOf(`${name}: ${title} - `, from)
    if (begin < 0) return { number, title, result: 'not run', output: output.slice(from) }
    const following = cases[index + 1]
    const next = following ? output.indexOf(`${name}: ${following.title} - `, begin + 1) : -1
    const end = next < 0 ? output.length : next
    from = begin + 1
    const said = output.slice(begin, end)
    const failed = again.has(`${index}_${name}.retest`) || /\b(FAILED|ERROR)\b/.test(said)
    return { number, title, result: failed ? 'failed' : 'ok', output: said }
  })
}

/**
 * Runs every case of a case file.
 *
 * @returns one result a case, in the order of the file
 * @throws Error when `ocft` could not run at all, with what it printed
 */
export async function runOcft(run: OcftRun): Promise<readonly OcftCase[]> {
  const { name, agentRoot, shards = 1 } = run
  const text = run.cases ?? readFileSync(join(CASE_FILES, name), 'utf8')
  const { head, cases } = readCases(text)
  const root = agentRoot === undefined ? head : head.replace(/^(\s*AgentRoot\s+).*$/m, `$1${agentRoot}`)
  const parts = Array.from({ length: shards }, (_, shard) =>
    cases.filter(({ number }) => number % shards === shard),
  ).filter((part) => part.length > 0)
  const results = await Promise.all(
    parts.map(async (part) => {
      const directory = mkdtempSync(join(tmpdir(), 'ocf-ts-ocft-'))
      try {
        for (const name of ['configs', 'layers']) mkdirSync(join(directory, name))
        writeFileSync(join(directory, 'configs', name), root + part.map((one) => one.text).join(''))
        return readResults(part, name, await runInNamespaces(directory, run))
      } finally {
        rmSync(directory, { recursive: true, force: true })
      }
    }),
  )
  return results.flat().sort((one, other) => one.number - other.number)
}
