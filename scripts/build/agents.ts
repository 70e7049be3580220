import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Agent } from '../../lib/ocf'
import { REPOSITORY } from './repository'

const AGENTS = join(REPOSITORY, 'agents')

/** The file that an agent's program starts with. */
export function entryPoint(name: string): string {
  return join(AGENTS, name, 'main.ts')
}

/** The agents there are: the folders that have a program. */
export function agentNames(): readonly string[] {
  return readdirSync(AGENTS)
    .filter((name) => existsSync(entryPoint(name)))
    .sort()
}

/** Loads an agent's definition. */
export async function loadAgent(name: string): Promise<Agent> {
  const { agent } = (await import(join(AGENTS, name, 'agent'))) as { agent: Agent }
  if (agent.name !== name) throw new Error(`agents/${name}/agent.ts defines an agent named '${agent.name}'`)
  return agent
}
