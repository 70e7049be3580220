/** Servers of any version that follow each other, as the agent has them do it, with no cluster around them. */
import { join } from 'node:path'
import { Deadline } from '../../../lib/ocf'
import { connect, type Connection } from '../../../lib/postgres/connection'
import { type Instance } from '../../../lib/postgres/instance'
import { type RecoverySettings, recoverySettingsText } from '../../../lib/postgres/recovery-settings'
import { until } from '../../cluster/lab/wait'
import { PlainServer } from '../../security/support/plain-server'

export function instanceOf({ data, directory, programs }: PlainServer): Instance {
  return {
    dataDirectory: data,
    owner: PlainServer.owner,
    pgctl: programs.path('pg_ctl'),
    configFile: join(data, 'postgresql.conf'),
    logFile: join(directory, 'log'),
    startOptions: '',
    ctlOptions: [],
    host: '',
    port: 5432,
    socketDirectory: directory,
    libraries: programs.libraries,
  }
}

/** Runs `work` with a session such as the agent's. */
export async function within<T>(
  server: PlainServer,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const login = { user: 'postgres', database: 'postgres' }
  const connection = await connect(instanceOf(server), undefined, login, new Deadline(30_000))
  try {
    return await work(connection)
  } finally {
    connection.close()
  }
}

/** Has a server follow another one from its next start on. */
export function follow(
  server: PlainServer,
  upstream: PlainServer,
  { node, slot, ...more }: Pick<RecoverySettings, 'slot' | 'slotDatabase'> & { readonly node: string },
): void {
  const { version } = server.programs
  const settings: RecoverySettings = {
    primaryHost: upstream.directory,
    primaryPort: 5432,
    user: 'postgres',
    applicationName: node,
    conninfoOptions: '',
    slot,
    restoreCommand: '',
    archiveCleanupCommand: '',
    recoveryEndCommand: '',
    ...more,
  }
  const text = recoverySettingsText(settings, version)
  if (version >= 12) {
    server.configure(...text.trim().split('\n'), "wal_retrieve_retry_interval = '100ms'")
    server.write('standby.signal', '')
  } else {
    server.write('recovery.conf', text)
  }
}

/** Waits until a standby has replayed what its primary has by now. */
export async function caughtUp(server: PlainServer, upstream: PlainServer): Promise<void> {
  const end = upstream.sql('select pg_current_wal_flush_lsn()')
  await until('it has replayed all', () => server.sql(`select pg_last_wal_replay_lsn() >= '${end}'`) === 't')
}

/** Makes a standby the primary. */
export function promote({ programs, data }: PlainServer): void {
  programs.run('pg_ctl', 'promote', '-w', '-s', '-D', data)
}
