import { carryOut, ExitCode, messageOf, type Plan } from '../../lib/ocf'
import { findServer } from '../../lib/postgres/server-state'
import { removeStalePidFile, stopServer } from '../../lib/postgres/stop-server'
import { writeOwned } from '../../lib/system/owned-files'
import { type Context } from './agent'
import { SCORE } from './names'
import { type Publication, tryPublish } from './publish'
import { dataDirectoryOf } from './data-directory'
import { isReplicated, readSite, type Site } from './site'
import { repModeText } from './steps'

type StopStep = 'stop' | 'publish stopped'

const DESCRIPTIONS: Record<StopStep, string> = {
  stop: 'stop PostgreSQL: fast, then immediate, at last by killing its processes',
  'publish stopped': 'say in the node attributes that this node is stopped and may not be promoted',
}

/** What is known of the site; nothing where not even that can be found out, which must not keep a server from stopping. */
async function siteIfPossible(context: Context): Promise<Site | undefined> {
  try {
    return await readSite(context)
  } catch (error) {
    context.log.warning(messageOf(error))
    return undefined
  }
}

/** Removes what would mislead the next start. That it can fail - the disk may be gone - is no failure to stop. */
function tidyUp(site: Site, { log }: Context): void {
  const { instance, files } = site
  try {
    removeStalePidFile(instance.owner, instance.dataDirectory)
    if (isReplicated(site)) writeOwned(instance.owner, files.repMode, repModeText(''))
  } catch (error) {
    log.warning(`could not tidy up after PostgreSQL: ${messageOf(error)}`)
  }
}

/**
 * Stops the server. It succeeds whenever the server does not run afterwards, with a wrong configuration, without a
 * configuration file, without a data directory.
 */
export async function stop(context: Context): Promise<ExitCode> {
  const { values, deadline, log } = context
  const dataDirectory = dataDirectoryOf(values)
  const server = findServer(dataDirectory)
  const site = await siteIfPossible(context)
  const replicated = site !== undefined && isReplicated(site)
  const barred: Publication = {
    ...(replicated && { score: SCORE.never, position: null, baseline: null }),
    // What a primary says of commits that wait.
    ...(values.sync_policy === 'strict' && { waiting: null }),
    ...(values.check_wal_receiver && { receiver: null }),
  }
  const status = (text: string): Publication => (replicated ? { status: text } : {})
  const plan: Plan<StopStep> = {
    exit: ExitCode.SUCCESS,
    steps: [
      ...(server.kind === 'stopped' ? [] : ['stop' as const]),
      ...(replicated || values.check_wal_receiver ? ['publish stopped' as const] : []),
    ],
  }
  return carryOut(context, { server, site }, plan, {
    describe: (step) => DESCRIPTIONS[step],
    perform: async () => {
      const say = (publication: Publication): Promise<void> =>
        site ? tryPublish(site, site.node, publication, log) : Promise.resolve()
      const running = server.kind !== 'stopped'
      // That a server which is about to stop may not be promoted can be written while it does.
      const barring = running ? say(barred) : Promise.resolve()
      try {
        // With replication a primary has been demoted, and thereby stopped, before: what still runs is a standby.
        const escalateSeconds = replicated ? values.stop_escalate_in_slave : values.stop_escalate
        const method = await stopServer(dataDirectory, { escalateSeconds, deadline, log })
        if (running) log.info(`PostgreSQL has stopped (${method})`)
      } catch (error) {
        await barring
        await say(status('UNKNOWN'))
        throw error
      }
      await barring
      if (site) tidyUp(site, context)
      await say({ ...status('STOP'), ...(running ? {} : barred) })
    },
  })
}
