import { readOwned } from '../../lib/system/owned-files'
import { type Site } from './site'
import { type ElectionNote } from './steps'

function isNote(value: unknown): value is ElectionNote {
  const { positions, seen } = (value ?? {}) as Partial<Record<keyof ElectionNote, unknown>>
  return (
    typeof seen === 'number' &&
    typeof positions === 'object' &&
    positions !== null &&
    Object.values(positions).every((position) => typeof position === 'string')
  )
}

/** What earlier monitors noted; a note that cannot be understood counts as none, and the election starts afresh. */
export function readElectionNote({ instance, files }: Site): ElectionNote | undefined {
  const text = readOwned(instance.owner, files.election)
  if (text === undefined) return undefined
  try {
    const note: unknown = JSON.parse(text)
    return isNote(note) ? note : undefined
  } catch {
    return undefined
  }
}
