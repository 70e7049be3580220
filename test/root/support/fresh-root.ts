/** Fresh systems to install packages on: a minimal Debian of each release, kept on disk, that each use lays a layer over. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** What debootstrap calls Debian 12 and 13. */
export type Suite = 'bookworm' | 'trixie'

/** `minbase`: with Node.js, and nothing that is not needed for it; `machine`: what Debian's installer begins with. */
export type RootKind = 'minbase' | 'machine'

/** Where it is kept. */
export const rootOf = (suite: Suite, kind: RootKind = 'minbase'): string =>
  `/var/cache/ocf-ts/roots/${suite}-${kind}`

/** Whether the file system is there already: to make it takes a minute, and the archive of Debian. */
export const isRootMade = (suite: Suite): boolean => existsSync(rootOf(suite))

/** Makes the file system, unless it is there; returns its directory. */
export function makeRoot(suite: Suite, kind: RootKind = 'minbase'): string {
  run('bash', [join(__dirname, 'make-root.sh'), rootOf(suite, kind), suite, kind], 10 * 60_000)
  return rootOf(suite, kind)
}

function run(program: string, args: readonly string[], timeout: number): string {
  const { status, signal, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout })
  if (status === 0) return stdout
  throw new Error(`${program}: ${String(status ?? signal)}\n${stdout}${stderr}`)
}

/**
 * Runs commands of bash as root of a system that nothing has been done to, and that is gone afterwards, with all that it
 * runs; what they print. `files` is /packages there.
 *
 * @param options - `network`: what the commands install from the network reaches it as this machine does
 * @throws Error with all that was printed where one of them fails
 */
export function onFreshRoot(
  suite: Suite,
  files: string,
  commands: string,
  { network = false, timeoutMs = 120_000 } = {},
): string {
  // A root of its own, and no chroot: programs that enter a namespace of the cluster in it find it there, too.
  const prepare = `
    mount -t tmpfs none /mnt
    mkdir /mnt/upper /mnt/work /mnt/root
    mount -t overlay overlay -o "lowerdir=$0,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
    cd /mnt/root
    mkdir packages machine
    mount --bind "$1" packages
    mount -t proc proc proc
    mount --rbind /sys sys
    mount --rbind /dev dev
    for own in run tmp var/tmp; do mount -t tmpfs none $own; done
    more=
    if [[ -n $3 ]]; then
      cp -L /etc/resolv.conf etc/
      [[ -z \${NODE_EXTRA_CA_CERTS:-} ]] || { more=/etc/more-certificates.pem; cp -L "$NODE_EXTRA_CA_CERTS" ".$more"; }
    fi
    pivot_root . machine
    cd /
    umount --lazy machine
    rmdir machine
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
      DEBIAN_FRONTEND=noninteractive \${more:+NODE_EXTRA_CA_CERTS=$more} bash -euo pipefail -c "$2"`
  return run(
    'unshare',
    [
      ...['--mount', '--pid', '--fork', '--kill-child', 'bash', '-euo', 'pipefail', '-c', prepare],
      ...[rootOf(suite), files, commands, network ? 'network' : ''],
    ],
    timeoutMs,
  )
}
