/** Do PostgreSQL's settings keep what the cluster promises? */
import { type Primitive } from '../../../lib/cluster/configuration'
import { type Check, type Trouble } from '../finding'
import {
  type Examination,
  isReplicated,
  isSynchronous,
  nodeList,
  primarySeat,
  type Seat,
  seats,
} from '../examination'
import { type ServerFacts } from '../facts'

interface Answering extends Seat {
  readonly server: ServerFacts
}

/** The servers that answer; nothing where none does. */
function servers(examination: Examination, wanted: (database: Primitive) => boolean = isReplicated) {
  const found = seats(examination).flatMap((seat): readonly Answering[] =>
    seat.facts.server !== null && wanted(seat.database) ? [{ ...seat, server: seat.facts.server }] : [],
  )
  return found.length === 0 ? undefined : found
}

interface Rule {
  readonly setting: string
  readonly isWrong: (value: string) => boolean
  readonly severity: 'error' | 'warning'
  readonly what: string
  readonly set: string
  readonly restart: boolean
}

const only =
  (...values: readonly string[]) =>
  (value: string): boolean =>
    values.includes(value)

/** Does it listen for nobody but its own host? */
function isLocalOnly(addresses: string): boolean {
  const all = addresses.split(',').map((one) => one.trim())
  return all.every((one) => one === '' || one === 'localhost' || one === '::1' || one.startsWith('127.'))
}

const RULES: readonly Rule[] = [
  {
    setting: 'fsync',
    isWrong: only('off'),
    severity: 'error',
    what: 'a crash may destroy the database, and with it what was replicated',
    set: 'fsync = on',
    restart: false,
  },
  {
    setting: 'full_page_writes',
    isWrong: only('off'),
    severity: 'error',
    what: 'a page that is half written in a crash cannot be repaired, and pg_rewind does not work',
    set: 'full_page_writes = on',
    restart: false,
  },
  {
    setting: 'hot_standby',
    isWrong: only('off'),
    severity: 'error',
    what: 'a standby lets nobody ask it, the agent neither',
    set: 'hot_standby = on',
    restart: true,
  },
  {
    setting: 'wal_level',
    isWrong: only('minimal'),
    severity: 'error',
    what: 'its WAL is not enough for a standby',
    set: 'wal_level = replica',
    restart: true,
  },
  {
    setting: 'listen_addresses',
    isWrong: isLocalOnly,
    severity: 'error',
    what: 'no standby can reach it',
    set: "listen_addresses = '*'",
    restart: true,
  },
  {
    setting: 'wal_sender_timeout',
    isWrong: only('0'),
    severity: 'warning',
    what: 'a primary never notices that a standby is gone without a word, and its commits wait for it',
    set: 'wal_sender_timeout = 60s',
    restart: false,
  },
  {
    setting: 'wal_receiver_timeout',
    isWrong: only('0'),
    severity: 'warning',
    what: 'a standby never notices that the primary is gone without a word',
    set: 'wal_receiver_timeout = 60s',
    restart: false,
  },
]

const settings: Check = {
  id: 'postgresql-settings',
  theme: 'postgresql',
  wellWhen: 'PostgreSQL is set up to replicate, and to survive a crash',
  examine: (examination) =>
    servers(examination)?.flatMap(({ node, server }) =>
      RULES.flatMap(({ setting, isWrong, severity, what, set, restart }): readonly Trouble[] => {
        const value = server.settings[setting]
        if (value === undefined || !isWrong(value)) return []
        return [
          {
            severity,
            node,
            finding: `PostgreSQL on ${node} has ${setting} = ${value === '' ? "''" : value}: ${what}`,
            evidence: [`show ${setting}: ${value}`],
            advice: `${set} in postgresql.conf, on every node${restart ? '; it takes a restart of the resource' : '; then select pg_reload_conf()'}`,
          },
        ]
      }),
    ),
}

/** What a commit of such a session waits for, as far as it is less than the cluster promises. */
const WEAK: Readonly<Record<string, 'error' | 'warning' | undefined>> = {
  off: 'error',
  local: 'error',
  remote_write: 'warning',
}

