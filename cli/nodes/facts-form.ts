/** The form of what a node says of its own server. */
import {
  flag,
  type Form,
  list,
  nullable,
  numeric,
  oneOf,
  optional,
  record,
} from '../../lib/system/state-file'
import { moment, position as lsn, words, wordsOrNone } from './answer'
import { type NodeFacts, type SqlFacts, type StandbyFacts } from './facts'

const standby: Form<StandbyFacts> = record({
  applicationName: wordsOrNone,
  state: wordsOrNone,
  syncState: wordsOrNone,
  flushed: nullable(lsn),
  replayed: nullable(lsn),
  flushLag: nullable(numeric()),
  replayLag: nullable(numeric()),
  replayLagSeconds: numeric(),
})

const sql: Form<SqlFacts> = record({
  inRecovery: flag,
  timeline: numeric(),
  position: nullable(lsn),
  replayed: nullable(lsn),
  replayAge: nullable(numeric()),
  upstream: nullable(words),
  synchronousStandbyNames: words,
  standbys: list(standby),
  logicalSlots: optional(list(record({ name: words, failover: flag, ready: flag }))),
})

export const nodeFactsForm: Form<NodeFacts> = record({
  version: words,
  node: words,
  clock: moment,
  server: oneOf('running', 'orphaned', 'stopped'),
  dataDirectory: words,
  majorVersion: nullable(numeric()),
  lock: nullable(words),
  control: nullable(record({ state: words, timeline: numeric(), checkpoint: lsn, systemIdentifier: words })),
  sql: nullable(sql),
  unknown: list(words),
})
