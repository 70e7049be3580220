/** The interface that start has chosen by a route, for monitor and stop: by then there may be another route. */
import { dirname } from 'node:path'
import { ROOT } from '../../lib/system/held-directory'
import { makeDirectory, readOwned, removeOwned, writeOwned } from '../../lib/system/owned-files'
import { STATE_BYTES } from '../../lib/system/regular-file'
import { type Values } from './agent'
import { chosenNoteOf } from './state-files'

export function noteChosen(values: Values, name: string): void {
  const note = chosenNoteOf(values)
  makeDirectory(ROOT, dirname(note), 0o755)
  writeOwned(ROOT, note, `${name}\n`)
}

/** What was noted. A note that is missing, or cannot be read, says nothing: then the route does. */
export function readChosen(values: Values): string | undefined {
  try {
    const text = readOwned(ROOT, chosenNoteOf(values), { limit: STATE_BYTES })
    return /^[^\s/:]{1,15}$/.exec(text?.trim() ?? '')?.[0]
  } catch {
    return undefined
  }
}

export function forgetChosen(values: Values): void {
  removeOwned(ROOT, chosenNoteOf(values))
}
