/** Asks hosts with the system's `ping`, one process a host, all side by side. */
import { ExitCode, OcfError } from '../ocf'
import { runUntil } from '../system/run-program'
import {
  type Asking,
  isAddress,
  isIpv6Literal,
  NOT_IN_TIME,
  type Reachability,
  refusedOptions,
  untilResolved,
} from './reachability'

/** Seconds between two requests to one host: a lost one is soon followed by the next, and none is a flood. */
const INTERVAL = { least: 0.2, most: 1 }

interface Answer {
  readonly host: string
  readonly reachable: boolean
  readonly complaint: string | undefined
}

/** The arguments of `ping` for one host. */
export function pingArguments(
  host: string,
  { attempts, timeout, options }: Omit<Asking, 'deadline'>,
): readonly string[] {
  const interval = Math.min(INTERVAL.most, Math.max(INTERVAL.least, timeout / attempts))
  const text = (seconds: number): string => String(Number(seconds.toFixed(2)))
  return [
    ...(isIpv6Literal(host) ? ['-6'] : []),
    '-n',
    '-c',
    `${attempts}`,
    '-W',
    text(timeout),
    ...(attempts > 1 ? ['-i', text(interval)] : []),
    // Configured options come last, so that they win.
    ...options,
    '--',
    host,
  ]
}

/** Whether ping's output has an answer in it; "From ... Destination Host Unreachable" is none. */
export function hasAnswer(stdout: string): boolean {
  return /^\d+ bytes from /m.test(stdout)
}

async function askOne(host: string, asking: Asking): Promise<Answer> {
  const timeout = Math.min(asking.timeout, Math.max(0.1, asking.deadline.remainingMs / 1000))
  const args = pingArguments(host, { ...asking, timeout })
  const deadline = isAddress(host) ? asking.deadline : untilResolved({ ...asking, timeout })
  const { satisfied, code, stderr, timedOut } = await runUntil('ping', args, deadline, hasAnswer)
  if (satisfied || code === 0) return { host, reachable: true, complaint: undefined }
  if (refusedOptions(stderr)) {
    throw new OcfError(
      ExitCode.ERR_ARGS,
      `options: ping does not accept '${asking.options.join(' ')}': ${stderr.split('\n')[0] ?? ''}`,
    )
  }
  const complaint = timedOut ? `${host}: ${NOT_IN_TIME}` : stderr.trim()
  return { host, reachable: false, complaint: complaint || undefined }
}

/** Asks all hosts; each is reachable at its first answer, and unreachable when all requests went unanswered. */
export async function pingHosts(hosts: readonly string[], asking: Asking): Promise<Reachability> {
  const answers = await Promise.all(hosts.map((host) => askOne(host, asking)))
  return {
    reachable: answers.filter(({ reachable }) => reachable).length,
    unreachable: answers.filter(({ reachable }) => !reachable).map(({ host }) => host),
    complaints: answers.flatMap(({ complaint }) => complaint ?? []),
  }
}
