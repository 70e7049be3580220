/** What the internal command `watch-primary` does: tells, as it happens, whether this node serves. */
import { networkInterfaces } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { agent } from '../../agents/pgsql/agent'
import { withSession } from '../../agents/pgsql/session'
import { readSite, readSiteVersion } from '../../agents/pgsql/site'
import { resourceEnvironment } from '../../lib/cluster/resource-environment'
import { Deadline, messageOf } from '../../lib/ocf'
import { readVariables } from '../../lib/ocf/dispatch'
import { readEnvironment } from '../../lib/ocf/environment'
import { type Connection } from '../../lib/postgres/connection'
import { findServer } from '../../lib/postgres/server-state'

/** One line of JSON, when something has changed; the first at once. */
export interface WatchLine {
  readonly writes: boolean
  readonly addresses: boolean
  /** How long ago it became so, in milliseconds. */
  readonly agoMs: number
}

const TICK_MS = 20
/** A commit that takes longer is one that does not come back, as far as a client can tell. */
const STALL_MS = 250
/** Whoever has forgotten to end it. */
const LONGEST_MS = 3600_000

/**
 * A commit as any other: it is written, and waited for where commits wait for standbys; and it leaves nothing but an
 * empty message in the WAL (PostgreSQL manual, "Replication Management Functions"; version 9.6 and newer).
 */
const COMMIT = `select case when pg_is_in_recovery() then null
                            else pg_logical_emit_message(true, 'ocf-ts', '')::text end as written`
const IS_PRIMARY = `select case when pg_is_in_recovery() then null else '' end as written`

function hasAddresses(wanted: readonly string[]): boolean {
  const present = Object.values(networkInterfaces()).flatMap(
    (all) => all?.map(({ address }) => address) ?? [],
  )
  return wanted.every((ip) => present.includes(ip))
}

/**
 * Runs until standard input ends.
 *
 * @param resource - the primitive's id
 * @param addresses - those of the primary
 * @param tell - is given each line
 */
export async function watchServer(
  resource: string,
  addresses: readonly string[],
  tell: (line: WatchLine) => void,
): Promise<void> {
  const deadline = new Deadline(LONGEST_MS)
  const variables = await resourceEnvironment(resource)
  const env = readEnvironment(variables, agent.name)
  const { values } = readVariables(agent, variables, env)
  const site = await readSite({ values, env, deadline })
  const sql = readSiteVersion(site) >= 9.6 ? COMMIT : IS_PRIMARY
  const state = { ended: false, writes: false, addresses: hasAddresses(addresses), told: '' }
  const end = (): void => {
    state.ended = true
  }
  process.stdin.once('end', end).once('close', end)
  process.stdin.on('error', end).resume()

  const say = (agoMs: number): void => {
    const now = `${state.writes} ${state.addresses}`
    if (now === state.told) return
    state.told = now
    tell({ writes: state.writes, addresses: state.addresses, agoMs: Math.round(agoMs) })
  }
  let lastWritten = performance.now()
  const fails = (): void => {
    state.writes = false
    say(performance.now() - lastWritten)
  }
  const watchAddresses = setInterval(() => {
    state.addresses = hasAddresses(addresses)
    if (!state.ended) say(0)
  }, TICK_MS)

  const commit = async (connection: Connection): Promise<void> => {
    const stall = setTimeout(fails, STALL_MS)
    try {
      const [row] = await connection.rows<{ written: string | null }>(sql)
      if (typeof row?.written === 'string') {
        lastWritten = performance.now()
        state.writes = true
        say(0)
      } else if (state.writes) {
        fails()
      }
    } finally {
      clearTimeout(stall)
    }
  }
  say(0)
  while (!state.ended && !deadline.passed) {
    const server = findServer(site.instance)
    if (server.kind === 'running') {
      const handle = { pid: server.postmaster.pid, pidFile: server.pidFile, patience: deadline.within(0) }
      try {
        await withSession(site, values, handle, deadline, async (connection) => {
          while (!state.ended) {
            await commit(connection)
            await sleep(TICK_MS)
          }
        })
      } catch (error) {
        if (error instanceof TypeError) throw new Error(messageOf(error), { cause: error })
      }
    }
    if (state.writes) fails()
    await sleep(TICK_MS)
  }
  clearInterval(watchAddresses)
}
