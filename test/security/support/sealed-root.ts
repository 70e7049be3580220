/**
 * A copy of this machine for programs that may do anything: they see its files, and whatever they change lands in a
 * directory of the test's; they have a network and processes of their own.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** $1: the directory of all of it; from $2 on: directories that are the same inside and outside. */
const SCRIPT = `
  place=$1; shift
  mount --make-rprivate /
  mount -t tmpfs -o size=1g,mode=755 tmpfs "$place/layers"
  mkdir "$place/layers/changed" "$place/layers/work"
  mount -t overlay overlay -o "lowerdir=/,upperdir=$place/layers/changed,workdir=$place/layers/work" "$place/root"
  mount -t proc proc "$place/root/proc"
  mount --rbind /sys "$place/root/sys"
  mount -t tmpfs -o mode=755 tmpfs "$place/root/dev"
  for device in null zero full random urandom; do
    touch "$place/root/dev/$device"
    mount --bind "/dev/$device" "$place/root/dev/$device"
  done
  mkdir -m 1777 "$place/root/dev/shm"
  for shared; do
    mkdir -p "$place/root$shared"
    mount --rbind "$shared" "$place/root$shared"
  done
  ip link set lo up
  ip link add eth9 type veth peer name eth8
  ip link set eth8 up
  ip address add 192.0.2.2/24 dev eth9
  ip link set eth9 up
  echo ready
  exec cat
`

export class SealedRoot {
  private constructor(
    private readonly holder: ChildProcess,
    private readonly place: string,
    /** What was changed while it was made. */
    private readonly known: ReadonlySet<string>,
  ) {}

  /** @param shared - directories that are the same inside and outside */
  static async create(shared: readonly string[]): Promise<SealedRoot> {
    const place = mkdtempSync(join(tmpdir(), 'ocf-ts-sealed-'))
    for (const name of ['layers', 'root']) mkdirSync(join(place, name))
    const holder = spawn(
      'unshare',
      [
        '--mount',
        '--net',
        '--pid',
        '--ipc',
        '--fork',
        '--kill-child',
        'bash',
        '-euc',
        SCRIPT,
        'sealed',
        place,
        ...shared,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => {
        resolve()
      })
      holder.once('exit', (code) => {
        reject(new Error(`it could not be made: ${code}`))
      })
    })
    const unchecked = new SealedRoot(holder, place, new Set())
    return new SealedRoot(holder, place, new Set(unchecked.changed()))
  }

  /** What a program is called through so that it runs in there. */
  get through(): readonly [string, ...string[]] {
    const of = (kind: string): string => `/proc/${this.holder.pid}/ns/${kind}`
    return [
      'nsenter',
      ...[
        `--mount=${of('mnt')}`,
        `--net=${of('net')}`,
        `--ipc=${of('ipc')}`,
        `--pid=${of('pid_for_children')}`,
      ],
      ...['--', 'chroot', join(this.place, 'root')],
    ]
  }

  /** Everything that was made, changed or removed in there since, outside of the shared directories. */
  changed(): readonly string[] {
    const found: string[] = []
    const layer = `/proc/${this.holder.pid}/root${join(this.place, 'layers/changed')}`
    const walk = (path: string): void => {
      for (const name of readdirSync(join(layer, path))) {
        const inner = join(path, name)
        const stats = lstatSync(join(layer, inner))
        const what = stats.isSymbolicLink() ? `${inner} -> ${readlinkSync(join(layer, inner))}` : inner
        const text = `${what} (${stats.uid}:${stats.gid} ${(stats.mode & 0o7777).toString(8)})`
        // Of a directory in which something has changed there is a copy.
        const before = stats.isDirectory() && lstatSync(inner, { throwIfNoEntry: false })
        const isCopy =
          before && before.isDirectory() && before.mode === stats.mode && before.uid === stats.uid
        if (!isCopy && !this.known.has(text)) found.push(text)
        if (stats.isDirectory()) walk(inner)
      }
    }
    walk('/')
    return found
  }

  close(): void {
    this.holder.kill('SIGKILL')
    rmSync(this.place, { recursive: true, force: true })
  }
}

/** The directories that are not on the file system of /, and that a program of Node's needs. */
export function directoriesOf(...files: readonly string[]): readonly string[] {
  const root = lstatSync('/').dev
  return [...new Set(files.map(dirname))].filter((directory) => lstatSync(directory).dev !== root)
}
