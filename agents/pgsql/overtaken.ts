/** Observes what decide-overtaken.ts decides on. Loaded only by a monitor of a standby that finds a primary. */
import { findNode, takeSnapshot } from '../../lib/cluster/snapshot'
import { type ExitCode } from '../../lib/ocf'
import { historyFile } from '../../lib/postgres/timeline-history'
import { statOwned } from '../../lib/system/owned-files'
import { type Context } from './agent'
import { decideOvertaken } from './decide-overtaken'
import { isLatest, readOwn } from './promotions'
import { type ReplicatedSite } from './site'

export async function answerOvertaken(
  { deadline, log }: Context,
  site: ReplicatedSite,
  timeline: number | undefined,
  exit: ExitCode,
): Promise<ExitCode> {
  const { instance, node, resource, attributes } = site
  const snapshot = await takeSnapshot(deadline)
  const began = timeline && statOwned(instance.owner, historyFile(instance, timeline))?.mtimeMs
  const answer = decideOvertaken({
    exit,
    latest: isLatest(snapshot, node, resource),
    promotedTo: readOwn(findNode(snapshot, node)?.permanent[attributes.promotion])?.timeline,
    timeline,
    age: began ? (Date.now() - began) / 1000 : undefined,
  })
  if (answer !== exit) {
    log.info(
      'the cluster asked for a monitor of the standby before it knew that this node was promoted: it is answered as one of the standby',
    )
  }
  return answer
}
