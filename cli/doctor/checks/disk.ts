/** Is there room left? */
import { type Check, type Trouble } from '../finding'
import { knownNodes } from '../examination'
import { type DiskFacts } from '../facts'

const GB = 2 ** 30
/** Below both of them: on a large disk a small part is much, on a small one a few gigabytes are all there is. */
const LIMITS = [
  { severity: 'error', part: 0.05, bytes: 2 * GB },
  { severity: 'warning', part: 0.1, bytes: 10 * GB },
] as const

const megabytes = (bytes: number): string =>
  bytes >= GB ? `${(bytes / GB).toFixed(1)} GB` : `${Math.round(bytes / 2 ** 20)} MB`

function judge({ freeBytes, totalBytes, freeFiles }: DiskFacts): 'error' | 'warning' | undefined {
  if (freeFiles === 0) return 'error'
  return LIMITS.find(({ part, bytes }) => freeBytes < totalBytes * part && freeBytes < bytes)?.severity
}

/** What to look at first. */
function adviceFor(holds: string): string {
  if (holds.includes('WAL')) {
    return 'find what keeps WAL (slots: pg_replication_slots, a failing archive_command: pg_stat_archiver), or enlarge the disk; delete nothing in pg_wal by hand'
  }
  if (holds.includes('archive'))
    return 'remove WAL that no backup needs (pg_archivecleanup), or enlarge the disk'
  if (holds.includes('log')) return 'remove or rotate logs, or enlarge the disk'
  return 'make room, or enlarge the disk'
}

const room: Check = {
  id: 'disk-full',
  theme: 'disk',
  wellWhen: 'there is room for data, WAL, archive, logs and the state of the cluster',
  examine: (examination) =>
    knownNodes(examination).flatMap(({ name, facts }) =>
      facts.disks.flatMap((disk): readonly Trouble[] => {
        const severity = judge(disk)
        if (severity === undefined) return []
        const { mount, holds, freeBytes, totalBytes, freeFiles } = disk
        const left = ((100 * freeBytes) / totalBytes).toFixed(0)
        return [
          {
            severity,
            node: name,
            finding:
              freeFiles === 0
                ? `no more files can be made on ${mount} of ${name}, which holds ${holds}`
                : `${mount} of ${name}, which holds ${holds}, is nearly full`,
            evidence: [`${megabytes(freeBytes)} of ${megabytes(totalBytes)} free (${left} %)`],
            advice: adviceFor(holds),
          },
        ]
      }),
    ),
}

export const disk: readonly Check[] = [room]
