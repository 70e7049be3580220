/** `ocf-ts clone`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { attributeNames } from '../../agents/pgsql/names'
import { cleanUp } from '../../lib/cluster/clean-up'
import { type Primitive } from '../../lib/cluster/configuration'
import { resourceEnvironmentFrom } from '../../lib/cluster/resource-environment'
import { sameNode } from '../../lib/cluster/snapshot'
import { Deadline } from '../../lib/ocf'
import { parseState } from '../../lib/system/state-file'
import { mustAgree } from '../ask'
import { chooseDatabase, type ClusterView, lookAtCluster } from '../cluster/view'
import { CommandError, Exit } from '../exit'
import { eachLine, notInstalled, oddAnswer, reasonIn, TOOL } from '../nodes/answer'
import { type Reach, runOn } from '../nodes/shell'
import { type Terminal } from '../terminal'
import { Bar } from './bar'
import { cloneEventForm } from './event-form'
import { cloneHere, type CloneEvent, type CloneSpec, endOf } from './on-node'

export interface CloneFlags {
  readonly resource?: string
  readonly replace?: true
  readonly start?: true
  readonly from?: string
  /** kB/s */
  readonly maxRate?: number
  readonly json?: true
}

const WEEK_MS = 7 * 24 * 3600_000
const UP_MS = 180_000
const POLL_MS = 500

type End = Extract<CloneEvent, { event: 'done' | 'refused' | 'failed' }>

const refuse = (reason: string, advice: string): CommandError =>
  new CommandError(Exit.REFUSED, `${reason}: nothing was changed`, advice)

/** Who says that it is the primary: while an agent is reloaded, pacemaker does not know its role. */
function primaryOf({ status }: ClusterView, id: string): string | undefined {
  const { status: name } = attributeNames(id)
  return status.promoted(id)[0] ?? status.online.find((node) => status.attribute(node, name) === 'PRI')
}

/** @throws CommandError REFUSED when a clone there makes no sense */
function checkCluster(
  view: ClusterView,
  { id, parameters }: Primitive,
  node: string,
  flags: CloneFlags,
): void {
  const { status } = view
  const nodes = (parameters['node_list'] ?? '').split(/\s+/).filter(Boolean)
  if (!/^(?:sync|async|slave)$/.test(parameters['rep_mode'] ?? 'none')) {
    throw refuse(
      `${id} is no replication (rep_mode=${parameters['rep_mode'] ?? 'none'})`,
      'there is nothing to clone',
    )
  }
  if (nodes.length > 0 && !nodes.some((name) => sameNode(name, node))) {
    throw refuse(
      `'${node}' is not in node_list of ${id} (${nodes.join(' ')})`,
      `add it, and raise clone-max: 'crm_resource --resource ${id} --set-parameter node_list --parameter-value "${[...nodes, node].join(' ')}"'`,
    )
  }
  const primary = primaryOf(view, id)
  if (primary !== undefined && sameNode(primary, node)) {
    throw refuse(`${node} is the primary`, 'name the node that is to become a standby')
  }
  if (primary === undefined && flags.from === undefined && parameters['rep_mode'] !== 'slave') {
    throw refuse(
      `${id} has no primary to copy from`,
      "'ocf-ts status' shows why; --from ADDRESS takes another server",
    )
  }
  const there = status.instances(id).find((each) => each.active && sameNode(each.node ?? '', node))
  if (there !== undefined) {
    throw refuse(
      `the cluster runs ${id} on ${node} (${there.role})`,
      `stop it there first: 'crm_standby --node ${node} --update on' (and afterwards 'crm_standby --node ${node} --delete')`,
    )
  }
}