const commits: Check = {
  id: 'synchronous-commit',
  theme: 'postgresql',
  wellWhen: 'commits wait for the standby, in every database and for every role',
  examine: (examination) => {
    const found = servers(examination, isSynchronous)?.filter(
      ({ node, database }) => primarySeat(examination, database)?.node === node,
    )
    if (found === undefined || found.length === 0) return undefined
    return found.flatMap(({ node, server }) => {
      const own = server.settings['synchronous_commit'] ?? 'on'
      const wrong = (
        severity: 'error' | 'warning',
        where: string,
        value: string,
        advice: string,
      ): Trouble => ({
        severity,
        node,
        finding: `synchronous_commit = ${value} ${where}: ${severity === 'error' ? 'its commits are acknowledged before the standby has them, and lost in a failover' : 'a standby that loses its power may lose what was acknowledged'}`,
        evidence: [`rep_mode=sync, and synchronous_commit = ${value} ${where}`],
        advice,
      })
      const global = WEAK[own]
      return [
        ...(global === undefined
          ? []
          : [
              wrong(
                global,
                `for all of the server on ${node}`,
                own,
                'synchronous_commit = on in postgresql.conf on every node (see also postgresql.auto.conf); then select pg_reload_conf()',
              ),
            ]),
        ...server.ownCommits.flatMap(({ whose, value }) => {
          const severity = WEAK[value]
          return severity === undefined
            ? []
            : [
                wrong(
                  severity,
                  `for ${whose}`,
                  value,
                  `where that is not meant: alter ${whose.replace(/^role (.*) in (database .*)$/, 'role $1 in $2')} reset synchronous_commit`,
                ),
              ]
        }),
      ]
    })
  },
}

const automatic: Check = {
  id: 'auto-conf',
  theme: 'postgresql',
  wellWhen: "postgresql.auto.conf overrides nothing that is the agent's to set",
  examine: (examination) => {
    const all = seats(examination).filter(({ database }) => isReplicated(database))
    if (all.length === 0) return undefined
    return all.flatMap(({ node, facts }) =>
      Object.entries(facts.automatic).map(([name, value]): Trouble => ({
        severity: 'error',
        node,
        finding: `postgresql.auto.conf on ${node} sets ${name}: it overrides what the agent sets`,
        evidence: [`${facts.node.dataDirectory}/postgresql.auto.conf: ${name} = '${value}'`],
        advice:
          facts.node.sql === null
            ? `take the line out of that file while PostgreSQL is stopped`
            : `on ${node}: alter system reset ${name}; select pg_reload_conf()`,
      })),
    )
  },
}

/** A base backup takes two. */
const SPARE_SENDERS = 2

const senders: Check = {
  id: 'wal-senders',
  theme: 'postgresql',
  wellWhen: 'there are WAL senders and slots for every standby, and a base backup beside',
  examine: (examination) =>
    servers(examination)?.flatMap(({ node, database, server }): readonly Trouble[] => {
      const standbys =
        nodeList(database).length -
        1 +
        (database.parameters['external_standby_node_list'] ?? '').split(/\s+/).filter(Boolean).length
      const value = Number(server.settings['max_wal_senders'] ?? NaN)
      const slots = Number(server.settings['max_replication_slots'] ?? NaN)
      const usesSlots = (database.parameters['replication_slot_name'] ?? '') !== ''
      return [
        ...(value < standbys + SPARE_SENDERS
          ? [
              {
                severity: value < standbys ? 'error' : 'warning',
                node,
                finding:
                  value < standbys
                    ? `PostgreSQL on ${node} can serve ${value} standbys only, and has ${standbys}`
                    : `PostgreSQL on ${node} has no WAL senders left for a base backup when all standbys stream`,
                evidence: [`max_wal_senders = ${value}; a base backup takes ${SPARE_SENDERS}`],
                advice: `max_wal_senders = ${Math.max(10, standbys + SPARE_SENDERS)} in postgresql.conf on every node, the primary first; it takes a restart of the resource`,
              } as const,
            ]
          : []),
        ...(usesSlots && slots < standbys
          ? [
              {
                severity: 'error',
                node,
                finding: `PostgreSQL on ${node} has ${slots} replication slots, and needs ${standbys}`,
                evidence: [`max_replication_slots = ${slots}`],
                advice: `max_replication_slots = ${Math.max(10, standbys)} in postgresql.conf on every node; it takes a restart of the resource`,
              } as const,
            ]
          : []),
      ]
    }),
}

