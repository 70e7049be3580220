/** Root file systems of other releases, for nodes that run them: see test/systems. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cachedRoot, isThisMachine, nodeChoice, type System } from '../../systems'
import { mustRun } from './command'
import { type Bind } from './state'

const SETUP = join(__dirname, '../../../scripts/setup')

/** The system's root file system, made when it is missing; null where this machine runs the system itself. */
export async function prepareRoot(system: System): Promise<string | null> {
  if (isThisMachine(system)) return null
  const root = cachedRoot(system)
  // Installs packages, from an archive that may be slow.
  if (!existsSync(root))
    await mustRun([SETUP, '--for', 'demo', '--system', system.name], { timeoutMs: 1_800_000 })
  return root
}

/** The Node of this machine in place of the system's own, where that is wanted. */
export function labNodeBinds(system: System): readonly Bind[] {
  return nodeChoice(system) === 'own' ? [] : [{ source: process.execPath, target: process.execPath }]
}
