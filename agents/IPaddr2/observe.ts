/** What there is to know of this host. */
import { type Interface } from '../../lib/network/interfaces'
import { readRoutes, type Route } from '../../lib/network/routes'
import { visibleInterfaces } from '../../lib/network/visible-interfaces'
import { ExitCode, OcfError } from '../../lib/ocf'
import { type Context } from './agent'
import { heldPlaces, wantedOf } from './place'

export interface Facts {
  readonly interfaces: readonly Interface[]
  /** Networks this host is connected to; not read where the configuration says all there is to know. */
  readonly routes: readonly Route[]
  /** The interface that start has chosen where the configuration names none; not read where nothing depends on it. */
  readonly chosen?: string | undefined
}

/** What start has noted, where the configuration does not name the interface. */
async function noted({ values }: Context): Promise<Pick<Facts, 'chosen'>> {
  if (values.nic !== undefined) return {}
  return { chosen: (await import('./chosen')).readChosen(values) }
}

async function listInterfaces({ deadline }: Context): Promise<readonly Interface[]> {
  return (await import('../../lib/network/list-interfaces')).listInterfaces(deadline)
}

/** All interfaces. On a host without iproute2, those that can be seen without it: nobody has changed any other. */
async function knownInterfaces(context: Context): Promise<readonly Interface[]> {
  try {
    return await listInterfaces(context)
  } catch (error) {
    if (error instanceof OcfError && error.code === ExitCode.ERR_INSTALLED) return visibleInterfaces()
    throw error
  }
}

/** The routes that count: those of `proto`, or all. */
async function countingRoutes({ values, deadline }: Context): Promise<readonly Route[]> {
  const { ip, proto } = values
  if (proto === '') return readRoutes(ip.family)
  return (await import('../../lib/network/list-routes')).listRoutes(ip.family, proto, deadline)
}

/** The routes for a start, where the place depends on them. */
async function routesForStart(context: Context): Promise<readonly Route[]> {
  const { nic, cidr_netmask, proto } = context.values
  if (nic !== undefined && cidr_netmask !== undefined) return []
  try {
    return await countingRoutes(context)
  } catch (error) {
    if (!(error instanceof OcfError) || error.code !== ExitCode.ERR_GENERIC) throw error
    throw new OcfError(
      ExitCode.ERR_ARGS,
      `proto: this node lists no routes of protocol '${proto}': set proto to one that it has, such as kernel or static`,
      { cause: error, detail: error.reason },
    )
  }
}

/** The routes for looking whether the address is here; where they cannot be had, any interface will do. */
async function routesForLooking(context: Context): Promise<readonly Route[]> {
  if (context.values.nic !== undefined) return []
  try {
    return await countingRoutes(context)
  } catch (error) {
    if (error instanceof OcfError) return []
    throw error
  }
}

/**
 * Everything that a start depends on.
 *
 * @throws OcfError ERR_INSTALLED when there is no iproute2
 */
export async function observeForStart(context: Context): Promise<Facts> {
  return {
    interfaces: await listInterfaces(context),
    routes: await routesForStart(context),
    ...(await noted(context)),
  }
}

/** Everything that a stop depends on. */
export async function observeForStop(context: Context): Promise<Facts> {
  return {
    interfaces: await knownInterfaces(context),
    routes: await routesForLooking(context),
    ...(await noted(context)),
  }
}

/**
 * Enough to say whether the address is there. When it is in plain sight, no program is asked; when it is not, one is:
 * the address may be on an interface that is down or has lost its cable, and "not running" must be certain.
 */
export async function observeForMonitor(context: Context): Promise<Facts> {
  const wanted = wantedOf(context.values)
  const routes = await routesForLooking(context)
  const visible = { interfaces: visibleInterfaces(wanted.address.family), routes }
  if (heldPlaces(wanted, visible).length > 0) return visible
  const facts = { ...visible, ...(await noted(context)) }
  return heldPlaces(wanted, facts).length > 0
    ? facts
    : { ...facts, interfaces: await knownInterfaces(context) }
}

/** The facts without what has nothing to do with the address, for a person to read. */
export function shownFacts({ interfaces, routes }: Facts, { ip, nic }: Context['values']): unknown {
  return {
    interfaces: interfaces
      .filter(
        ({ name, altNames, addresses }) =>
          name === nic?.name ||
          (nic !== undefined && altNames.includes(nic.name)) ||
          addresses.some(({ address }) => address.hex === ip.hex),
      )
      .map(({ addresses, ...rest }) => ({
        ...rest,
        addresses: addresses
          .filter(({ address }) => address.family === ip.family)
          .map(({ address, ...others }) => ({ ...others, address: address.text })),
      })),
    routes: routes.map(
      ({ network, prefixLength, interface: name }) => `${network.text}/${prefixLength} dev ${name}`,
    ),
  }
}
