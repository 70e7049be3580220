/** Can every node follow the primary? */
import { attributeNames } from '../../../agents/pgsql/names'
import { applicationName } from '../../../agents/pgsql/site'
import { parameters as pgsqlParameters, trimSlashes } from '../../../agents/pgsql/parameters'
import { slotName } from '../../../agents/pgsql/slot-names'
import { REQUIRED_SETTINGS } from '../../../lib/postgres/required-settings'
import { sameNode } from '../../../lib/cluster/snapshot'
import { writeLsn } from '../../../lib/postgres/lsn'
import { describeBytes } from '../../status/risk'
import { type Check, type Trouble } from '../finding'
import {
  isOurs,
  nodeList,
  primarySeat,
  promotedOn,
  replicated,
  type Seat,
  standbySeats,
} from '../examination'
import { access } from './access'
import { logicalSlots } from './logical-slots'

/** Why the agent has said that a node cannot follow. */
const EXPLAINED: Readonly<Record<string, { what: string; advice: string } | undefined>> = {
  'DISCONNECT|FORKED': {
    what: 'has WAL that the primary does not have, and cannot follow it',
    advice: 'a base backup, or rejoin=rewind (what only this node has is discarded)',
  },
  'DISCONNECT|WAL_REMOVED': {
    what: 'cannot follow: the primary has removed the WAL that it needs next',
    advice:
      'the missing files back into the archive, or a base backup; then a larger wal_keep_size, replication_slot_name, or an archive that both reach',
  },
  'DISCONNECT|OTHER_DATABASE': {
    what: 'holds another database than the primary',
    advice: 'a base backup; or correct pgdata, master_ip',
  },
}

interface Divergence {
  readonly what: string
  readonly evidence: string
}

/** Where a node's data and the primary's timeline part, as far as it can be seen from outside. */
function divergence({ facts }: Seat): Divergence | undefined {
  const { login: answer, node } = facts
  const timeline = node.sql?.timeline ?? node.control?.timeline
  const position = node.sql?.position ?? node.control?.checkpoint
  if (answer?.kind !== 'answered' || timeline === undefined || node.sql?.upstream) return undefined
  if (timeline === answer.timeline) return undefined
  const fork = answer.history.find((one) => one.timeline === timeline)
  if (fork === undefined) {
    return {
      what: `is on timeline ${timeline}, which the primary does not come from`,
      evidence: `the primary is on timeline ${answer.timeline}, after ${answer.history.map((one) => one.timeline).join(', ') || 'none'}`,
    }
  }
  if (!position || position <= fork.end) return undefined
  return {
    what: `has gone on on timeline ${timeline} after the primary had left it`,
    evidence: `it is at ${writeLsn(position)}, the primary left that timeline at ${writeLsn(fork.end)}`,
  }
}

const timelines: Check = {
  id: 'standby-timeline',
  theme: 'replication',
  wellWhen: "every node's data is of the primary's history",
  examine: (examination) => {
    const all = replicated(examination).filter((database) => promotedOn(examination, database) !== undefined)
    if (all.length === 0) return undefined
    return all.flatMap((database) => {
      const attribute = attributeNames(database.id).dataStatus
      return standbySeats(examination, database).flatMap((seat): readonly Trouble[] => {
        const said = examination.status?.nodes.find(({ name }) => sameNode(name, seat.node))?.attributes[
          attribute
        ]
        const explained = EXPLAINED[said ?? '']
        if (explained) {
          return [
            {
              severity: 'error',
              node: seat.node,
              finding: `${seat.node} ${explained.what}`,
              evidence: [`${attribute}: ${said ?? ''}`],
              advice: explained.advice,
            },
          ]
        }
        const parted = divergence(seat)
        if (parted === undefined) return []
        return [
          {
            severity: 'error',
            node: seat.node,
            finding: `${seat.node} ${parted.what}: it cannot follow`,
            evidence: [parted.evidence],
            advice: `take a base backup on ${seat.node}${isOurs(database) ? ', or set rejoin=rewind or basebackup' : ''}; what only it has is discarded`,
          },
        ]
      })
    })
  },
}

const bytesBetween = (from: string, to: string): number =>
  Math.max(0, Number(BigInt(`0x${to}`) - BigInt(`0x${from}`)))

/** Of what is kept, so much may be used up before it is said. */
const SCARCE = 0.5

