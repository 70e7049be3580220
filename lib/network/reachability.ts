/** Which of several hosts answer. */
import { type Deadline } from '../ocf'
import { parseAddress } from './address'

/** How a host is asked. */
export interface Asking {
  /** How many requests may go unanswered before a host counts as unreachable. */
  readonly attempts: number
  /** Seconds in which a request must be answered. */
  readonly timeout: number
  /** More options for the program. */
  readonly options: readonly string[]
  /** Hosts that have not answered when this passes are unreachable. */
  readonly deadline: Deadline
}

export interface Reachability {
  /** How many of the hosts answered; one that is listed twice counts twice. */
  readonly reachable: number
  readonly unreachable: readonly string[]
  /** What the program said of hosts that it could not even ask, for the log. */
  readonly complaints: readonly string[]
}

/**
 * Milliseconds for finding a host's address. A resolver asks the next name server after five seconds; one that has found
 * nothing after this would keep the value of the other hosts from being published.
 */
const RESOLVING_MS = 10_000

/** Until when a program that is given a host's name is waited for: one that is still looking for its address then has no answer. */
export function untilResolved({ attempts, timeout, options, deadline }: Asking): Deadline {
  // With options of its own it may take any time.
  return options.length > 0 ? deadline : deadline.within((attempts + timeout) * 1000 + RESOLVING_MS)
}

/** Whether a program refused its options, rather than found a host unreachable. */
export function refusedOptions(stderr: string): boolean {
  return /\b(invalid|unrecognized|illegal|unknown) (option|argument|optstring)|option requires an argument|^usage:/im.test(
    stderr,
  )
}

/** The part of a host list that is an IPv6 address, and not a name or an IPv4 address. */
export function isIpv6Literal(host: string): boolean {
  return host.includes(':')
}

/** Whether a host is listed by its address, so that nobody needs a name server for it. */
export function isAddress(host: string): boolean {
  return isIpv6Literal(host) || parseAddress(host) !== undefined
}

/** Of a host for which the time was up. */
export const NOT_IN_TIME = 'there was no time for all attempts; a name server may not answer'
