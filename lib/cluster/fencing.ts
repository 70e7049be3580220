/** Whether the cluster fences: in the words of pacemaker up to 3.0, and in those that take their place. */
import { type Configuration } from './configuration'

type Properties = Configuration['properties']

/** The names of the property that switches fencing on; where several are set, the first one counts. */
export const FENCING_ENABLED = ['fencing-enabled', 'stonith-enabled'] as const
const WATCHDOG_TIMEOUT = ['fencing-watchdog-timeout', 'stonith-watchdog-timeout'] as const

function valueOf(properties: Properties, names: readonly string[]): string | undefined {
  return names.map((name) => properties[name]).find((value) => value !== undefined)
}

/** The name by which this cluster's configuration has it. */
export function fencingProperty(properties: Properties): (typeof FENCING_ENABLED)[number] {
  return FENCING_ENABLED.find((name) => properties[name] !== undefined) ?? 'stonith-enabled'
}

/** Whether fencing is switched on; it is, unless a property says otherwise. */
export function isFencingEnabled(properties: Properties): boolean {
  return /^(?:true|yes|on|y|1)$/i.test(valueOf(properties, FENCING_ENABLED) ?? 'true')
}

/** Whether there is something that fences: a device, or each node's own watchdog. */
export function hasFencingDevice({ primitives, properties }: Configuration): boolean {
  const watchdog = valueOf(properties, WATCHDOG_TIMEOUT)
  return (
    primitives.some(({ agent }) => agent.startsWith('stonith:')) ||
    (watchdog !== undefined && !/^0+\D*$/.test(watchdog))
  )
}