const kept: Check = {
  id: 'wal-keep',
  theme: 'replication',
  wellWhen: 'the primary keeps enough WAL for the standbys that are away',
  examine: (examination) => {
    const found = replicated(examination).flatMap((database) => {
      const seat = primarySeat(examination, database)
      return seat?.facts.server && seat.facts.node.sql
        ? [{ database, seat, server: seat.facts.server, sql: seat.facts.node.sql }]
        : []
    })
    if (found.length === 0) return undefined
    return found.flatMap(({ database, seat, server, sql }): readonly Trouble[] => {
      const { walKeptBytes } = server
      const prefix = database.parameters['replication_slot_name'] ?? ''
      const hasArchive = (database.parameters['restore_command'] ?? '') !== ''
      const keeps = `wal_keep_size (wal_keep_segments) keeps ${describeBytes(walKeptBytes)}`
      const advice =
        'a larger wal_keep_size in postgresql.conf on every node (select pg_reload_conf()), or replication_slot_name with max_slot_wal_keep_size, or an archive that every node reaches'
      if (prefix !== '') return []
      const away = standbySeats(examination, database).flatMap(({ node, facts }): readonly Trouble[] => {
        const position = facts.node.sql?.position ?? facts.node.control?.checkpoint
        const streams = sql.standbys.some((one) => one.applicationName === applicationName(node))
        if (streams || !position || !sql.position) return []
        const gap = bytesBetween(position, sql.position)
        if (gap <= walKeptBytes * SCARCE || gap === 0) return []
        const over = gap > walKeptBytes
        return [
          {
            severity: over && !hasArchive ? 'error' : 'warning',
            node,
            finding: `${node} is away, and ${over ? 'needs more WAL than' : 'soon needs more WAL than'} the primary keeps: then only ${hasArchive ? 'the archive or ' : ''}a base backup brings it back`,
            evidence: [`it is ${describeBytes(gap)} behind the primary on ${seat.node}`, keeps],
            advice: over ? advice : `bring ${node} back soon; for the next time, ${advice}`,
          },
        ]
      })
      if (away.length > 0 || walKeptBytes > 0 || hasArchive) return away
      return [
        {
          severity: 'warning',
          node: seat.node,
          finding: `the primary keeps no WAL for a standby that is away: after a checkpoint or two only a base backup brings it back`,
          evidence: [keeps, 'no replication slot, no restore_command'],
          advice,
        },
      ]
    })
  },
}

const DEFAULT_TMPDIR = pgsqlParameters.tmpdir.default ?? ''

/** A slot that nobody uses and that keeps this much is on its way to fill the disk. */
const MUCH_KEPT = 10 * 2 ** 30

const slots: Check = {
  id: 'replication-slot',
  theme: 'replication',
  wellWhen: 'every standby has its slot, and no slot keeps WAL for nobody',
  examine: (examination) => {
    const found = replicated(examination).flatMap((database) => {
      const seat = primarySeat(examination, database)
      return seat?.facts.server ? [{ database, node: seat.node, slots: seat.facts.server.slots }] : []
    })
    if (found.length === 0) return undefined
    return found.flatMap(({ database, node, slots: all }): readonly Trouble[] => {
      const prefix = database.parameters['replication_slot_name'] ?? ''
      const wanted =
        prefix === ''
          ? []
          : nodeList(database)
              .filter((name) => !sameNode(name, node))
              .map((name) => slotName(prefix, name))
      const missing = wanted
        .filter((name) => !all.some((slot) => slot.name === name))
        .map((name): Trouble => ({
          severity: 'error',
          node,
          finding: `the primary on ${node} has no replication slot ${name}: its standby cannot stream`,
          evidence: [`pg_replication_slots: ${all.map((slot) => slot.name).join(', ') || 'none'}`],
          advice: `select pg_create_physical_replication_slot('${name}', true)`,
        }))
      const bad = all.flatMap(({ name, active, keptBytes, walStatus }): readonly Trouble[] => {
        const keeps = `keeps ${describeBytes(keptBytes ?? 0)}, wal_status ${walStatus ?? '(before 13)'}`
        if (walStatus === 'lost' || walStatus === 'unreserved') {
          return [
            {
              severity: 'error',
              node,
              finding: `the replication slot ${name} on ${node} ${walStatus === 'lost' ? 'has lost' : 'is about to lose'} WAL that its standby needs`,
              evidence: [keeps],
              advice: 'a larger max_slot_wal_keep_size, and where it is lost a base backup of that standby',
            },
          ]
        }
        if (active || (keptBytes ?? 0) < MUCH_KEPT) return []
        return [
          {
            severity: 'warning',
            node,
            finding: `the replication slot ${name} on ${node} is used by nobody, and keeps ${describeBytes(keptBytes ?? 0)} of WAL: that goes on until the disk is full`,
            evidence: [keeps],
            advice: `bring its standby back, or select pg_drop_replication_slot('${name}')`,
          },
        ]
      })
      return [...missing, ...bad]
    })
  },
}

