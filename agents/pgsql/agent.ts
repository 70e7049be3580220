/** ocf:ts:pgsql: one PostgreSQL server, alone or as a member of a streaming replication pair. */
import { type Context as AnyContext, defineAgent, type Values as AnyValues } from '../../lib/ocf'
import { VERSION } from '../../lib/version'
import { parameters } from './parameters'
import { validateConfiguration } from './validate-configuration'

export type Values = AnyValues<typeof parameters>
export type Context = AnyContext<typeof parameters>

export const agent = defineAgent({
  name: 'pgsql',
  version: VERSION,
  shortdesc: 'PostgreSQL, alone or with streaming replication',
  longdesc: `Runs a PostgreSQL server, of version 9.1 or newer. With rep_mode=sync or async, as a promotable clone with notify=true, it runs a primary and its hot standbys and promotes a standby when the primary fails. With sync the primary waits for one standby, takes another when that is lost, goes on alone when there is none, and waits again when one is back; only a standby that has every acknowledged commit is promoted. With async it waits for nobody, and the standby with the newest data is promoted. With rep_mode=slave it runs a standby of a server outside of its cluster.

The state of the replication is shown in node attributes; for a resource named pgsql: pgsql-status (PRI, HS:sync, HS:async, HS:potential, HS:connected, HS:alone, STOP, UNKNOWN), pgsql-data-status (LATEST, STREAMING|SYNC, STREAMING|POTENTIAL, DISCONNECT, ..., and where a standby has found out why it cannot follow, DISCONNECT|FORKED, DISCONNECT|WAL_REMOVED, DISCONNECT|OTHER_DATABASE, DISCONNECT|REFUSED), pgsql-master-baseline and pgsql-xlog-loc (positions in the WAL), pgsql-receiver-status with check_wal_receiver, pgsql-promotion and pgsql-epoch: the number of a node's own last promotion, and the latest promotion that it knows of (of two primaries that meet, the one that was promoted later stays), pgsql-refused: why a node with newer data than the new primary's is kept off, and pgsql-rejoin: how far a node is on its way back (see rejoin).

A node that was primary keeps the file PGSQL.lock in tmpdir: after a failover its data may hold what the others do not. When it is started again it is compared with the primary (see rejoin), and started only where nothing would be lost, or where rejoin says what is to be done then.`,
  parameters,
  explains: true,
  identity: ['pgdata'],
  actions: {
    start: { timeout: 60, load: async () => (await import('./start')).start },
    stop: { timeout: 60, load: async () => (await import('./stop')).stop },
    status: { timeout: 20, load: async () => (await import('./status')).status },
    monitor: {
      timeout: 30,
      recurring: [
        { interval: 7, depth: 0 },
        { interval: 2, depth: 0, role: 'Promoted' },
      ],
      load: async () => (await import('./monitor')).monitor,
    },
    promote: { timeout: 60, load: async () => (await import('./promote')).promote },
    demote: { timeout: 60, load: async () => (await import('./demote')).demote },
    notify: { timeout: 60, load: async () => (await import('./notify')).notify },
    // Bounded, as everything is: by the days that the largest database may take.
    rejoin: {
      timeout: 7 * 24 * 3600,
      internal: true,
      load: async () => (await import('./rejoin-worker')).rejoinWorker,
    },
    receive: {
      timeout: 60,
      internal: true,
      load: async () => (await import('./receive-again')).receive,
    },
    'validate-all': { timeout: 20, load: async () => (await import('./validate-all')).validateAll },
    'reload-agent': { timeout: 20, load: async () => (await import('./reload-agent')).reloadAgent },
  },
  validate: validateConfiguration,
})
