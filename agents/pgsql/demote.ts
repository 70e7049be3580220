import { carryOut, namedSteps, type ExitCode } from '../../lib/ocf'
import { findProcess } from '../../lib/system/processes'
import { findServer, type ServerState } from '../../lib/postgres/server-state'
import { readRole } from '../../lib/postgres/replication'
import { stopServer, type StopMethod } from '../../lib/postgres/stop-server'
import { removeOwned } from '../../lib/system/owned-files'
import { sameNode } from '../../lib/cluster/snapshot'
import { type Context } from './agent'
import { decideDemote, type DemoteFacts, type DemoteStep } from './decide-demote'
import { SCORE } from './names'
import { publish, tryPublish } from './publish'
import { withSession } from './session'
import { readReplicatedSite, readSiteVersion, type Site } from './site'
import { startStandby } from './start-standby'

/** A server that hangs must not keep its demotion waiting: after this long it counts as a primary that has to go. */
const ANSWER_MS = 5000

const DESCRIPTIONS: Record<DemoteStep, string> = {
  'publish demoted': 'say in the node attributes that this node may not be promoted',
  stop: 'stop PostgreSQL',
  'remove lock': 'remove the lock file: no standby was there that could have gone on without this node',
  'publish stopped': 'say in the node attributes that this node is stopped and may not be promoted',
  'start as standby': 'start PostgreSQL as a standby, where the shutdown was a clean one',
}

async function isStandby(context: Context, site: Site, server: ServerState): Promise<boolean> {
  if (server.kind !== 'running' || findProcess(server.postmaster.pid)?.state === 'T') return false
  const { values, deadline, log } = context
  const { pid } = server.postmaster
  try {
    const version = readSiteVersion(site)
    return await withSession(
      site,
      values,
      { pid, pidFile: server.pidFile },
      deadline.within(ANSWER_MS),
      async (connection) => (await readRole(connection, version)).inRecovery,
    )
  } catch (error) {
    log.warning(`PostgreSQL is stopped without asking it for its role: ${String(error)}`)
    return false
  }
}

async function observe(context: Context, site: Site): Promise<DemoteFacts> {
  const { members } = context.env
  const server = findServer(site.instance.dataDirectory)
  const isHere = (nodes: readonly string[]): boolean => nodes.some((node) => sameNode(node, site.node))
  return {
    server: server.kind,
    standby: await isStandby(context, site, server),
    stopsNext: isHere(members.stopping) && !isHere(members.starting),
    wasAlone: members.known && members.unpromoted.length === 0,
  }
}

/** Ends the primary role: the server stops, and unless the cluster is going to stop it anyway, it comes back as a standby. */
export async function demote(context: Context): Promise<ExitCode> {
  const { values, deadline, log } = context
  const site = await readReplicatedSite(context)
  const facts = await observe(context, site)
  const { dataDirectory, owner } = site.instance
  let method: StopMethod = 'already stopped'
  const perform: Record<DemoteStep, () => Promise<void>> = {
    'publish demoted': () => tryPublish(site, site.node, { score: SCORE.never, baseline: null }, log),
    stop: async () => {
      try {
        method = await stopServer(dataDirectory, { escalateSeconds: values.stop_escalate, deadline, log })
      } catch (error) {
        await tryPublish(site, site.node, { status: 'UNKNOWN' }, log)
        throw error
      }
      log.info(`PostgreSQL has stopped (${method})`)
    },
    'remove lock': () => {
      removeOwned(owner, site.files.lock)
      return Promise.resolve()
    },
    'publish stopped': () =>
      tryPublish(site, site.node, { status: 'STOP', score: SCORE.never, baseline: null }, log),
    'start as standby': async () => {
      // After any other shutdown the data may not fit the new primary's: the lock file decides at the next start.
      if (method !== 'fast') return
      await startStandby(context, site, readSiteVersion(site))
      await publish(site, site.node, { status: 'HS:alone' })
    },
  }
  return carryOut(context, facts, decideDemote(facts), namedSteps(DESCRIPTIONS, perform))
}
