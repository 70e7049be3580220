/** The actions on an address that the instances of a clone have together. */
import { type ClusterIp } from '../../../lib/network/cluster-ip'
import { clearRules, joinShare, leaveShare, listShares } from '../../../lib/network/cluster-ip-rules'
import { runIp } from '../../../lib/network/ip-command'
import { carryOut, ExitCode, OcfError, type Plan, print } from '../../../lib/ocf'
import { findProgram } from '../../../lib/system/find-program'
import { isRoot } from '../../../lib/system/users'
import { type Context } from '../agent'
import { type Facts, observeForMonitor, observeForStart, observeForStop, shownFacts } from '../observe'
import { describeStep, performSteps } from '../steps'
import {
  decideSharedMonitor,
  decideSharedStart,
  decideSharedStop,
  type SharedFacts,
  type SharedStep,
} from './decide'
import { sharedAddress } from './shared-address'

/** The address, for what does not depend on its interface. */
function addressOf({ values, env }: Context, name = ''): ClusterIp {
  return sharedAddress(values, env, name)
}

async function withShares(context: Context, facts: Facts): Promise<SharedFacts> {
  const { env, deadline } = context
  return {
    ...facts,
    root: isRoot(),
    nft: findProgram('nft') !== undefined,
    shares: await listShares(addressOf(context), deadline),
    instance: env.cloneInstance ?? 0,
    total: env.cloneMax ?? 1,
  }
}

function describe(step: SharedStep, { values, env }: Context): string {
  const ip = values.ip.text
  switch (step.step) {
    case 'join':
      return `serve share ${env.cloneInstance ?? 0} of the clients of ${ip} on ${step.interface}`
    case 'leave':
      return `serve share ${step.share.instance} of the clients of ${ip} no longer`
    case 'release':
      return `take ${ip} away, unless another share is served here`
    default:
      return describeStep(step, values)
  }
}

/** Whether the interface takes packets for a hardware address; that it is so already, or no longer, is fine. */
async function listen(
  verb: 'add' | 'delete',
  mac: string | undefined,
  name: string,
  context: Context,
): Promise<void> {
  if (mac === undefined) return
  try {
    await runIp(['maddress', verb, mac, 'dev', name], context.deadline)
  } catch (error) {
    const fine =
      verb === 'add' ? /File exists/ : /No such file|Cannot assign|Cannot find device|No such device/
    if (!(error instanceof OcfError && fine.test(error.reason))) throw error
  }
}

async function release(step: Extract<SharedStep, { step: 'release' }>, context: Context): Promise<void> {
  const ip = addressOf(context)
  if ((await listShares(ip, context.deadline)).length > 0) return
  for (const place of step.places) {
    await performSteps([{ step: 'remove', ...place }], context)
    await listen('delete', ip.mac, place.interface, context)
  }
  await clearRules(ip, context.deadline)
}

async function perform(step: SharedStep, context: Context): Promise<void> {
  const { deadline, env, log } = context
  switch (step.step) {
    case 'join': {
      log.info(describe(step, context))
      const ip = addressOf(context, step.interface)
      await joinShare(ip, env.cloneInstance ?? 0, deadline)
      return listen('add', ip.mac, step.interface, context)
    }
    case 'leave':
      log.info(describe(step, context))
      return leaveShare(addressOf(context), step.share, deadline)
    case 'release':
      return release(step, context)
    default:
      return performSteps([step], context)
  }
}

function act(context: Context, facts: SharedFacts, plan: Plan<SharedStep>): Promise<ExitCode> {
  const { explain, values } = context
  const shown = explain && { ...(shownFacts(facts, values) as object), shares: facts.shares }
  return carryOut(context, shown, plan, {
    describe: (step) => describe(step, context),
    perform: async (steps) => {
      for (const step of steps) await perform(step, context)
    },
  })
}

async function start(context: Context): Promise<ExitCode> {
  const facts = await withShares(context, await observeForStart(context))
  return act(context, facts, decideSharedStart(context.values, facts))
}

async function stop(context: Context): Promise<ExitCode> {
  const facts = await withShares(context, await observeForStop(context))
  return act(context, facts, decideSharedStop(context.values, facts))
}

async function monitor(context: Context): Promise<ExitCode> {
  const facts = await withShares(context, await observeForMonitor(context))
  return act(context, facts, decideSharedMonitor(context.values, facts))
}

async function status(context: Context): Promise<ExitCode> {
  const code = await monitor(context)
  print(code === ExitCode.SUCCESS ? 'running\n' : 'stopped\n')
  return code
}

async function validateAll(context: Context): Promise<ExitCode> {
  const facts = await withShares(context, await observeForStart(context))
  const { exit, reason } = decideSharedStart(context.values, { ...facts, root: true })
  return act(context, facts, { exit, steps: [], ...(reason !== undefined && { reason }) })
}

/** What each action does with such an address. */
export const SHARED_ACTIONS: Readonly<Record<string, (context: Context) => Promise<ExitCode>>> = {
  start,
  stop,
  monitor,
  status,
  'validate-all': validateAll,
}
