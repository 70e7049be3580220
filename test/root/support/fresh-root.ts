/** Fresh systems to install packages on: a minimal Debian of each release, kept on disk, that each use lays a layer over. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** What debootstrap calls Debian 12 and 13. */
export type Suite = 'bookworm' | 'trixie'

const rootOf = (suite: Suite): string => `/var/cache/ocf-ts/roots/${suite}-minbase`

/** Whether the file system is there already: to make it takes a minute, and the archive of Debian. */
export const isRootMade = (suite: Suite): boolean => existsSync(rootOf(suite))

/** Makes the file system, unless it is there. */
export function makeRoot(suite: Suite): void {
  run('bash', [join(__dirname, 'make-root.sh'), rootOf(suite), suite], 10 * 60_000)
}

function run(program: string, args: readonly string[], timeout: number): string {
  const { status, signal, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout })
  if (status === 0) return stdout
  throw new Error(`${program}: ${String(status ?? signal)}\n${stdout}${stderr}`)
}

/**
 * Runs commands of bash as root of a system that nothing has been done to, and that is gone afterwards; what they
 * print. `packages` is /packages there.
 *
 * @throws Error with all that was printed where one of them fails
 */
export function onFreshRoot(suite: Suite, packages: string, commands: string): string {
  const prepare = `
    over=$(mktemp -d)
    mount -t tmpfs none "$over"
    mkdir "$over/upper" "$over/work" "$over/root"
    mount -t overlay overlay -o "lowerdir=$0,upperdir=$over/upper,workdir=$over/work" "$over/root"
    mkdir "$over/root/packages"
    mount --bind "$1" "$over/root/packages"
    mount -t proc proc "$over/root/proc"
    # What stays open is the namespace's own: nothing of it is left in /tmp.
    cd "$over/root"
    exec chroot . env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \\
      DEBIAN_FRONTEND=noninteractive bash -euo pipefail -c "$2"`
  return run(
    'unshare',
    [
      '--mount',
      '--pid',
      '--fork',
      '--kill-child',
      'bash',
      '-euo',
      'pipefail',
      '-c',
      prepare,
      rootOf(suite),
      packages,
      commands,
    ],
    120_000,
  )
}
