import { readOwned } from '../../lib/system/owned-files'
import { type FollowNote } from './decide-follow'
import { type Site } from './site'

/** What the last monitor saw of a standby that did not receive; what cannot be understood counts as nothing. */
export function readFollowNote({
  instance,
  files,
}: Pick<Site, 'instance' | 'files'>): FollowNote | undefined {
  const text = readOwned(instance.owner, files.follow)
  if (text === undefined) return undefined
  try {
    const note = JSON.parse(text) as Partial<FollowNote> | null
    return typeof note?.primary === 'string'
      ? {
          primary: note.primary,
          received: note.received,
          replayed: note.replayed,
          ...(typeof note.failed === 'number' && { failed: note.failed }),
        }
      : undefined
  } catch {
    return undefined
  }
}