/** The primary's may be lower. */
const standbySettings: Check = {
  id: 'standby-settings',
  theme: 'replication',
  wellWhen: "no standby has a setting lower than the primary's that recovery needs",
  examine: (examination) => {
    const found = replicated(examination).flatMap((database) => {
      const seat = primarySeat(examination, database)
      return seat?.facts.server ? [{ database, settings: seat.facts.server.settings }] : []
    })
    if (found.length === 0) return undefined
    return found.flatMap(({ database, settings }) =>
      standbySeats(examination, database).flatMap(({ node, facts }): readonly Trouble[] => {
        const own = facts.server?.settings
        if (own === undefined) return []
        return REQUIRED_SETTINGS.flatMap((name): readonly Trouble[] => {
          const [needed, here] = [Number(settings[name]), Number(own[name])]
          if (!(here < needed)) return []
          return [
            {
              severity: 'error',
              node,
              finding: `${name} is ${here} on ${node} and ${needed} on the primary: its replay pauses (before PostgreSQL 14 it ends), and a failover takes a restart longer`,
              evidence: [`pg_settings of ${node} and of the primary`],
              advice: `set ${name} to ${needed} or more on ${node}, and restart PostgreSQL there; the next time, raise it on the standbys first`,
            },
          ]
        })
      }),
    )
  },
}

/** The agent's files of two databases in one directory: each start overwrites the other's settings. */
const sharedTmpdir: Check = {
  id: 'shared-tmpdir',
  theme: 'replication',
  wellWhen: 'no two databases keep the files of the agent in the same directory',
  examine: (examination) => {
    const all = replicated(examination)
    if (all.length < 2) return undefined
    const tmpdirOf = ({ parameters: { tmpdir } }: (typeof all)[number]): string =>
      trimSlashes(tmpdir ?? DEFAULT_TMPDIR)
    return all.flatMap((database, index): readonly Trouble[] => {
      const first = all
        .slice(0, index)
        .find(
          (other) =>
            tmpdirOf(other) === tmpdirOf(database) &&
            nodeList(other).some((node) => nodeList(database).some((own) => sameNode(own, node))),
        )
      if (first === undefined) return []
      return [
        {
          severity: 'error',
          finding: `${first.id} and ${database.id} keep the agent's files in the same tmpdir, ${tmpdirOf(database)}: each overwrites the other's settings`,
          advice: `set tmpdir of ${database.id} to a directory of its own, and restart it`,
        },
      ]
    })
  },
}

const locks: Check = {
  id: 'stale-lock',
  theme: 'replication',
  wellWhen: 'no PGSQL.lock is left over',
  examine: (examination) => {
    const all = replicated(examination)
    if (all.length === 0 || examination.status === undefined) return undefined
    return all.flatMap((database) =>
      standbySeats(examination, database)
        .filter(({ facts }) => facts.lockedSince !== null)
        .map(({ node, facts }): Trouble => {
          const runs = facts.node.server === 'running'
          const compares = isOurs(database) && database.parameters['rejoin'] !== 'manual'
          const since = new Date((facts.lockedSince ?? 0) * 1000).toISOString()
          const evidence = [
            `${facts.lockFile}, since ${since}`,
            runs ? 'PostgreSQL runs there, as no primary' : 'PostgreSQL does not run there',
          ]
          if (compares) {
            return {
              severity: 'warning',
              node,
              finding: `${node} keeps PGSQL.lock of the time when it was primary: its data is compared with the primary's at its next start`,
              evidence,
              advice: runs
                ? `nothing has to be done: the next start compares, and removes it`
                : `crm_resource --cleanup --resource ${database.id} --node ${node}: the start compares, and says what would be lost where something would be`,
            }
          }
          return {
            severity: 'error',
            node,
            finding: `${node} keeps PGSQL.lock of the time when it was primary: PostgreSQL will not be started there`,
            evidence,
            advice: `if its data is known to be a copy of the primary's (a base backup taken since ${since}): rm ${facts.lockFile} there; otherwise take a base backup first. Then crm_resource --cleanup --resource ${database.id} --node ${node}`,
          }
        }),
    )
  },
}

export const replication: readonly Check[] = [
  ...access,
  timelines,
  kept,
  slots,
  logicalSlots,
  standbySettings,
  sharedTmpdir,
  locks,
]
