import { type Deadline } from './deadline'
import { type OcfEnvironment } from './environment'
import { type ExitCode } from './exit-codes'
import { type Log } from './log'
import { type ParameterProblem, type Parameters, type Values } from './parameters'

/** What an action's handler is given. */
export interface Context<P extends Parameters = Parameters> {
  /** The parameters' values, typed from their declarations. */
  readonly values: Values<P>
  /** What the cluster manager said of the resource and of this action. */
  readonly env: OcfEnvironment
  /** The variables of the call, with what was set by hand: for an agent that calls itself in another place. */
  readonly variables: Readonly<Record<string, string | undefined>>
  /** The action's name as it was called. */
  readonly action: string
  /** A monitor that runs once, to learn whether the resource runs here at all. */
  readonly probe: boolean
  /** Parameters that were not accepted; only `stop` and probes are run with any (see `Agent.identity`). */
  readonly problems: readonly ParameterProblem[]
  readonly deadline: Deadline
  readonly log: Log
  /** `--explain`: show what was found and decided, and change nothing. */
  readonly explain: Explain | undefined
}

/** Takes what a handler found and decided, for a person to read. */
export interface Explain {
  observed(facts: unknown): void
  decided(plan: unknown): void
  wouldDo(steps: readonly string[]): void
}

/** An action: when it is run, and what runs. */
export interface Action<P extends Parameters = Parameters> {
  /** The timeout that the meta-data advises, in seconds. */
  readonly timeout: number
  /** The agent calls it itself, in a process of its own: nobody is told of it. Default: false. */
  readonly internal?: true
  /** The runs that the meta-data advertises for a recurring action; `interval` in seconds. Default: one, without. */
  readonly recurring?: readonly { interval: number; role?: 'Promoted' | 'Unpromoted'; depth?: number }[]
  /** Loads the handler, so that an action pays only for the code it runs. */
  readonly load: () => Promise<(context: Context<P>) => Promise<ExitCode> | ExitCode>
}

/** An agent: everything there is to say about it. Meta-data, parsing, validation and usage are derived from it. */
export interface Agent<P extends Parameters = Parameters> {
  readonly name: string
  readonly version: string
  readonly shortdesc: string
  readonly longdesc: string
  readonly parameters: P
  /**
   * Parameters without which nothing can run: when one of them is missing or not accepted, a probe says "not running"
   * and `stop` succeeds. With any other parameter wrong both do their work all the same.
   */
  readonly identity: readonly (keyof P & string)[]
  readonly actions: Readonly<Record<string, Action<P>>>
  /** Its handlers change nothing when the context has `explain`; without this, `--explain` is refused. Default: false. */
  readonly explains?: boolean
  /** Checks between parameters; returns what is wrong. Must not look at the host: see the `validate-all` action. */
  readonly validate?: (values: Values<P>, env: OcfEnvironment) => readonly ParameterProblem[]
}

/** Declares an agent; only there to type the handlers from the parameters. */
export function defineAgent<const P extends Parameters>(agent: Agent<P>): Agent<P> {
  return agent
}
