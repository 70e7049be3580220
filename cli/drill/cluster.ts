/** The cluster as the drill asks it: from a node, or from a machine that is no part of it, through ssh. */
import { messageOf } from '../../lib/ocf'
import { localNodeName } from '../../lib/cluster/node-name'
import { Deadline } from '../../lib/ocf'
import { readEnvironment } from '../../lib/ocf/environment'
import { describeFailure, type ProgramResult } from '../../lib/system/run-program'
import { CommandError, Exit } from '../exit'
import { readAnswer, TOOL } from '../nodes/answer'
import { runOn } from '../nodes/shell'
import { type StatusReport } from '../status/report'
import { statusReportForm } from '../status/report-form'

const TIMEOUT_MS = 20_000
const REST_S = 60

/** No node has this name: every one of them is another machine. */
const NOWHERE = ''

type Argv = readonly [string, ...string[]]

export class Cluster {
  private constructor(
    /** This node's name; empty where this is none of the cluster's. */
    readonly local: string,
    /** The nodes that are asked what the cluster does, the first that answers. */
    readonly asked: readonly string[],
  ) {}

  /** @param via - nodes to ask; none: this one */
  static async reach(via: readonly string[]): Promise<Cluster> {
    if (via.length > 0) return new Cluster(NOWHERE, via)
    const local = await localNodeName(readEnvironment({}, ''), new Deadline(TIMEOUT_MS))
    return new Cluster(local, [local])
  }

  /** The same, with nodes that something is going to happen to asked last. */
  avoiding(node: string): Cluster {
    const others = this.asked.filter((one) => one !== node)
    return new Cluster(this.local, [...others, ...this.asked.filter((one) => one === node)])
  }

  /** Runs a program on a node; `watch` is told what it prints, as it does. */
  run(
    node: string,
    argv: Argv,
    timeoutMs = TIMEOUT_MS,
    watch?: (text: string) => void,
  ): Promise<ProgramResult> {
    return runOn(this, node, argv, timeoutMs, watch && { watch })
  }

  /**
   * Runs a program on a node that answers.
   *
   * @throws CommandError UNREACHABLE when none does; TROUBLE when the program fails
   */
  async runAnywhere(
    argv: Argv,
    mayEndWith: readonly number[] = [0],
    timeoutMs = TIMEOUT_MS,
  ): Promise<string> {
    return (await this.askAnywhere(argv, mayEndWith, timeoutMs)).stdout
  }

  private async askAnywhere(
    argv: Argv,
    mayEndWith: readonly number[],
    timeoutMs: number,
  ): Promise<{ readonly node: string; readonly stdout: string }> {
    let last: unknown
    for (const node of this.asked) {
      try {
        const result = await this.run(node, argv, timeoutMs)
        if (mayEndWith.includes(result.code ?? -1)) return { node, stdout: result.stdout }
        const said =
          result.code === 127 ? `${argv[0]} is not installed there` : describeFailure(argv.join(' '), result)
        last = new CommandError(
          result.code === Exit.UNREACHABLE ? Exit.UNREACHABLE : Exit.TROUBLE,
          `${node}: ${said}`,
        )
      } catch (error) {
        last = error
      }
    }
    throw last instanceof CommandError ? last : new CommandError(Exit.UNREACHABLE, messageOf(last))
  }

  /** Waits until the cluster has nothing to do, but not for ever. */
  async comeToRest(): Promise<void> {
    const argv = ['crm_resource', '--wait', '--timeout', String(REST_S)] as const
    await this.runAnywhere(argv, [0], (REST_S + 5) * 1000).catch(() => undefined)
  }

  /** Everything `ocf-ts status` tells. */
  async report(): Promise<StatusReport> {
    if (this.local !== NOWHERE) return (await import('../status/run')).takeReport()
    const mayEndWith = [Exit.OK, Exit.TROUBLE]
    const { node, stdout } = await this.askAnywhere([TOOL, 'status', '--json'], mayEndWith, TIMEOUT_MS)
    return readAnswer(stdout, statusReportForm, node, 'status --json')
  }

  /** The CIB. */
  cib(): Promise<string> {
    return this.runAnywhere(['cibadmin', '--query'])
  }
}
