/** Everything that this node can say of itself: the internal command `doctor-facts`. */
import { hostname } from 'node:os'
import { type Configuration, readConfiguration } from '../../../lib/cluster/configuration'
import { localNodeName } from '../../../lib/cluster/node-name'
import { Deadline, messageOf } from '../../../lib/ocf'
import { readEnvironment } from '../../../lib/ocf/environment'
import { VERSION } from '../../../lib/version'
import { databasesOf } from '../../cluster/view'
import { type DoctorFacts } from '../facts'
import { examineAgents } from './agents'
import { readOwnCib } from './cib'
import { examineCorosync } from './corosync'
import { type Examined, examineDatabase } from './database'
import { examineDisks, type Place } from './disks'
import { examineHeartbeat } from './heartbeat'
import { type Asked, askForAddresses, examineInterfaces } from './network'

const TIMEOUT_MS = 15_000

/** Where the cluster itself writes. */
const CLUSTER_PLACES: readonly Place[] = [
  { path: '/var/lib/pacemaker', holds: "pacemaker's state" },
  { path: '/var/log', holds: 'log' },
]

function addressesToAsk({ primitives }: Configuration): readonly Asked[] {
  return primitives
    .filter(({ agent }) => /:IPaddr2?$/.test(agent))
    .flatMap(({ parameters }) => {
      const { ip, nic } = parameters
      return ip === undefined ? [] : [{ address: ip, nic }]
    })
}

/** What cannot be found out is said in `unknown`, and stops nothing else. */
export async function gatherDoctorFacts(): Promise<DoctorFacts> {
  const begun = Date.now()
  const deadline = new Deadline(TIMEOUT_MS)
  const unknown: string[] = []
  const attempt = async <T, E>(what: string, otherwise: E, find: () => T | Promise<T>): Promise<T | E> => {
    try {
      return await find()
    } catch (error) {
      unknown.push(`${what}: ${messageOf(error)}`)
      return otherwise
    }
  }
  const { xml = '', live } = await readOwnCib(deadline)
  const configuration = xml === '' ? undefined : readConfiguration(xml)
  const node = await localNodeName(readEnvironment({}, ''), deadline)
  const interfaces = await attempt('interfaces', [], examineInterfaces)
  const examineDatabases = async (): Promise<readonly Examined[]> => {
    const found: Examined[] = []
    for (const { id } of configuration ? databasesOf(configuration) : []) {
      const one = await attempt<Examined, undefined>(id, undefined, () =>
        examineDatabase(xml, id, node, deadline),
      )
      if (one) found.push(one)
    }
    return found
  }
  const [agents, corosync, heartbeat, answers, databases] = await Promise.all([
    attempt('agents', [], () => (configuration ? examineAgents(configuration, deadline) : [])),
    attempt('corosync', null, () => examineCorosync(deadline)),
    attempt('heartbeat', null, examineHeartbeat),
    attempt('virtual addresses', [], () =>
      configuration ? askForAddresses(addressesToAsk(configuration), interfaces, deadline) : [],
    ),
    examineDatabases(),
  ])
  return {
    version: VERSION,
    host: hostname(),
    begun,
    ended: Date.now(),
    pacemaker: live,
    agents,
    corosync,
    heartbeat,
    interfaces,
    answers,
    disks: await attempt('disks', [], () =>
      examineDisks([...CLUSTER_PLACES, ...databases.flatMap(({ places }) => places)]),
    ),
    databases: databases.map(({ facts }) => facts),
    unknown,
  }
}
