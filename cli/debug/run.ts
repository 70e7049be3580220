/** What `ocf-ts debug` does. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { resourceEnvironmentFrom } from '../../lib/cluster/resource-environment'
import { findNode, sameNode } from '../../lib/cluster/snapshot'
import { printTo } from '../../lib/ocf/output'
import { programEnvironment } from '../../lib/system/program-environment'
import { mustAgree } from '../ask'
import { lookAtCluster } from '../cluster/view'
import { CommandError, Exit } from '../exit'
import { loginArgv } from '../nodes/shell'
import { type Terminal } from '../terminal'
import { callScript, findPrimitive, makeCall } from './call'

export interface DebugFlags {
  readonly act?: boolean
  readonly yes?: boolean
  readonly node?: string
  readonly timeout?: string
  readonly trace: boolean
}

const OCF_ROOT = '/usr/lib/ocf'

interface Way {
  readonly env?: Readonly<Record<string, string>>
  /** What it reads; default: what is typed. */
  readonly input?: string
  /** It is an agent of ours on this node, and prints with care by itself: it may know that it is in a terminal. */
  readonly direct: boolean
}

/** Runs a program, and shows what it prints. */
function runHere(
  [program, ...args]: readonly [string, ...string[]],
  { env = {}, input, direct }: Way,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const stdin = input === undefined ? 'inherit' : 'pipe'
    const output = direct ? 'inherit' : 'pipe'
    const child = spawn(program, args, {
      stdio: [stdin, output, output],
      env: programEnvironment(env),
    })
    for (const name of ['stdout', 'stderr'] as const) {
      // A line at a time: what is masked may come in two pieces.
      if (child[name]) {
        createInterface(child[name]).on('line', (line) => {
          printTo(name, `${line}\n`)
        })
      }
    }
    // That it reads no further than it wants to is its own affair.
    child.stdin?.on('error', () => undefined).end(input)
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'ENOENT'
          ? new CommandError(
              Exit.TROUBLE,
              `${program} is not there`,
              'scripts/install puts the agents in place',
            )
          : error,
      )
    })
    child.once('close', (code) => {
      resolve(code ?? Exit.TROUBLE)
    })
  })
}

export async function debug(
  terminal: Terminal,
  resource: string,
  action: string,
  { act = false, yes = false, node, timeout, trace }: DebugFlags,
): Promise<number> {
  const { configuration, snapshot, local, xml } = await lookAtCluster()
  const primitive = findPrimitive(configuration, resource)
  if (node !== undefined && findNode(snapshot, node) === undefined) {
    const names = snapshot.nodes.map(({ name }) => name).join(', ')
    throw new CommandError(Exit.USAGE, `the cluster has no node '${node}'`, `it has ${names}`)
  }
  if (timeout !== undefined && !(Number(timeout) > 0)) {
    throw new CommandError(Exit.USAGE, `--timeout: '${timeout}' is not a number of seconds`)
  }
  const where = node ?? local
  const ocfRoot = process.env['OCF_ROOT'] ?? OCF_ROOT
  const variables = resourceEnvironmentFrom(xml, primitive.id, where)
  const call = makeCall(primitive, variables, { action, act, trace, timeout, ocfRoot })
  if (act) {
    await mustAgree(terminal, `Run ${action} of ${primitive.id} on ${where}, behind the cluster's back?`, yes)
  }
  if (sameNode(where, local)) {
    return runHere(call.argv, { env: call.env, direct: primitive.agent.startsWith('ocf:ts:') })
  }
  const { script, leftOut } = callScript(call)
  for (const name of leftOut) terminal.note(`left out: ${name} is no name of a variable`)
  return runHere(loginArgv(where, ['sh']), { input: script, direct: false })
}
