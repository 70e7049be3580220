/** Is an address somebody else's already? */
import { type Deadline } from '../ocf'
import { describeFailure, type ProgramResult, runProgram } from '../system/run-program'
import { type Address } from './address'
import { type ArpingKind, arpingKind } from './arping-kind'
import { readIpv6States } from './ipv6-states'

export type Detection = 'unique' | 'duplicate' | 'undecided'

/** Waits until the kernel knows whether an IPv6 address that it was given is nobody else's. */
export async function awaitDetection(name: string, address: Address, deadline: Deadline): Promise<Detection> {
  let state = readIpv6States().get(`${name} ${address.hex}`)
  await deadline.holds(20, () => {
    state = readIpv6States().get(`${name} ${address.hex}`)
    return state?.tentative !== true || state.duplicate
  })
  if (state?.duplicate) return 'duplicate'
  return state?.tentative ? 'undecided' : 'unique'
}

/** Who on the network has an address. */
export type Owners =
  | { readonly kind: 'nobody' }
  /** Somebody, by their hardware addresses. */
  | { readonly kind: 'taken'; readonly macs: readonly string[] }
  /** The program did not say; why. */
  | { readonly kind: 'unknown'; readonly why: string }

/** What an arping of either kind says of who has an address. Their exit codes mean different things, and also errors. */
export function readOwners(kind: ArpingKind, result: ProgramResult): Owners {
  const [reply, silence] =
    kind === 'libnet_arping'
      ? [/^\d+ bytes from ([\da-f:]{17}) \(/gim, /\b0 packets received\b/]
      : [
          /^(?:Unicast|Broadcast) reply from \S+ \[([\da-f:]{17})\]/gim,
          /^Received 0 repl|^Received 0 response/m,
        ]
  const macs = [...result.stdout.matchAll(reply)].map(([, mac = '']) => mac.toLowerCase())
  if (macs.length > 0) return { kind: 'taken', macs: [...new Set(macs)] }
  return silence.test(result.stdout)
    ? { kind: 'nobody' }
    : { kind: 'unknown', why: describeFailure('arping', result) }
}

/**
 * Asks the network for the owner of an IPv4 address: as for duplicate address detection, with no sender, so that it
 * disturbs nobody and a node that has the address itself can ask, too (RFC 5227, "Probe").
 *
 * @param probes - how often, once a second
 * @throws OcfError ERR_INSTALLED when there is no `arping`
 */
export async function askOwners(
  name: string,
  address: string,
  probes: number,
  deadline: Deadline,
): Promise<Owners> {
  const kind = await arpingKind('arping', deadline)
  const args =
    kind === 'libnet_arping'
      ? ['-0', '-c', `${probes}`, '-i', name]
      : ['-D', '-c', `${probes}`, '-w', `${2 * probes - 1}`, '-I', name]
  return readOwners(kind, await runProgram('arping', [...args, address], { deadline }))
}
