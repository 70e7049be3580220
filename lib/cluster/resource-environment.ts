/** For calls by hand: the environment in which the live cluster would call a resource's agent. */
import { hostname } from 'node:os'
import { Deadline } from '../ocf'
import { describeFailure } from '../system/run-program'
import { findNode, readCib } from './snapshot'
import { attribute, nameOf, parseTree, pathTo } from './tree'
import { elementsById, nodeFacts, valuesOf } from './value-sets'
import { queryCib } from './query-cib'

/** Meta attributes that a clone has without anybody setting them. */
function cloneDefaults(kind: string, meta: Record<string, string>): Record<string, string> {
  if (kind !== 'clone' && kind !== 'master') return {}
  const promotable = kind === 'master' || meta['promotable'] === 'true'
  return {
    'globally-unique': 'false',
    ...(promotable && { promotable: 'true', 'promoted-max': meta['master-max'] ?? '1' }),
  }
}

/** The resource's id as the agent is given it on that node: with a number, where instances have numbers. */
function instanceOn(xml: string, id: string, node: string): string {
  const roles = findNode(readCib(xml), node)?.roles ?? {}
  return (
    Object.keys(roles).find(
      (instance) => /^:\d+$/.test(instance.slice(id.length)) && instance.startsWith(id),
    ) ?? id
  )
}

/**
 * The variables that pacemaker would set for the resource, as far as its configuration says.
 *
 * @param xml - the CIB
 * @param id - the primitive's id
 * @param node - the local node's name: pacemaker 1.0 numbers the instances of a clone, and it is this node's that counts
 * @throws Error when there is no such primitive
 */
export function resourceEnvironmentFrom(xml: string, id: string, node = ''): Record<string, string> {
  const cib = parseTree(xml)
  const path = pathTo(cib, (element) => nameOf(element) === 'primitive' && attribute(element, 'id') === id)
  const primitive = path?.at(-1)
  if (!path || !primitive) {
    const ids: string[] = []
    pathTo(cib, (element) => {
      if (nameOf(element) === 'primitive') ids.push(attribute(element, 'id') ?? '')
      return false
    })
    throw new Error(`the cluster has no primitive '${id}'; it has ${ids.join(', ') || 'none'}`)
  }
  const template = attribute(primitive, 'template')
  const templateElement = template
    ? pathTo(cib, (element) => nameOf(element) === 'template' && attribute(element, 'id') === template)?.at(
        -1,
      )
    : undefined
  const byId = elementsById(cib)
  const typed = templateElement ?? primitive
  const facts = {
    ...nodeFacts(cib, node === '' ? undefined : node),
    resource: {
      class: attribute(typed, 'class'),
      provider: attribute(typed, 'provider'),
      type: attribute(typed, 'type'),
    },
    now: new Date(),
  }
  const parameters = {
    ...(templateElement ? valuesOf(templateElement, 'instance_attributes', facts, byId) : {}),
    ...valuesOf(primitive, 'instance_attributes', facts, byId),
  }
  const defaults = pathTo(cib, (element) => nameOf(element) === 'rsc_defaults')?.at(-1)
  const meta: Record<string, string> = defaults ? valuesOf(defaults, 'meta_attributes', facts, byId) : {}
  for (const element of path.filter((one) =>
    ['clone', 'master', 'group', 'primitive'].includes(nameOf(one)),
  )) {
    const own = {
      ...(element === primitive && templateElement
        ? valuesOf(templateElement, 'meta_attributes', facts, byId)
        : {}),
      ...valuesOf(element, 'meta_attributes', facts, byId),
    }
    Object.assign(meta, cloneDefaults(nameOf(element), own), own)
  }
  const env: Record<string, string> = { OCF_RESOURCE_INSTANCE: instanceOn(xml, id, node) }
  const featureSet = pathTo(cib, (element) => nameOf(element) === 'cib')?.at(-1)
  const generation = featureSet && attribute(featureSet, 'crm_feature_set')
  if (generation !== undefined) env['OCF_RESKEY_crm_feature_set'] = generation
  for (const [name, value] of Object.entries(parameters)) env[`OCF_RESKEY_${name}`] = value
  for (const [name, value] of Object.entries(meta)) {
    env[`OCF_RESKEY_CRM_meta_${name.replaceAll('-', '_')}`] = value
  }
  return env
}

/** As `resourceEnvironmentFrom`, from the live cluster. */
export async function resourceEnvironment(id: string): Promise<Record<string, string>> {
  const result = await queryCib(new Deadline(10_000))
  if (result.code !== 0) throw new Error(describeFailure('cibadmin --query', result))
  // Where instances have numbers, a node's name is always that of the host.
  return resourceEnvironmentFrom(result.stdout, id, hostname())
}
