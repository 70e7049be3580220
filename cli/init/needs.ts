/** What the replication needs of a server, and what of it is lacking: pure. */
import { type Entry, entryLine, letsIn, type Network } from './hba'
import { type InitSpec } from './spec'

export interface InitFacts {
  readonly version: number
  readonly server: 'running' | 'stopped'
  /** What the configuration files say. */
  readonly configured: Readonly<Record<string, string>>
  /** What the running server goes by. */
  readonly active: Readonly<Record<string, string>> | undefined
  readonly checksums: boolean
  /** Settings of the last run, which a standby must not fall below; of a server that has shut down. */
  readonly recorded: Readonly<Record<string, number>>
  readonly hba: string
  readonly hbaFile: string
  /** Where synchronous_standby_names is set by somebody else than the agent. */
  readonly synchronous: string | undefined
  /** Debian's start.conf: whether the system starts the server itself. */
  readonly startConf: { readonly path: string; readonly word: string } | undefined
  readonly replication: Network | undefined
  readonly clients: readonly Network[]
}

export type Change =
  | { readonly kind: 'set'; readonly name: string; readonly value: string }
  | { readonly kind: 'let in'; readonly line: string }
  /** The server runs once, alone, so that its control file remembers the settings. */
  | { readonly kind: 'record' }

export interface Finding {
  readonly name: string
  readonly found: string
  readonly needed: string
  readonly why: string
  /** ok; lacks: in the configuration; waits: the running server does not go by the configuration yet. */
  readonly state: 'ok' | 'lacks' | 'waits'
  /** How it is made; nothing where a person must. */
  readonly change: Change | undefined
  /** It takes effect with a restart of the server. */
  readonly restart: boolean
  /** What a person does. */
  readonly advice: string | undefined
}

interface Need {
  readonly name: string
  readonly needed: string
  readonly why: string
  readonly enough: (value: string) => boolean
  readonly value: string
  readonly restart: boolean
}

const isOn = (value: string): boolean => value === 'on'
const atLeast =
  (least: number) =>
  (value: string): boolean =>
    Number(value) >= least

/** Beside the standbys: a base backup takes two, pg_rewind and a question of the agent's one each. */
const SPARE_SENDERS = 4

function settingsNeeded({ version, checksums }: InitFacts, spec: InitSpec): readonly Need[] {
  const standbys = Math.max(1, spec.nodes.length - 1)
  const senders = standbys + SPARE_SENDERS
  const replica = version < 9.6 ? 'hot_standby' : 'replica'
  const keep = version < 13 ? 'wal_keep_segments' : 'wal_keep_size'
  return [
    {
      name: 'wal_level',
      needed: `${replica} or logical`,
      why: 'standbys are fed from the WAL',
      enough: (value) =>
        ['replica', 'hot_standby', 'archive', 'logical'].includes(value) && value !== 'archive',
      value: replica,
      restart: true,
    },
    {
      name: 'max_wal_senders',
      needed: `${senders} or more`,
      why: `${standbys} ${standbys === 1 ? 'standby' : 'standbys'}, a base backup (two) and questions`,
      enough: atLeast(senders),
      value: String(Math.max(10, senders)),
      restart: true,
    },
    {
      name: 'hot_standby',
      needed: 'on',
      why: 'the agent asks a standby how it is',
      enough: isOn,
      value: 'on',
      restart: true,
    },
    ...(spec.rewinds && !checksums
      ? [
          {
            name: 'wal_log_hints',
            needed: 'on, or data checksums',
            why: 'pg_rewind (rejoin=rewind)',
            enough: isOn,
            value: 'on',
            restart: true,
          },
        ]
      : []),
    ...(spec.rewinds
      ? [
          {
            name: 'full_page_writes',
            needed: 'on',
            why: 'pg_rewind (rejoin=rewind)',
            enough: isOn,
            value: 'on',
            restart: false,
          },
        ]
      : []),
    ...(spec.slots
      ? [
          {
            name: 'max_replication_slots',
            needed: `${standbys + 2} or more`,
            why: 'a slot for each standby (replication_slot_name), and for base backups',
            enough: atLeast(standbys + 2),
            value: String(Math.max(10, standbys + 2)),
            restart: true,
          },
        ]
      : [
          {
            name: keep,
            needed: 'more than 0',
            why: 'what a standby that was away for a while needs is still there',
            enough: (value: string) => !/^(?:0|-)/.test(value),
            value: version < 13 ? '64' : '1GB',
            restart: false,
          },
        ]),
    {
      name: 'listen_addresses',
      needed: '*',
      why: 'virtual addresses come and go',
      enough: (value) => value.split(',').some((word) => ['*', '0.0.0.0', '::'].includes(word.trim())),
      value: '*',
      restart: true,
    },
  ]
}

function settingFinding(need: Need, { configured, active }: InitFacts): Finding {
  const { name, needed, why, enough, value, restart } = need
  const found = configured[name] ?? ''
  const now = active?.[name]
  const lacks = !enough(found)
  const waits = !lacks && now !== undefined && !enough(now)
  return {
    name,
    found: waits ? `${now} (${found} is configured)` : found,
    needed,
    why,
    state: lacks ? 'lacks' : waits ? 'waits' : 'ok',
    change: lacks ? { kind: 'set', name, value } : undefined,
    restart: restart && (lacks || waits),
    advice: undefined,
  }
}

