/** The form of what a node tells the doctor of itself. */
import {
  dictionary,
  either,
  flag,
  type Form,
  list,
  nullable,
  numeric,
  oneOf,
  optional,
  record,
} from '../../lib/system/state-file'
import { moment, words, wordsOrNone } from '../nodes/answer'
import { nodeFactsForm } from '../nodes/facts-form'
import {
  type AgentFacts,
  type AnswerFacts,
  type CorosyncFacts,
  type DatabaseFacts,
  type DiskFacts,
  type DoctorFacts,
  type HbaRule,
  type HeartbeatFacts,
  type InterfaceFacts,
  type PrivateFile,
  type Reached,
  type ReplicationLogin,
  type ServerFacts,
  type SlotFacts,
} from './facts'

const table = dictionary(words, 100_000)
const number = numeric()

const pair: Form<readonly [string, string]> = (value) => {
  const [name, setting, ...more] = list(words)(value) ?? []
  return name !== undefined && setting !== undefined && more.length === 0 ? [name, setting] : undefined
}

const privateFile: Form<PrivateFile> = record({ path: words, mode: number, owner: number })

const agent: Form<AgentFacts> = record({
  agent: words,
  path: words,
  file: nullable(record({ mode: number, owner: number, executable: flag })),
  openDirectory: nullable(privateFile),
  interpreters: list(record({ program: words, path: nullable(words), version: nullable(words) })),
  metadata: nullable(
    record({
      parameters: list(words),
      actions: list(record({ name: words, timeout: words, interval: words, role: words })),
    }),
  ),
  complaint: nullable(words),
})

const corosync: Form<CorosyncFacts> = record({
  running: flag,
  configuration: table,
  fingerprint: words,
  links: nullable(list(record({ link: number, nodeId: number, status: words }))),
  deviceRuns: flag,
})

const heartbeat: Form<HeartbeatFacts> = record({
  running: flag,
  directives: list(pair),
  authkeys: nullable(privateFile),
  uuid: nullable(words),
  portTakenBy: nullable(words),
  missingPrograms: list(words),
  foundElsewhere: table,
})

const networkInterface: Form<InterfaceFacts> = record({
  name: words,
  mac: words,
  up: flag,
  addresses: list(words),
})

const answer: Form<AnswerFacts> = record({ address: words, interface: nullable(words), others: list(words) })

const disk: Form<DiskFacts> = record({
  path: words,
  holds: words,
  mount: words,
  freeBytes: number,
  totalBytes: number,
  freeFiles: nullable(number),
})

const hbaRule: Form<HbaRule> = record({
  line: number,
  type: words,
  databases: list(words),
  users: list(words),
  address: nullable(words),
  netmask: nullable(words),
  method: words,
  error: nullable(words),
})

const slot: Form<SlotFacts> = record({
  name: words,
  active: flag,
  keptBytes: nullable(number),
  walStatus: nullable(words),
})

const owned = { name: words, owner: words, ownerIsSuperuser: flag }

const server: Form<ServerFacts> = record({
  settings: table,
  walKeptBytes: number,
  ownCommits: list(record({ whose: words, value: words })),
  archiver: nullable(
    record({
      archived: number,
      failed: number,
      lastArchived: nullable(number),
      lastFailed: nullable(number),
      failedFile: nullable(words),
    }),
  ),
  slots: list(slot),
  hba: list(hbaRule),
  role: nullable(record({ replication: flag, login: flag })),
  database: nullable(record({ ...owned, open: flag })),
  asked: optional(record(owned)),
  standbys: list(record({ name: wordsOrNone, address: nullable(words) })),
})

const login: Form<ReplicationLogin> = either(
  record({
    kind: oneOf('answered'),
    timeline: number,
    history: list(record({ timeline: number, end: words })),
  }),
  record({ kind: oneOf('failed'), error: words }),
)

const database: Form<DatabaseFacts> = record({
  resource: words,
  node: nodeFactsForm,
  server: nullable(server),
  automatic: table,
  login: nullable(login),
  passwordFile: nullable(privateFile),
  ownerId: number,
  restoreLacks: list(words),
  rewindable: nullable(flag),
  lockedSince: nullable(number),
  lockFile: words,
  invalid: list(words),
})

export const doctorFactsForm: Form<DoctorFacts> = record({
  version: words,
  host: words,
  begun: moment,
  ended: moment,
  pacemaker: flag,
  agents: list(agent),
  corosync: nullable(corosync),
  heartbeat: nullable(heartbeat),
  interfaces: list(networkInterface),
  answers: list(answer),
  disks: list(disk),
  databases: list(database),
  unknown: list(words),
})

export const reachedForm: Form<readonly Reached[]> = list(
  record({ to: words, result: oneOf('open', 'refused', 'no answer', 'unreachable') }),
)
