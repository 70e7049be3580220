import { dictionary, readState, record, text, whole } from '../../lib/system/state-file'
import { type Site } from './site'
import { type ElectionNote } from './steps'

/** More than a cluster has. */
const NODES_MAX = 100

const electionNote = record({
  positions: dictionary(text({ max: 64 }), NODES_MAX),
  seen: whole(0, 1_000_000),
})

/** What earlier monitors noted; a note that cannot be understood counts as none, and the election starts afresh. */
export function readElectionNote({ instance, files }: Site): ElectionNote | undefined {
  return readState(instance.owner, files.election, electionNote)
}
