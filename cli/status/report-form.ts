/** The form of what `ocf-ts status --json` tells. */
import { flag, type Form, list, nullable, numeric, oneOf, record } from '../../lib/system/state-file'
import { words } from '../nodes/answer'
import {
  type AddressReport,
  type DatabaseReport,
  type FailureReport,
  type MemberReport,
  type StatusReport,
} from './report'
import { type Risk } from './risk'

const wordsOrNull = nullable(words)
const numberOrNull = nullable(numeric())

const member: Form<MemberReport> = record({
  node: words,
  state: words,
  role: words,
  blocked: flag,
  status: wordsOrNull,
  dataStatus: wordsOrNull,
  score: wordsOrNull,
  refused: wordsOrNull,
  waiting: wordsOrNull,
  rejoin: wordsOrNull,
  timeline: numberOrNull,
  lsn: wordsOrNull,
  lagBytes: numberOrNull,
  lagSeconds: numberOrNull,
  syncState: wordsOrNull,
  locked: nullable(flag),
  unknown: list(words),
})

const risk: Form<Risk> = record({ level: oneOf('none', 'some', 'no failover'), text: words })

const database: Form<DatabaseReport> = record({
  resource: words,
  agent: words,
  clone: wordsOrNull,
  mode: wordsOrNull,
  primary: wordsOrNull,
  members: list(member),
  risk,
})

const address: Form<AddressReport> = record({ resource: words, address: words, node: wordsOrNull })

const failure: Form<FailureReport> = record({
  resource: words,
  action: words,
  node: words,
  result: words,
  reason: words,
})

export const statusReportForm: Form<StatusReport> = record({
  asked: words,
  quorate: flag,
  maintenance: flag,
  fencing: flag,
  dc: wordsOrNull,
  nodes: list(record({ node: words, state: words })),
  databases: list(database),
  addresses: list(address),
  failures: list(failure),
  upcoming: list(words),
})
