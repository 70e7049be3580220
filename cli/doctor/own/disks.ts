/** The room that is left where the cluster and its databases write. */
import { realpathSync } from 'node:fs'
import { findMount, roomFor } from '../../../lib/system/file-system'
import { type DiskFacts } from '../facts'

const ROOT = { name: 'root', uid: 0, gid: 0 } as const

export interface Place {
  readonly path: string
  readonly holds: string
}

/** One for each file system and use; a place that is not there is left out. */
export function examineDisks(places: readonly Place[]): readonly DiskFacts[] {
  const disks = new Map<string, DiskFacts>()
  for (const { path, holds } of places) {
    try {
      const real = realpathSync(path)
      const { freeBytes, totalBytes, freeFiles } = roomFor(ROOT, real)
      const mount = findMount(ROOT, real)?.point ?? real
      const known = disks.get(mount)
      disks.set(mount, {
        path: known?.path ?? path,
        holds: known === undefined ? holds : [...new Set([...known.holds.split(', '), holds])].join(', '),
        mount,
        freeBytes,
        totalBytes,
        freeFiles: freeFiles ?? null,
      })
    } catch {
      // That it is not there is for others to say.
    }
  }
  return [...disks.values()]
}
