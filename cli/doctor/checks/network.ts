/** Are the addresses where they belong, and does PostgreSQL answer between the nodes? */
import { sameNode } from '../../../lib/cluster/snapshot'
import { changeUnderWay } from '../../../lib/cluster/status'
import { type Check, type Trouble } from '../finding'
import { type Examination, knownNodes, virtualAddresses } from '../examination'

interface Holder {
  readonly node: string
  readonly interface: string
  /** With the length of its prefix. */
  readonly cidr: string
}

/** Where an address is on a node's interface. */
function holders(examination: Examination, address: string): readonly Holder[] {
  return knownNodes(examination).flatMap(({ name: node, facts }) =>
    facts.interfaces
      // A cluster IP's real servers keep it on lo.
      .filter(({ name }) => name !== 'lo')
      .flatMap(({ name, addresses }) =>
        addresses
          .filter((cidr) => cidr.split('/')[0] === address)
          .map((cidr) => ({ node, interface: name, cidr })),
      ),
  )
}

const takeOff = ({ node, cidr, interface: from }: Holder): string =>
  `on ${node}: ip address del ${cidr} dev ${from}`

/** Whose interface it is, if a node's. */
function ownerOf(examination: Examination, mac: string): string {
  const owner = knownNodes(examination).find(({ facts }) => facts.interfaces.some((one) => one.mac === mac))
  return owner ? `${mac} (${owner.name})` : `${mac} (no node of the cluster)`
}

const duplicates: Check = {
  id: 'address-duplicate',
  theme: 'network',
  wellWhen: 'every virtual address is answered by one machine',
  examine: (examination) => {
    const all = virtualAddresses(examination)
    if (all.length === 0) return undefined
    return all.flatMap(({ resource, address }): readonly Trouble[] => {
      const primitive = examination.configuration?.primitives.find(({ id }) => id === resource)
      // The instances of a cluster IP have one address together; and into another namespace nobody has looked.
      if (primitive?.clone !== undefined || primitive?.parameters['network_namespace']) return []
      const on = holders(examination, address)
      const names = [...new Set(on.map(({ node }) => node))]
      if (names.length > 1) {
        const right = examination.status?.nodeOf(resource)
        const wrong = on.filter(({ node }) => right === undefined || !sameNode(node, right))
        return [
          {
            severity: 'error',
            finding: `${resource} (${address}) is on the interfaces of ${names.join(' and ')}`,
            evidence: [
              right === undefined ? 'the cluster runs it nowhere' : `the cluster runs it on ${right}`,
              ...wrong.map(({ node }) => `${node} has it without the cluster's knowing`),
            ],
            advice: wrong.map(takeOff).join('; '),
          },
        ]
      }
      // A node that could not be asked may be the one that answers, and rightly.
      if (on.length === 0 && examination.nodes.some(({ facts }) => facts === undefined)) return []
      const asked = knownNodes(examination)
        .filter(({ name }) => on.length === 0 || names.includes(name))
        .flatMap(({ name, facts }) =>
          facts.answers
            .filter((answer) => answer.address === address && answer.others.length > 0)
            .map(({ others, interface: where }) => ({ name, others, where })),
        )
      const [seen] = asked
      if (seen === undefined) return []
      const [holder] = names
      return [
        {
          severity: 'error',
          ...(holder !== undefined && { node: holder }),
          finding:
            holder === undefined
              ? `${resource} (${address}) is answered for by another machine, and on no node of the cluster`
              : `${resource} (${address}) is on ${holder}, and another machine answers for it, too`,
          evidence: [
            `arping -D -I ${seen.where ?? ''} ${address} on ${seen.name}: answered by ${seen.others.map((mac) => ownerOf(examination, mac)).join(', ')}`,
          ],
          advice:
            'find that machine by its hardware address (switch, DHCP server) and give it another address',
        },
      ]
    })
  },
}

const stray: Check = {
  id: 'address-stray',
  theme: 'network',
  wellWhen: 'the virtual addresses are where the cluster has put them',
  examine: (examination) => {
    const all = virtualAddresses(examination)
    if (all.length === 0 || examination.status === undefined) return undefined
    const { status, configuration } = examination
    return all.flatMap(({ resource, address }): readonly Trouble[] => {
      if (configuration?.primitives.find(({ id }) => id === resource)?.clone !== undefined) return []
      const instance = status.instances(resource).find(({ active }) => active)
      // On its way: the next look will tell.
      if (instance !== undefined && changeUnderWay(instance) !== undefined) return []
      const [holder, ...others] = holders(examination, address)
      const right = status.nodeOf(resource)
      if (holder === undefined || others.some(({ node }) => node !== holder.node)) return []
      const { node } = holder
      if (right !== undefined && sameNode(node, right)) return []
      return [
        {
          severity: 'error',
          node,
          finding: `${resource} (${address}) is on ${node}, and the cluster ${right === undefined ? 'runs it nowhere' : `believes it on ${right}`}`,
          evidence: [`interface ${holder.interface} of ${node}: ${holder.cidr}`],
          advice: `let the cluster look again (crm_resource --refresh --resource ${resource}), or take the address off, ${takeOff(holder)}`,
        },
      ]
    })
  },
}

const ports: Check = {
  id: 'postgresql-port',
  theme: 'network',
  wellWhen: "the nodes reach each other's PostgreSQL in the network of the replication",
  examine: (examination) => {
    const asked = knownNodes(examination).flatMap(({ name, reached }) =>
      reached.map((one) => ({ ...one, name })),
    )
    if (asked.length === 0) return undefined
    return asked.flatMap(({ name, to, result }): readonly Trouble[] => {
      if (result === 'open') return []
      const peer = knownNodes(examination).find(({ facts }) =>
        facts.interfaces.some(({ addresses }) =>
          addresses.some((cidr) => cidr.split('/')[0] === to.slice(0, to.lastIndexOf(':'))),
        ),
      )?.name
      const what = peer === undefined ? to : `PostgreSQL of ${peer} (${to})`
      const listens = knownNodes(examination)
        .find((node) => node.name === peer)
        ?.facts.databases.map(({ server }) => server?.settings['listen_addresses'])
        .find((value) => value !== undefined)
      return [
        {
          severity: 'error',
          node: name,
          finding: `${name} cannot reach ${what}: after a failover it could not replicate from there`,
          evidence: [
            `TCP ${to}: ${result}`,
            ...(listens === undefined ? [] : [`listen_addresses on ${peer ?? ''}: '${listens}'`]),
          ],
          advice:
            result === 'refused'
              ? `let PostgreSQL listen there (listen_addresses = '*', then a restart), or take the rejecting firewall rule away`
              : `open TCP ${to.slice(to.lastIndexOf(':') + 1)} between the nodes in the firewall (nft list ruleset, iptables -L), and look at the cable`,
        },
      ]
    })
  },
}

export const network: readonly Check[] = [duplicates, stray, ports]
