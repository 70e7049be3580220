/** Which of several hosts answer. */
import { type Deadline } from '../ocf'

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
