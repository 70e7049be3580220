/** Follows what the cluster does, as one of its nodes sees it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClusterStatus, parseStatus } from '../../lib/cluster/status'
import { sameNode } from '../../lib/cluster/snapshot'
import { Deadline } from '../../lib/ocf'
import { runProgram } from '../../lib/system/run-program'
import { loginArgv } from '../nodes/shell'
import { type Cluster } from './cluster'

/** The state is looked at five times a second, and told when it has changed; a record ends with a null byte. */
const LOOK = `while :; do
  now=$(crm_mon -Afr1 --output-as=xml 2>/dev/null | grep -v '<last_update')
  if [ "$now" = "$old" ]; then now=; else old=$now; fi
  printf '%s\\0' "$now" || exit
  sleep 0.2
done`

/** A node from which nothing was heard for so long is not asked any more. */
const SILENCE_MS = 5000
const RETRY_MS = 500
const FOREVER_MS = 86_400_000

/** Cuts what comes in into records. */
export class Records {
  private rest = ''

  /** @returns the records that are complete now, without the empty ones */
  add(text: string): readonly string[] {
    const parts = (this.rest + text).split('\0')
    this.rest = parts.pop() ?? ''
    return parts.filter((part) => part.trim() !== '')
  }
}

function tryToRead(from: string, xml: string): ClusterStatus | undefined {
  try {
    const status = parseStatus(from, xml)
    return status.nodes.length > 0 ? status : undefined
  } catch {
    // What pacemaker says while it starts or stops is no answer.
    return undefined
  }
}

/** Asks one node until it falls silent, or `stop`. */
async function follow(
  cluster: Cluster,
  node: string,
  stop: AbortSignal,
  tell: (status: ClusterStatus) => void,
): Promise<void> {
  const argv = ['sh', '-c', LOOK] as const
  const [program, ...args] = sameNode(node, cluster.local) ? argv : loginArgv(node, argv)
  const silence = new AbortController()
  const end = (): void => {
    silence.abort()
  }
  stop.addEventListener('abort', end, { once: true })
  let timer = setTimeout(end, SILENCE_MS)
  const records = new Records()
  const watch = (text: string): void => {
    clearTimeout(timer)
    timer = setTimeout(end, SILENCE_MS)
    for (const record of records.add(text)) {
      const status = tryToRead(node, record)
      if (status !== undefined) tell(status)
    }
  }
  try {
    await runProgram(program, args, {
      deadline: new Deadline(FOREVER_MS),
      watch,
      stop: silence.signal,
      // Ctrl-C is for the drill alone: how it ends is worth knowing in any case.
      apart: true,
    })
  } finally {
    clearTimeout(timer)
    stop.removeEventListener('abort', end)
  }
}

/** Tells of every change in the cluster until `stop`; when a node falls silent, the next one is asked. */
export async function watchCluster(
  cluster: Cluster,
  stop: AbortSignal,
  tell: (status: ClusterStatus) => void,
): Promise<void> {
  for (let turn = 0; !stop.aborted; turn += 1) {
    const node = cluster.asked[turn % cluster.asked.length] ?? cluster.local
    await follow(cluster, node, stop, (status) => {
      if (!stop.aborted) tell(status)
    })
    await sleep(RETRY_MS, undefined, { signal: stop }).catch(() => undefined)
  }
}