const rewindable: Check = {
  id: 'rewind-needs',
  theme: 'postgresql',
  wellWhen: 'pg_rewind can work on the data, as rejoin=rewind wants it',
  examine: (examination) => {
    const all = seats(examination).filter(({ database }) => database.parameters['rejoin'] === 'rewind')
    if (all.length === 0) return undefined
    return all
      .filter(({ facts }) => facts.rewindable === false)
      .map(({ node, database }): Trouble => ({
        severity: 'error',
        node,
        finding: `${database.id} has rejoin=rewind, and pg_rewind cannot work on the data of ${node}`,
        evidence: ['pg_controldata: no data checksums, and wal_log_hints was off'],
        advice:
          'wal_log_hints = on in postgresql.conf on every node and a restart of the resource, or pg_checksums --enable on servers that are stopped, or rejoin=basebackup',
      }))
  },
}

const archive: Check = {
  id: 'archive-failing',
  theme: 'postgresql',
  wellWhen: 'the archive takes what it is given',
  examine: (examination) =>
    servers(examination, () => true)?.flatMap(({ node, server }): readonly Trouble[] => {
      const { archiver } = server
      const { archive_mode: mode = 'off', archive_command: command = '' } = server.settings
      if (archiver === null || mode === 'off' || archiver.lastFailed === null) return []
      if (archiver.lastArchived !== null && archiver.lastArchived >= archiver.lastFailed) return []
      const at = (seconds: number | null): string =>
        seconds === null ? 'never' : new Date(seconds * 1000).toISOString()
      return [
        {
          severity: 'error',
          node,
          finding: `archiving fails on ${node}: WAL piles up in pg_wal until the disk is full, and the archive has a gap`,
          evidence: [
            `pg_stat_archiver: ${archiver.failedFile ?? ''} failed at ${at(archiver.lastFailed)} (${archiver.failed} times), the last that succeeded: ${at(archiver.lastArchived)}`,
            `archive_command = '${command}'`,
          ],
          advice:
            "run archive_command by hand as PostgreSQL's owner with that file; see the log of PostgreSQL for what it says",
        },
      ]
    }),
}

const restore: Check = {
  id: 'restore-command',
  theme: 'postgresql',
  wellWhen: 'restore_command names what is there',
  examine: (examination) => {
    const all = seats(examination).filter(
      ({ database }) => (database.parameters['restore_command'] ?? '') !== '',
    )
    if (all.length === 0) return undefined
    return all.flatMap(({ node, database, facts }): readonly Trouble[] => {
      const command = database.parameters['restore_command'] ?? ''
      const missing = ['%f', '%p'].filter((word) => !command.includes(word))
      const problems = [
        ...(missing.length === 0 ? [] : [`it has no ${missing.join(' and no ')}`]),
        ...facts.restoreLacks.map((what) => `there is no ${what.replace(/^the /, '')} on ${node}`),
      ]
      if (problems.length === 0) return []
      return [
        {
          severity: 'warning',
          node,
          finding: `restore_command of ${database.id} cannot fetch anything on ${node}`,
          evidence: [`restore_command=${command}`, ...problems],
          advice:
            'let it fetch from an archive that every node reaches, for example "cp /PATH/%f %p", or leave it out',
        },
      ]
    })
  },
}