function archiveFinding({ configured, active }: InitFacts, { restores }: InitSpec): readonly Finding[] {
  if (!restores) return []
  const mode = configured['archive_mode'] ?? ''
  const command = configured['archive_command'] ?? ''
  const library = configured['archive_library'] ?? ''
  const works = /^(?:on|always)$/.test(mode) && `${command}${library}`.replace('(disabled)', '') !== ''
  const waits = works && active?.['archive_mode'] === 'off'
  return [
    {
      name: 'archive_mode',
      found: works ? mode : `${mode}${mode === 'off' ? '' : ', without archive_command'}`,
      needed: 'on, with archive_command',
      why: 'restore_command fetches from an archive',
      state: works ? (waits ? 'waits' : 'ok') : 'lacks',
      change: undefined,
      restart: waits,
      advice: works
        ? undefined
        : 'set archive_mode=on and archive_command to what puts files where restore_command finds them',
    },
  ]
}

/** scram-sha-256 is what passwords are kept for since version 14; md5 takes them, too. */
export const authOf = (version: number, auth: string | undefined): string =>
  auth ?? (version >= 14 ? 'scram-sha-256' : 'md5')

function accessFindings(facts: InitFacts, spec: InitSpec): readonly Finding[] {
  const { replication, clients, hba, hbaFile, version } = facts
  const entries: (Entry & { why: string })[] = [
    ...(replication
      ? [
          {
            database: 'replication',
            user: spec.repuser,
            network: replication,
            why: 'standbys connect from there',
          },
        ]
      : []),
    ...(replication && spec.rewinds
      ? [
          {
            database: spec.database,
            user: spec.repuser,
            network: replication,
            why: 'pg_rewind connects from there',
          },
        ]
      : []),
    ...clients.map((network) => ({
      database: 'all',
      user: 'all',
      network,
      why: 'clients connect from there',
    })),
  ]
  const unknown: readonly Finding[] = replication
    ? []
    : [
        {
          name: 'pg_hba.conf',
          found: '?',
          needed: `a line for ${spec.repuser} from the network of ${spec.replication.ip}`,
          why: 'standbys connect from there',
          state: 'lacks',
          change: undefined,
          restart: false,
          advice: `this node has no address in the network of ${spec.replication.ip}: name its prefix (cidr_netmask)`,
        },
      ]
  return [
    ...unknown,
    ...entries.map((entry): Finding => {
      const answer = letsIn(hba, entry)
      const line = entryLine(entry, authOf(version, spec.auth))
      return {
        name: 'pg_hba.conf',
        found: { yes: 'lets them in', no: 'no line', refused: 'refuses them' }[answer],
        needed: line.replace(/\s+/g, ' '),
        why: entry.why,
        state: answer === 'yes' ? 'ok' : 'lacks',
        change: answer === 'no' ? { kind: 'let in', line } : undefined,
        restart: false,
        advice: answer === 'refused' ? `take the line that refuses them out of ${hbaFile}` : undefined,
      }
    }),
  ]
}

const RECORDED = {
  max_connections: 'max_connections',
  max_worker_processes: 'max_worker_processes',
  max_wal_senders: 'max_wal_senders',
  max_prepared_transactions: 'max_prepared_transactions',
  max_locks_per_transaction: 'max_locks_per_transaction',
} as const

/** Names of the settings that the control file remembers. */
export const RECORDED_SETTINGS = Object.keys(RECORDED)

function recordedFinding({ recorded, configured }: InitFacts): readonly Finding[] {
  const lower = RECORDED_SETTINGS.filter((name) => {
    const [before, now] = [recorded[name], Number(configured[name])]
    return before !== undefined && now < before
  })
  if (lower.length === 0) return []
  return [
    {
      name: 'control file',
      found: lower.map((name) => `${name}=${recorded[name]}`).join(', '),
      needed: lower.map((name) => `${name}=${configured[name]}`).join(', '),
      why: 'PostgreSQL does not start as a standby with less than in its last run, and the cluster starts it as one',
      state: 'lacks',
      change: { kind: 'record' },
      restart: false,
      advice: undefined,
    },
  ]
}

function obstacles({ synchronous, startConf }: InitFacts): readonly Finding[] {
  const byHand = (name: string, found: string, needed: string, why: string, advice: string): Finding => ({
    ...{ name, found, needed, why, advice },
    state: 'lacks',
    change: undefined,
    restart: false,
  })
  return [
    ...(synchronous === undefined
      ? []
      : [
          byHand(
            'synchronous_standby_names',
            synchronous,
            'not set',
            'the agent sets it',
            `take it out (${synchronous}), or ALTER SYSTEM RESET synchronous_standby_names`,
          ),
        ]),
    ...(startConf?.word === 'auto'
      ? [
          byHand(
            'start.conf',
            'auto',
            'manual',
            'the cluster starts PostgreSQL, and nobody else may',
            `write manual into ${startConf.path}; systemctl disable --now postgresql`,
          ),
        ]
      : []),
  ]
}

/** Everything that was looked at, in the order in which it is shown. */
export function findNeeds(facts: InitFacts, spec: InitSpec): readonly Finding[] {
  return [
    ...settingsNeeded(facts, spec).map((need) => settingFinding(need, facts)),
    ...archiveFinding(facts, spec),
    ...accessFindings(facts, spec),
    ...recordedFinding(facts),
    ...obstacles(facts),
  ]
}

/** Settings that are looked at. */
export const LOOKED_AT = [
  'wal_level',
  'max_wal_senders',
  'hot_standby',
  'wal_log_hints',
  'full_page_writes',
  'max_replication_slots',
  'wal_keep_size',
  'wal_keep_segments',
  'listen_addresses',
  'archive_mode',
  'archive_command',
  'archive_library',
  ...RECORDED_SETTINGS,
] as const