/** On this node; Ctrl-C ends it and clears up. */
async function cloneOnThis(spec: CloneSpec, show: (event: CloneEvent) => void): Promise<End> {
  const interruption = { interrupted: false }
  const interrupt = (): void => {
    interruption.interrupted = true
  }
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  try {
    return await cloneHere(spec, show, interruption)
  } catch (error) {
    return endOf(error)
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

/**
 * Has another node clone.
 *
 * @param show - is given each step, and how far it is
 * @throws CommandError UNREACHABLE where the node, or ocf-ts there, does not answer as it should
 */
export async function cloneOnOther(
  view: Reach,
  node: string,
  spec: CloneSpec,
  show: (event: CloneEvent) => void,
): Promise<End> {
  let end: End | undefined
  const odd = new AbortController()
  const read = (line: string): void => {
    // Also what ssh or a shell there says, which is shown when the tool itself says nothing.
    if (!line.startsWith('{') || odd.signal.aborted) return
    const event = parseState(line, cloneEventForm)
    if (event === undefined) odd.abort()
    else if (event.event === 'step' || event.event === 'progress') show(event)
    else end = event
  }
  const result = await runOn(view, node, [TOOL, 'node-clone'], WEEK_MS, {
    // Not on its command line: there may be a password in it.
    input: JSON.stringify(spec),
    watch: eachLine(read),
    // With its connection gone, the tool there ends, and clears up.
    stop: odd.signal,
  }).catch((error: unknown) => {
    // An ssh that is ended says so as where it cannot log in.
    throw odd.signal.aborted ? oddAnswer(node, 'node-clone') : error
  })
  if (odd.signal.aborted) throw oddAnswer(node, 'node-clone')
  if (end !== undefined) return end
  if (result.code === 127) throw notInstalled(node)
  const said = reasonIn(result.stderr)
  return {
    event: 'failed',
    reason: `ocf-ts on ${node} ended without a word${said === '' ? '' : `: ${said}`}`,
  }
}

const FOLLOWS: readonly string[] = ['HS:sync', 'HS:potential', 'HS:async']

/** With rep_mode=sync, commits wait for it after a monitor or two of the primary, where they are to. */
const SETTLE_MS = 15_000

/** Has the cluster start it, and waits until it follows. */
async function start(terminal: Terminal, { id, parameters }: Primitive, node: string): Promise<string> {
  const before = await lookAtCluster()
  if (!before.status.online.some((name) => sameNode(name, node))) {
    throw new CommandError(
      Exit.UNREACHABLE,
      `the data is in its place, but the cluster does not run on ${node}`,
      `start it there ('systemctl start pacemaker'): ${id} comes up as a standby`,
    )
  }
  terminal.note(`${node}: started by the cluster`)
  await cleanUp(id, node, new Deadline(30_000))
  const deadline = new Deadline(UP_MS)
  const { status: name } = attributeNames(id)
  let settling: Deadline | undefined
  for (;;) {
    const { status } = await lookAtCluster()
    const now = status.attribute(node, name) ?? ''
    if (FOLLOWS.includes(now)) {
      settling ??= new Deadline(SETTLE_MS)
      if (parameters['rep_mode'] !== 'sync' || now !== 'HS:async' || settling.passed) return now
    }
    const failure = status.failures.find(
      (each) => sameNode(each.node, node) && each.resource.split(':')[0] === id,
    )
    if (failure !== undefined) {
      throw new CommandError(
        Exit.TROUBLE,
        `${id} ${failure.task} on ${node}: ${failure.exitReason || failure.exitStatus}`,
        "'ocf-ts status' shows more",
      )
    }
    if (deadline.passed) {
      throw new CommandError(
        Exit.TROUBLE,
        `${id} on ${node} does not follow the primary after ${UP_MS / 1000} s (${name}: ${now || 'not set'})`,
        "'ocf-ts status' shows more; constraints may keep it away ('crm_resource --constraints --resource …')",
      )
    }
    await sleep(POLL_MS)
  }
}

async function mayStart(
  terminal: Terminal,
  { id }: Primitive,
  node: string,
  flags: CloneFlags,
): Promise<boolean> {
  if (flags.start) return true
  if (terminal.isInteractive) {
    try {
      await mustAgree(terminal, `Have the cluster start ${id} on ${node} now?`, false)
      return true
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
    }
  }
  terminal.note(`to start it: crm_resource --cleanup --resource ${id} --node ${node}`)
  return false
}

export async function clone(terminal: Terminal, node: string, flags: CloneFlags): Promise<Exit> {
  const view = await lookAtCluster()
  const database = chooseDatabase(view.configuration, flags.resource)
  checkCluster(view, database, node, flags)
  const spec: CloneSpec = {
    variables: {
      ...resourceEnvironmentFrom(view.xml, database.id, node),
      OCF_RESKEY_CRM_meta_on_node: node,
    },
    replace: flags.replace ?? false,
    from: flags.from ?? '',
    maxRate: flags.maxRate ?? 0,
  }
  const bar = new Bar(terminal, node)
  const show = (event: CloneEvent): void => {
    bar.show(event)
  }
  const end = await (
    sameNode(node, view.local) ? cloneOnThis(spec, show) : cloneOnOther(view, node, spec, show)
  ).finally(() => {
    bar.end()
  })
  if (end.event !== 'done') {
    const exit = end.event === 'refused' ? Exit.REFUSED : Exit.TROUBLE
    throw new CommandError(exit, end.event === 'refused' ? end.reason : `${node}: ${end.reason}`, end.advice)
  }
  terminal.note(`${node}: ${end.dataDirectory} is a copy of the primary's data`)
  if (end.aside !== undefined) terminal.note(`${node}: what was there before is ${end.aside}`)
  const status = (await mayStart(terminal, database, node, flags))
    ? await start(terminal, database, node)
    : undefined
  if (flags.json) {
    terminal.json({
      node,
      dataDirectory: end.dataDirectory,
      replaced: end.aside ?? null,
      status: status ?? null,
    })
  } else if (status !== undefined) terminal.line(`${node} follows the primary: ${status}`)
  return Exit.OK
}
