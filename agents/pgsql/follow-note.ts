import { optional, readState, record, text, whole } from '../../lib/system/state-file'
import { type FollowNote } from './decide-follow'
import { type Site } from './site'

/** A position, or what PostgreSQL says in its place. */
const position = text({ max: 64 })

const followNote = record({
  primary: text({ max: 255 }),
  received: optional(position),
  replayed: optional(position),
  failed: optional(whole(0, 1000)),
})

/** What the last monitor saw of a standby that did not receive; what cannot be understood counts as nothing. */
export function readFollowNote({
  instance,
  files,
}: Pick<Site, 'instance' | 'files'>): FollowNote | undefined {
  const note = readState(instance.owner, files.follow, followNote)
  return note && { ...note, received: note.received, replayed: note.replayed }
}
