/** Is an address somebody else's already? */
import { type Deadline } from '../ocf'
import { runProgram } from '../system/run-program'
import { type Address } from './address'
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

/**
 * Asks the network for the owner of an IPv4 address that this host does not have yet; takes up to three seconds.
 *
 * @throws OcfError ERR_INSTALLED when there is no `arping`
 */
export async function isTaken(name: string, address: Address, deadline: Deadline): Promise<boolean> {
  const args = ['-q', '-D', '-c', '2', '-w', '3', '-I', name, address.text]
  const { code } = await runProgram('arping', args, { deadline })
  return code === 1
}
