/** What the answers of the hosts mean. */
import { type Reachability } from '../../lib/network/reachability'
import { ExitCode, type Plan } from '../../lib/ocf'
import { type Values } from './agent'

export type Step =
  | { readonly step: 'note start'; readonly file: string }
  | { readonly step: 'publish'; readonly name: string; readonly value: number; readonly dampen: string }

type Settings = Pick<Values, 'name' | 'multiplier' | 'dampen' | 'failure_score' | 'pidfile'>

/** A monitor of a resource that is started. */
export function decideMonitor(
  { name, multiplier, dampen, failure_score: least }: Settings,
  { reachable, unreachable }: Pick<Reachability, 'reachable' | 'unreachable'>,
): Plan<Step> {
  const value = reachable * multiplier
  const steps: readonly Step[] = [{ step: 'publish', name, value, dampen }]
  if (least === undefined || value >= least) return { exit: ExitCode.SUCCESS, steps }
  return {
    exit: ExitCode.ERR_GENERIC,
    reason: `${name} is ${value}, less than failure_score=${least}: no answer from ${unreachable.join(', ') || 'too few hosts'}`,
    steps,
  }
}

/** A start; it is one of a resource that is already started, too. */
export function decideStart(
  settings: Settings,
  started: boolean,
  answer: Pick<Reachability, 'reachable' | 'unreachable'>,
): Plan<Step> {
  const plan = decideMonitor(settings, answer)
  return started ? plan : { ...plan, steps: [{ step: 'note start', file: settings.pidfile }, ...plan.steps] }
}
