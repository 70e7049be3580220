import { ExitCode, OcfError } from '../../lib/ocf'
import { findServerSettled, type ServerState } from '../../lib/postgres/server-state'
import { type Context } from './agent'
import { serverPlaceOf } from './data-directory'
import { noteServer } from './server-note'

/** It is no server that runs, but the recovery that pg_rewind needs. */
async function recoversForRejoin(context: Context, server: ServerState): Promise<boolean> {
  const { readSite } = await import('./site')
  const { isPartOfRejoin, readRejoin } = await import('./rejoin-note')
  return isPartOfRejoin(readRejoin(await readSite(context)), server)
}

/**
 * Whether the server runs, in which role, and - with replication - what follows from it for the cluster: the primary
 * looks after its standbys, a standby without a primary takes part in an election.
 *
 * Where nothing runs - on most nodes that is what a probe finds - nothing more is loaded to say so.
 */
export async function monitor(context: Context): Promise<ExitCode> {
  const { values, env, problems, deadline, log, explain } = context
  const found = await findServerSettled(await serverPlaceOf(values, deadline), deadline)
  if (found.kind === 'stopped') {
    explain?.observed({ server: found })
    if (found.stalePidFile !== undefined) log.info(`PostgreSQL is not running: ${found.stalePidFile}`)
    if (!context.probe) await (await import('./monitor-trouble')).blameDisk(context)
    else if (!explain) await (await import('./tell-epoch')).tellEpoch(context)
    return ExitCode.NOT_RUNNING
  }
  if (found.kind === 'running' && found.pidFile?.standalone && (await recoversForRejoin(context, found))) {
    explain?.observed({ server: found })
    return ExitCode.NOT_RUNNING
  }
  if (found.kind === 'orphaned') {
    throw new OcfError(
      ExitCode.ERR_GENERIC,
      `the postmaster is gone, but ${found.processes.length} processes of it still run: stop the resource to end them`,
      { detail: `processes ${found.processes.map(({ pid }) => pid).join(', ')}` },
    )
  }
  const [problem] = problems
  if (problem) throw new OcfError(problem.code ?? ExitCode.ERR_CONFIGURED, problem.reason)

  const { pid } = found.postmaster
  if (!explain) noteServer(env.resource, pid)
  const { monitorServer } = await import('./monitor-server')
  return monitorServer(context, { pid, pidFile: found.pidFile })
}
