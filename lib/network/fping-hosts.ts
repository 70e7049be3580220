/** Asks hosts with `fping`: one process for all addresses, and one for each name. */
import { ExitCode, OcfError } from '../ocf'
import { describeFailure, runProgram } from '../system/run-program'
import {
  type Asking,
  isAddress,
  NOT_IN_TIME,
  type Reachability,
  refusedOptions,
  untilResolved,
} from './reachability'

/** Milliseconds that fping waits for an answer at the least. */
const LEAST_WAIT = 50

/** fping's own codes: everybody answered, somebody did not, a name is unknown. */
const ANSWERED = [0, 1, 2]

/** The arguments of `fping`: within `timeout` all attempts are made, and an answer to any of them counts until then. */
export function fpingArguments(
  hosts: readonly string[],
  { attempts, timeout, options }: Omit<Asking, 'deadline'>,
): readonly string[] {
  const wait = Math.max(LEAST_WAIT, Math.floor((timeout * 1000) / attempts))
  return ['-r', `${attempts - 1}`, '-t', `${wait}`, '-B', '1.0', ...options, '--', ...hosts]
}

/** Reads what fping printed of each host. */
export function readAnswers(hosts: readonly string[], stdout: string, stderr: string): Reachability {
  const alive = stdout.split('\n').flatMap((line) => /^(\S+) .*is alive/.exec(line)?.[1] ?? [])
  return {
    reachable: Math.min(alive.length, hosts.length),
    unreachable: hosts.filter((host) => !alive.includes(host)),
    // A router's "ICMP Host Unreachable" is an answer to the question, and not a complaint.
    complaints: stderr.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('ICMP ')),
  }
}

/**
 * fping sends nothing before it knows the addresses of all its hosts: each host with a name is asked by a process of its
 * own, so that a name server that does not answer keeps nobody else waiting.
 */
export function askedTogether(hosts: readonly string[]): readonly (readonly string[])[] {
  const addresses = hosts.filter(isAddress)
  const names = hosts.filter((host) => !isAddress(host))
  return [...(addresses.length > 0 ? [addresses] : []), ...names.map((name) => [name])]
}

async function askSome(hosts: readonly string[], asking: Asking): Promise<Reachability> {
  const { options } = asking
  const timeout = Math.min(asking.timeout, (asking.deadline.remainingMs * 0.8) / 1000)
  const deadline = hosts.every(isAddress) ? asking.deadline : untilResolved({ ...asking, timeout })
  const result = await runProgram('fping', fpingArguments(hosts, { ...asking, timeout }), { deadline })
  if (result.timedOut) {
    // Of those that it has heard from, it has said so.
    const { complaints, ...found } = readAnswers(hosts, result.stdout, result.stderr)
    return { ...found, complaints: [...complaints, `${found.unreachable.join(', ')}: ${NOT_IN_TIME}`] }
  }
  // It ends with the same code for an option that it does not know as for a host that does not answer.
  if (refusedOptions(result.stderr)) {
    throw new OcfError(
      ExitCode.ERR_ARGS,
      `options: fping does not accept '${options.join(' ')}': ${result.stderr.trim().split('\n')[0] ?? ''}`,
    )
  }
  if (result.code === undefined || !ANSWERED.includes(result.code)) {
    throw new OcfError(ExitCode.ERR_GENERIC, describeFailure('fping', result))
  }
  if (result.code === 0) return { reachable: hosts.length, unreachable: [], complaints: [] }
  if (result.code === 1 && result.stdout.trim() === '') {
    throw new OcfError(
      ExitCode.ERR_ARGS,
      `options: with '${options.join(' ')}' fping does not say which hosts answer; leave out what makes it quiet`,
    )
  }
  return readAnswers(hosts, result.stdout, result.stderr)
}

/** Asks all hosts. One whose name is not resolved in time is unreachable. */
export async function fpingHosts(hosts: readonly string[], asking: Asking): Promise<Reachability> {
  const answers = await Promise.all(askedTogether(hosts).map((some) => askSome(some, asking)))
  const unreachable = new Set(answers.flatMap((answer) => answer.unreachable))
  return {
    reachable: answers.reduce((sum, { reachable }) => sum + reachable, 0),
    unreachable: hosts.filter((host) => unreachable.has(host)),
    complaints: answers.flatMap(({ complaints }) => complaints),
  }
}
