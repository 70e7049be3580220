/** Whether the address runs here. */
import { ExitCode, type Plan } from '../../lib/ocf'
import { type Facts } from './observe'
import { hasPrefix, heldPlaces, isAsWanted, noLabel, noLink, type Wanted } from './place'

/** A monitor may announce the address again. */
export type MonitorStep = {
  readonly step: 'announce again'
  readonly interface: string
  readonly prefixLength: number
}

interface Choices {
  /** Announce the address once more. */
  readonly refresh: boolean
  /** An interface without a link is a failure. */
  readonly checkLink: boolean
}

export function decideMonitor(
  wanted: Wanted,
  facts: Facts,
  { refresh, checkLink }: Choices,
): Plan<MonitorStep> {
  const held = heldPlaces(wanted, facts)
  const ip = wanted.address.text
  const [any] = held
  if (!any) return { exit: ExitCode.NOT_RUNNING, steps: [] }

  const failed = (reason: string): Plan<MonitorStep> => ({ exit: ExitCode.ERR_GENERIC, reason, steps: [] })
  const place = held.find((candidate) => isAsWanted(candidate, wanted))
  if (!place) {
    const unlabelled = held.find((candidate) => hasPrefix(candidate, wanted))
    if (unlabelled) return failed(noLabel(unlabelled, wanted))
    return failed(
      `${ip} is on ${any.interface}, but with prefix length ${any.prefixLength} instead of ${wanted.prefixLength ?? ''}: remove it, or set cidr_netmask`,
    )
  }
  if (!place.up)
    return failed(`${ip} is on ${place.interface}, which is down: ip link set ${place.interface} up`)
  // Not "not running": the address must be stopped here before another node has it.
  if (checkLink && !place.link) return failed(noLink(place.interface))
  if (place.duplicate) {
    return failed(`another machine on the network of ${place.interface} has ${ip}: take it from there`)
  }
  const announce = refresh && wanted.address.family === 4 && !place.loopback
  return {
    exit: ExitCode.SUCCESS,
    steps: announce
      ? [{ step: 'announce again', interface: place.interface, prefixLength: place.prefixLength }]
      : [],
  }
}
