/** The Debian package. */
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { mustRun } from '../../../test/cluster/lab/command'
import { type Entry } from './content'
import { DESCRIPTION, MAINTAINER, NAME, OLDEST_NODE, SUMMARY } from './facts'
import { stage } from './stage'
import { debPrerm } from './removal'

/**
 * Any PostgreSQL will do that is there already: a recommendation of the newest alone would install a second server
 * beside it.
 */
const POSTGRES = ['postgresql', ...[18, 17, 16, 15, 14, 13, 12, 11, 10].map((major) => `postgresql-${major}`)]

const RECOMMENDED = ['pacemaker', 'crmsh | pcs', POSTGRES.join(' | '), 'fping', 'iproute2', 'openssh-client']

/** Lines of at most 78 characters that begin with a blank. */
function wrapped(text: string): string {
  return text.replace(/(.{1,76})(?: +|$)/g, ' $1\n').trimEnd()
}

function control(version: string, entries: readonly Entry[]): string {
  const bytes = entries.reduce((sum, entry) => sum + ('link' in entry ? 0 : entry.contents.length), 0)
  return `Package: ${NAME}
Version: ${version}
Architecture: all
Maintainer: ${MAINTAINER}
Installed-Size: ${Math.ceil(bytes / 1024)}
Depends: nodejs (>= ${OLDEST_NODE})
Recommends: ${RECOMMENDED.join(', ')}
Suggests: heartbeat, nftables
Section: admin
Priority: optional
Description: ${SUMMARY}
${DESCRIPTION.map(wrapped).join('\n .\n')}
`
}

function checksums(entries: readonly Entry[]): string {
  return entries
    .flatMap((entry) =>
      'link' in entry
        ? []
        : [`${createHash('md5').update(entry.contents).digest('hex')}  ${entry.path.slice(1)}\n`],
    )
    .join('')
}

export interface PackageRequest {
  readonly version: string
  readonly entries: readonly Entry[]
  /** What everything is dated, in seconds since 1970. */
  readonly time: number
  /** An empty directory for the work. */
  readonly workshop: string
  /** Where the package goes. */
  readonly output: string
}

/** Makes the package; returns its path. */
export async function makeDeb({ version, entries, time, workshop, output }: PackageRequest): Promise<string> {
  const root = join(workshop, 'deb')
  const script = (name: string, contents: string): Entry => ({
    path: `/DEBIAN/${name}`,
    mode: 0o755,
    contents,
  })
  const data = (name: string, contents: string): Entry => ({ path: `/DEBIAN/${name}`, mode: 0o644, contents })
  stage(
    root,
    [
      ...entries,
      data('control', control(version, entries)),
      data('md5sums', checksums(entries)),
      script('prerm', debPrerm()),
    ],
    time,
  )
  mkdirSync(output, { recursive: true })
  const path = join(output, `${NAME}_${version}_all.deb`)
  await mustRun(['dpkg-deb', '--root-owner-group', '-Zxz', '--build', root, path], {
    env: { PATH: process.env['PATH'] ?? '', SOURCE_DATE_EPOCH: String(time) },
  })
  return path
}
