/**
 * The lab's fence agent: a program that pacemaker calls on a node, and that asks the machine outside over a directory
 * that all nodes share. `fence.ts` answers there.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LabFile } from '../../../test/cluster/lab/lab'

/** The same on all nodes; `fence_lab` names it, too. */
export const FENCE_DIRECTORY = '/var/lib/fence-lab'

export const fenceAgent = (): LabFile => ({
  target: '/usr/sbin/fence_lab',
  content: readFileSync(join(__dirname, 'fence_lab'), 'utf8'),
  mode: 0o755,
})

/**
 * One device a node, kept off the node that it fences, as the only level of that node's topology. Three nodes have a
 * majority, and a minority fences nobody: a short random delay is enough for the case that both sides of a change of
 * the membership call at once.
 */
export function fenceConfiguration(nodes: readonly string[]): string {
  return [
    ...nodes.flatMap((node) => [
      `primitive fence-${node} stonith:fence_lab \\`,
      `    params plug="${node}" pcmk_host_list="${node}" pcmk_host_check="static-list" pcmk_delay_max="1s" \\`,
      '    op monitor interval="60s" timeout="20s" \\',
      '    meta migration-threshold="0" failure-timeout="20s"',
      `location fence-${node}-elsewhere fence-${node} -inf: ${node}`,
    ]),
    `fencing_topology ${nodes.map((node) => `${node}: fence-${node}`).join(' ')}`,
    '',
  ].join('\n')
}
