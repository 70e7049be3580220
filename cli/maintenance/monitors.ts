/** Whether the cluster watches what runs, and has looked at all. */
import { attribute, childrenOf, nameOf, parseTree, pathTo } from '../../lib/cluster/tree'

/**
 * Of which resources an operation has answered, as `RESOURCE on NODE`: the CIB's status section.
 *
 * @param which - recurring monitors, or any operation
 */
export function answeredBy(xml: string, which: 'monitors' | 'anything'): readonly string[] {
  const status = pathTo(parseTree(xml), (element) => nameOf(element) === 'status')?.at(-1)
  if (status === undefined) return []
  return childrenOf(status, 'node_state').flatMap((node) =>
    childrenOf(node, 'lrm')
      .flatMap((lrm) => childrenOf(lrm, 'lrm_resources'))
      .flatMap((resources) => childrenOf(resources, 'lrm_resource'))
      .filter((resource) =>
        childrenOf(resource, 'lrm_rsc_op').some(
          (operation) =>
            (which === 'anything' ||
              (attribute(operation, 'operation') === 'monitor' &&
                attribute(operation, 'interval') !== '0')) &&
            // -1 is one that has not answered yet.
            attribute(operation, 'op-status') !== '-1',
        ),
      )
      .map(
        (resource) =>
          `${(attribute(resource, 'id') ?? '').replace(/:\d+$/, '')} on ${attribute(node, 'uname') ?? ''}`,
      ),
  )
}