const passwordFile: Check = {
  id: 'pgpass',
  theme: 'postgresql',
  wellWhen: 'the password files are for their owner alone',
  examine: (examination) => {
    const all = seats(examination).flatMap(({ node, database, facts }) =>
      facts.passwordFile === null ? [] : [{ node, database, file: facts.passwordFile, owner: facts.ownerId }],
    )
    if (all.length === 0) return undefined
    return all.flatMap(({ node, database, file, owner }): readonly Trouble[] => {
      const account = database.parameters['pgdba'] ?? 'postgres'
      const evidence = [`${file.path}: mode 0${file.mode.toString(8)}, owner uid ${file.owner}`]
      if (file.owner !== owner) {
        return [
          {
            severity: 'error',
            node,
            finding: `${file.path} on ${node} does not belong to ${account}`,
            evidence,
            advice: `chown ${account}: ${file.path}`,
          },
        ]
      }
      if ((file.mode & 0o077) === 0) return []
      // As the owner, in whose directory the file lies: root follows no links there.
      const argv = ['runuser', '-u', account, '--', 'chmod', '600', '--', file.path] as const
      return [
        {
          severity: 'error',
          node,
          finding: `${file.path} on ${node} can be read by others: PostgreSQL's programs ignore it`,
          evidence,
          advice: `chmod 600 ${file.path}`,
          fix: { node, argv: [...argv] },
        },
      ]
    })
  },
}

const DEFAULT_DATABASE = 'template1'

/** What is wrong with the database of monitor_sql; nothing where its owner is trusted as the server's is. */
function databaseTrouble({ node, database, server }: Answering): Trouble | undefined {
  const name = database.parameters['pgdb'] ?? DEFAULT_DATABASE
  const account = database.parameters['pgdba'] ?? 'postgres'
  const found = server.database
  const advice = `set pgdb to a database that belongs to ${account}: template1 or postgres`
  const own = database.parameters['monitor_sql'] !== undefined
  if (found === null || !found.open) {
    const what = found === null ? 'does not exist' : 'takes no connections'
    return {
      severity: own ? 'error' : 'warning',
      node,
      finding: `${name}, the database of monitor_sql (pgdb), ${what}${own ? ': monitor_sql fails' : ''}`,
      evidence: [`pgdb=${name}; the agent asks its own questions in postgres or template1`],
      advice: found === null ? advice : `alter database "${name}" allow_connections true; or ${advice}`,
    }
  }
  if (found.ownerIsSuperuser || found.owner === account) return undefined
  const path = own && (database.parameters['monitor_user'] ?? '') === ''
  return {
    severity: 'warning',
    node,
    finding: path
      ? `monitor_sql runs as a superuser in ${name}, where ${found.owner} can change what its functions and tables are`
      : `${name}, the database of monitor_sql (pgdb), belongs to ${found.owner}, who can close it, and delay every session in it`,
    evidence: [`pgdb=${name}, and its owner ${found.owner} is no superuser`],
    advice: path ? `set monitor_user to one that is no superuser; or ${advice}` : advice,
  }
}

/** What is wrong with the database in which the agent asks its own questions. */
function askedTrouble({ node, database, server }: Answering): Trouble | undefined {
  const account = database.parameters['pgdba'] ?? 'postgres'
  const { asked } = server
  if (asked === undefined || asked.ownerIsSuperuser || asked.owner === account) return undefined
  if (asked.name === server.database?.name) return undefined
  return {
    severity: 'warning',
    node,
    finding: `${asked.name}, in which the agent asks its own questions, belongs to ${asked.owner}, who can delay the monitor`,
    evidence: [`${asked.owner} is no superuser, and can lock the catalogs of ${asked.name}`],
    advice: `alter database "${asked.name}" owner to "${account}"`,
  }
}

const agentsDatabase: Check = {
  id: 'database-owner',
  theme: 'postgresql',
  wellWhen: "the databases of the agent belong to PostgreSQL's own account, and take connections",
  examine: (examination) => {
    // It is the same on every standby.
    const found = servers(examination, () => true)?.filter(
      ({ node, database }) => !isReplicated(database) || primarySeat(examination, database)?.node === node,
    )
    if (found === undefined || found.length === 0) return undefined
    return found.flatMap((seat) =>
      [databaseTrouble(seat), askedTrouble(seat)].filter((one) => one !== undefined),
    )
  },
}

export const postgresql: readonly Check[] = [
  settings,
  commits,
  automatic,
  senders,
  rewindable,
  archive,
  restore,
  passwordFile,
  agentsDatabase,
]
