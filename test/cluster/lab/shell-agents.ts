/**
 * Debian's shell agents, made to work with Debian's pacemaker. Their helper library passes a promotion score
 * in a form that pacemaker 2.1.5 misreads: it takes `-INFINITY` for options. The fix is one option, put into
 * a copy made from the system's own file and laid over it inside the nodes only.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { selectedSystem } from '../../systems'
import type { LabFile } from './lab'
import { prepareRoot } from './root'

const helper = '/usr/lib/ocf/lib/heartbeat/ocf-shellfuncs'

/** For `Lab.create({ files })`: the fixed copy, in its place; empty if this release has nothing to fix. */
export async function shellAgentFiles(system = selectedSystem()): Promise<readonly LabFile[]> {
  const original = readFileSync(join((await prepareRoot(system)) ?? '/', helper), 'utf8')
  const misread = 'crm_attribute -p $@'
  if (!original.includes(misread)) return []
  const understood = 'crm_attribute --promotion="${OCF_RESOURCE_INSTANCE}" -l reboot "$@"'
  return [{ target: helper, content: original.replace(misread, () => understood) }]
}
