/** Each instance of a globally unique clone has an address of its own. */
import { addressAfter } from '../../lib/network/address'
import { type Context } from './agent'

/** The context with the instance's own address, where the configuration asks for one. */
export function forInstance(context: Context): Context {
  const { values, env } = context
  if (!values.unique_clone_address) return context
  // What goes beyond the last part of the address is refused before anything is started: see validateConfiguration.
  return {
    ...context,
    values: { ...values, ip: addressAfter(values.ip, env.cloneInstance ?? 0) ?? values.ip },
  }
}
