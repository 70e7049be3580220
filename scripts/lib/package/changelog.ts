/** CHANGELOG.md, and what Debian and rpm make of it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from '../../build/repository'
import { MAINTAINER, NAME } from './facts'

export interface Release {
  readonly version: string
  /** As 2026-11-30. */
  readonly date: string
  readonly changes: readonly string[]
}

/** The releases of a changelog, the newest first: `## VERSION (DATE)`, and below it a list. */
export function readReleases(markdown: string): readonly Release[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const [, version, date] = /^(\d+(?:\.\d+)+) \((\d{4}-\d\d-\d\d)\)\n/.exec(part) ?? []
      const changes = [...part.matchAll(/^- (.+(?:\n {2}.+)*)/gm)].map(([, text = '']) =>
        text.replace(/\n +/g, ' ').replaceAll('`', ''),
      )
      if (version === undefined || date === undefined || changes.length === 0) {
        throw new Error(
          `CHANGELOG.md: '${part.split('\n')[0] ?? ''}' is no '## VERSION (DATE)' with a list below it`,
        )
      }
      return { version, date, changes }
    })
}

/** The releases of this project. */
export function releases(): readonly Release[] {
  return readReleases(readFileSync(join(REPOSITORY, 'CHANGELOG.md'), 'utf8'))
}

/** A release's time, in seconds since 1970: noon of its day. */
export const timeOf = ({ date }: Release): number => Date.parse(`${date}T12:00:00Z`) / 1000

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function dayOf(release: Release): { weekday: string; day: string; month: string; year: number } {
  const at = new Date(timeOf(release) * 1000)
  return {
    weekday: DAYS[at.getUTCDay()] ?? '',
    day: String(at.getUTCDate()).padStart(2, '0'),
    month: MONTHS[at.getUTCMonth()] ?? '',
    year: at.getUTCFullYear(),
  }
}

/** A change as an item of a list, in lines of at most 78 characters. */
function item(mark: string, text: string): string {
  const lines: string[] = []
  let line = mark
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > 78) {
      lines.push(line)
      line = `${' '.repeat(mark.length)} ${word}`
    } else line = `${line} ${word}`
  }
  return [...lines, line].join('\n')
}

/** The changelog of a Debian package (Debian Policy, 4.4). */
export function debianChangelog(all: readonly Release[]): string {
  return all
    .map((release) => {
      const { weekday, day, month, year } = dayOf(release)
      const items = release.changes.map((change) => item('  *', change)).join('\n')
      return `${NAME} (${release.version}) unstable; urgency=medium\n\n${items}\n\n -- ${MAINTAINER}  ${weekday}, ${day} ${month} ${year} 12:00:00 +0000\n`
    })
    .join('\n')
}

/** The entries of %changelog in a spec. */
export function rpmChangelog(all: readonly Release[]): string {
  return all
    .map((release) => {
      const { weekday, day, month, year } = dayOf(release)
      const items = release.changes.map((change) => item('-', change).replaceAll('%', '%%')).join('\n')
      return `* ${weekday} ${month} ${day} ${year} ${MAINTAINER} - ${release.version}-1\n${items}\n`
    })
    .join('\n')
}
