import { dispatch } from './dispatch'
import { type Agent } from './definition'
import { guardExit } from './last-resort'
import { whenOutputFails } from './output'
import { dropOtherVariables } from './own-environment'
import { type Parameters } from './parameters'
import { isMakingSnapshot, startsSlowly } from './startup-snapshot'

/** What an agent's program needs beside the agent itself. */
export interface RunOptions {
  /** The generated meta-data, embedded at build time. */
  readonly metadata: string
  /** For `--resource ID`: the environment that the live cluster would give the resource. */
  readonly resourceEnvironment?: (id: string) => Promise<Record<string, string>>
  /** Loads what a recurring monitor uses beside its own module: it is in the start-up snapshot then. */
  readonly preload?: () => Promise<unknown>
}

/**
 * The program of an agent. Called with an action and nothing else, it does what a cluster manager expects; called
 * with no action or with options, it serves the person at the keyboard (see by-hand.ts), and only then loads
 * what that takes.
 */
export async function runAgent<P extends Parameters>(agent: Agent<P>, options: RunOptions): Promise<void> {
  if (!isMakingSnapshot()) return run(agent, options)
  const { prepareSnapshot } = await import('../system/startup-snapshot')
  await Promise.all([agent.actions['monitor']?.load(), options.preload?.()])
  await prepareSnapshot(() => void run(agent, options))
}

/** Only for a cluster's own monitors of an agent that is installed, whose executable names Node by its path. */
function wantsSnapshot(action: string): boolean {
  if (action !== 'monitor' || !(Number(process.env['OCF_RESKEY_CRM_meta_interval']) > 0)) return false
  return process.getuid?.() === 0 && process.argv0.startsWith('/') && startsSlowly()
}

async function makeSnapshot(): Promise<void> {
  try {
    await (await import('../system/startup-snapshot')).makeSnapshot()
  } catch {
    // It only spares time.
  }
}

async function run<P extends Parameters>(agent: Agent<P>, options: RunOptions): Promise<void> {
  const args = process.argv.slice(2)
  const [action] = args
  const endWith = guardExit(action ?? agent.name)
  dropOtherVariables()
  if (action === undefined || args.some((arg) => arg.startsWith('-'))) {
    whenOutputFails(['stdout'], (error) => {
      // `--help | head` reads no further than it wants to.
      if (error.code !== 'EPIPE') throw error
    })
    const { runByHand } = await import('./by-hand')
    endWith(await runByHand(agent, args, options))
  } else {
    endWith(await dispatch(agent, { action, env: process.env, metadata: options.metadata }))
    if (wantsSnapshot(action)) await makeSnapshot()
  }
}
