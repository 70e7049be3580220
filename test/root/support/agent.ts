/** Calls the built agents as a cluster manager does: action as argument, parameters in the environment. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export interface AgentResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** The exit reason, if one was given. */
  readonly reason: string | undefined
}

export interface AgentCall {
  /** Parameters of the resource. */
  readonly params?: Readonly<Record<string, string>>
  /** Other variables. */
  readonly env?: Readonly<Record<string, string>>
  readonly uid?: number
  readonly gid?: number
  /** A program with arguments that runs the agent in its own way and is given the action. Default: none in between. */
  readonly through?: readonly string[]
}

/** Where the build puts an agent. */
export function agentPath(name: string): string {
  const path = join(__dirname, '../../../dist/ocf/ts', name)
  if (!existsSync(path)) throw new Error(`${path} is missing: run "npm run build" first`)
  return path
}

/** Runs one action and waits for it, whatever its exit code. */
export function callAgent(name: string, action: string, call: AgentCall = {}): Promise<AgentResult> {
  const { params = {}, env = {}, through = [process.execPath, agentPath(name)], ...identity } = call
  const [program = '', ...args] = through
  const variables = Object.fromEntries(
    Object.entries(params).map(([parameter, value]) => [`OCF_RESKEY_${parameter}`, value]),
  )
  return new Promise((resolve) => {
    const child = execFile(
      program,
      [...args, action],
      { env: { PATH: '/usr/bin:/bin', OCF_ROOT: '/usr/lib/ocf', ...variables, ...env }, ...identity },
      (_, stdout, stderr) => {
        const reason = /^ocf-exit-reason:(.*)$/m.exec(stderr)?.[1]
        resolve({ code: child.exitCode ?? -1, stdout, stderr, reason })
      },
    )
  })
}
