/** The packages that scripts/package makes, and one of a version before. */
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { REPOSITORY } from '../../unit/support/built-agents'

export interface Packages {
  readonly deb: string
  readonly rpm: string
}

export function must(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env })
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${String(status)}\n${stdout}${stderr}`)
  return stdout
}

/** Makes both packages in a directory. */
export function makePackages(directory: string, env: NodeJS.ProcessEnv = {}): Packages {
  must(process.execPath, ['--import', 'tsx', join(REPOSITORY, 'scripts/package.ts'), '--output', directory], {
    ...process.env,
    ...env,
  })
  const files = readdirSync(directory)
  const named = (end: string): string => join(directory, files.find((name) => name.endsWith(end)) ?? end)
  return { deb: named('.deb'), rpm: named('.rpm') }
}

/** The version of the older package. */
export const OLDER = '0.0.9'

/** Makes a Debian package of an older version of another one: its programs say that version, too. */
export function makeOlderDeb(deb: string, directory: string): string {
  const older = join(directory, `ocf-ts_${OLDER}_all.deb`)
  const script = `
    files=$(mktemp -d)
    trap 'rm -rf -- "$files"' EXIT
    dpkg-deb --raw-extract "$1" "$files/package"
    cd "$files/package"
    sed -i 's/^Version: .*/Version: ${OLDER}/' DEBIAN/control
    for program in usr/lib/ocf/resource.d/ts/* usr/sbin/ocf-ts; do
      sed -i '2s/ocf-ts [0-9.]*/ocf-ts ${OLDER}/' "$program"
    done
    find etc usr -type f -exec md5sum {} + >DEBIAN/md5sums
    dpkg-deb --root-owner-group --build . "$2"`
  must('bash', ['-euo', 'pipefail', '-c', script, 'bash', deb, older])
  return older
}
