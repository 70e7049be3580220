/** Loading a configuration into the live cluster: all of it in one step, or nothing. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { wellFormed } from '../../lib/cluster/cib-text'
import { fencingProperty, hasFencingDevice, isFencingEnabled } from '../../lib/cluster/fencing'
import { sameNode } from '../../lib/cluster/snapshot'
import { Deadline } from '../../lib/ocf'
import { describeFailure, runProgram } from '../../lib/system/run-program'
import { type ClusterView, lookAtCluster } from '../cluster/view'
import { CommandError, Exit } from '../exit'
import { pacemaker, refuseCutValues, verify, withScratchDirectory } from './check'
import { conflictsWith, type Conflicts, describeConflicts, isConflict, withoutConflicts } from './conflicts'
import { DIALECTS } from './dialects'
import { type Format } from './formats'
import { type Model } from './model'
import { type Validated } from './validate'
import { queryOwnCib } from '../cluster/change'

const PATCH_MS = 30_000

/** What the plan cannot be in this cluster. */
function checkCluster({ configuration }: ClusterView, { plan, model }: Validated): void {
  const { nodes, properties } = configuration
  const stranger = plan.nodes.find((name) => !nodes.some((node) => sameNode(node, name)))
  if (stranger !== undefined) {
    throw new CommandError(
      Exit.REFUSED,
      `nodes: '${stranger}' is no node of this cluster: nothing was changed`,
      `its nodes are ${nodes.join(' ')}`,
    )
  }
  const hasDevice = hasFencingDevice(configuration)
  if (plan.fencing === 'stonith' && !hasDevice) {
    throw new CommandError(
      Exit.REFUSED,
      'fencing: the cluster has no fencing device yet, and nothing would start: nothing was changed',
      'configure one first (stonith_admin --list-installed shows the agents), or say --fencing none',
    )
  }
  if (model.properties['stonith-enabled'] === 'false' && hasDevice && isFencingEnabled(properties)) {
    throw new CommandError(
      Exit.REFUSED,
      'fencing: the cluster has fencing, and this plan would switch it off: nothing was changed',
      'say --fencing stonith',
    )
  }
}

export interface Applied {
  readonly replaced: Conflicts
  readonly warnings: readonly string[]
}

function refuseConflicts(conflicts: Conflicts): never {
  const { dependent } = conflicts
  const more = dependent.length > 0 ? ` (and of constraints: ${dependent.join(', ')})` : ''
  throw new CommandError(
    Exit.REFUSED,
    `the cluster has these already: ${describeConflicts(conflicts)}; nothing was changed`,
    `--replace puts the new configuration in place of them${more}`,
  )
}

/** The configuration alone: what the cluster knows of its resources' state is its own. */
export function withoutStatus(xml: string): string {
  return xml.replace(/<status>[^]*<\/status>/, '<status/>')
}

const generation = (xml: string): string =>
  ['admin_epoch', 'epoch']
    .map((name) => new RegExp(`<cib\\b[^>]*\\s${name}="(\\d+)"`).exec(xml)?.[1])
    .join('.')

/** The model with the property that switches fencing under the name that the cluster has for it already. */
function inWordsOf({ configuration }: ClusterView, model: Model): Model {
  const { 'stonith-enabled': enabled, ...others } = model.properties
  const name = fencingProperty(configuration.properties)
  return enabled === undefined ? model : { ...model, properties: { ...others, [name]: enabled } }
}

/** Makes the cluster's configuration what is in a file, unless somebody has changed it meanwhile. */
async function patch(before: string, after: string, directory: string): Promise<void> {
  const diff = await runProgram('crm_diff', ['--no-version', '--original', before, '--new', after], {
    deadline: new Deadline(PATCH_MS),
  })
  // 0: there is no difference.
  if (diff.code === 0) return
  if (diff.code !== 1) throw new CommandError(Exit.TROUBLE, describeFailure('crm_diff', diff))
  const changes = join(directory, 'changes.xml')
  writeFileSync(changes, diff.stdout, { mode: 0o600 })
  const now = await queryOwnCib()
  if (generation(now) !== generation(readFileSync(before, 'utf8'))) {
    throw new CommandError(
      Exit.REFUSED,
      'somebody has changed the configuration of the cluster meanwhile: nothing was changed',
      'look at it, and run this again',
    )
  }
  await pacemaker('cibadmin', ['--patch', '--xml-file', changes])
}

/**
 * Loads the configuration.
 *
 * @param replace - what the cluster has of the same names, and constraints that name it, gives way
 * @throws CommandError REFUSED when that would take something from what is there; TROUBLE when a program refuses it.
 * Either way nothing has changed.
 */
export async function applyModel(validated: Validated, format: Format, replace: boolean): Promise<Applied> {
  const view = await lookAtCluster()
  checkCluster(view, validated)
  const model: Model = inWordsOf(view, validated.model)
  await refuseCutValues(model)
  const replaced = conflictsWith(view.xml, model)
  if (isConflict(replaced) && !replace) refuseConflicts(replaced)
  return withScratchDirectory(async (directory) => {
    const [before, after] = [join(directory, 'before.xml'), join(directory, 'after.xml')]
    const configuration = withoutStatus(wellFormed(view.xml))
    writeFileSync(before, configuration, { mode: 0o600 })
    writeFileSync(after, withoutConflicts(configuration, replaced), { mode: 0o600 })
    const warnings = await DIALECTS[format].load(model, after, directory)
    await verify(after)
    await patch(before, after, directory)
    return { replaced, warnings }
  })
}
