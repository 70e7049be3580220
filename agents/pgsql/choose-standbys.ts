/** Whom a primary in synchronous replication waits for. */
import { findNode, isOutOfPlay, sameNode } from '../../lib/cluster/snapshot'
import { type StandbyRow } from '../../lib/postgres/replication'
import {
  readSynchronousNames,
  waitForAll,
  waitForAny,
  waitsForAll,
  waitsForAny,
} from '../../lib/postgres/synchronous-names'
import { type PrimaryFacts } from './decide-primary'
import { isKnownDown, isReturning } from './sync-policy'

export interface Waiting {
  /** Standbys of the cluster that stream, to be waited for. */
  readonly chosen: readonly string[]
  /** Nodes to be waited for although they do not stream: under the strict policy. */
  readonly absent: readonly string[]
  /** How many of `chosen` and `absent` a commit waits for. */
  readonly count: number
  /** How many of those that it waits for are missing: with any, no commit is acknowledged. */
  readonly missing: number
}

export function isStreaming({ state }: StandbyRow): boolean {
  return state === 'STREAMING'
}

/** Commits wait for it, as PostgreSQL itself says. */
export function isWaitedFor({ syncState }: StandbyRow): boolean {
  return syncState === 'SYNC' || syncState === 'QUORUM'
}

/** A standby's rows; more than one while a broken connection has not been noticed yet: the best of them counts. */
export function rowNamed(name: string, rows: readonly StandbyRow[]): StandbyRow | undefined {
  const own = rows.filter(({ applicationName }) => sameNode(applicationName, name))
  return own.find(isWaitedFor) ?? own.find(isStreaming) ?? own[0]
}

/**
 * A standby of the cluster as far as it counts. The connection of a node that lost its power stays for a minute
 * (`wal_sender_timeout`), and commits that wait for it as long; where nobody could promote that node any more, it is
 * taken as gone at once.
 */
export function rowOf(node: string, { standbys, snapshot }: PrimaryFacts): StandbyRow | undefined {
  const state = findNode(snapshot, node)
  return state && isOutOfPlay(snapshot, state) ? undefined : rowNamed(node, standbys)
}

/** The nodes of the cluster that commits wait for now, in the order of the setting. */
export function waitedForNow({ synchronousStandbyNames, others }: PrimaryFacts): readonly string[] {
  const { names } = readSynchronousNames(synchronousStandbyNames)
  return names.flatMap((name) => others.filter((node) => sameNode(node, name)))
}

/**
 * The standbys that stream, in the order in which they are taken: those that are waited for now, so that it does not
 * change without need; then, of those that the cluster could promote, the ones with the most data; then those that
 * only replicate.
 */
function candidates(facts: PrimaryFacts): readonly string[] {
  const streaming = facts.others.flatMap((node) => {
    const row = rowOf(node, facts)
    if (!row || !isStreaming(row)) return []
    return [{ node, flushed: row.flushed ?? '', online: findNode(facts.snapshot, node)?.online === true }]
  })
  const current = waitedForNow(facts).filter((name) => streaming.some(({ node }) => node === name))
  const rest = streaming
    .filter(({ node }) => !current.includes(node))
    .sort(
      (a, b) =>
        Number(b.online) - Number(a.online) || (a.flushed < b.flushed ? 1 : a.flushed > b.flushed ? -1 : 0),
    )
  return [...current, ...rest.map(({ node }) => node)]
}

/** Standbys that do not stream, and that the strict policy does not do without. */
function owedOf(facts: PrimaryFacts, streaming: readonly string[]): readonly string[] {
  const { snapshot, resource, others } = facts
  const now = waitedForNow(facts)
  const owed = others.filter(
    (node) =>
      !streaming.includes(node) &&
      !isKnownDown(snapshot, node, resource) &&
      (now.includes(node) || !isReturning(snapshot, node, resource)),
  )
  return [...now.filter((node) => owed.includes(node)), ...owed.filter((node) => !now.includes(node))]
}

export function chooseStandbys(facts: PrimaryFacts): Waiting {
  const { mode, policy } = facts
  if (mode !== 'sync') return { chosen: [], absent: [], count: 0, missing: 0 }
  const streaming = candidates(facts)
  const chosen = policy.quorum ? streaming : streaming.slice(0, policy.count)
  const present = Math.min(policy.count, chosen.length)
  const owed = policy.strict ? owedOf(facts, streaming) : []
  const required = Math.min(policy.count, streaming.length + owed.length)
  const missing = policy.strict ? required - present : 0
  return {
    chosen,
    absent: policy.quorum && missing > 0 ? owed : owed.slice(0, missing),
    count: present + missing,
    missing,
  }
}

/** The names of `waiting`, those that are in the setting first and in its order. */
export function namesOf({ chosen, absent }: Waiting, facts: PrimaryFacts): readonly string[] {
  const all = [...chosen, ...absent]
  const now = waitedForNow(facts).filter((node) => all.includes(node))
  return [...now, ...all.filter((node) => !now.includes(node))].map((node) => node.toLowerCase())
}

/** synchronous_standby_names as it should be; nothing when it is as it should. */
export function settingFor(waiting: Waiting, facts: PrimaryFacts): string | undefined {
  const { externals, standbys, synchronousStandbyNames: now, policy } = facts
  const names = namesOf(waiting, facts)
  if (policy.quorum) {
    return waitsForAny(now, waiting.count, names) ? undefined : waitForAny(waiting.count, names)
  }
  // Beside the cluster's own, those outside that stream.
  const outside = externals.filter((name) => {
    const row = rowNamed(name, standbys)
    return row !== undefined && isStreaming(row)
  })
  const all = [...names, ...outside]
  return waitsForAll(now, all) ? undefined : waitForAll(all)
}
