/** File systems that only a test's own server and agents see, and that are gone with the last of them. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { agentPath } from './agent'

/**
 * Has the kernel shut a file system down, as XFS does by itself when its disk is lost: every access is an I/O error from
 * then on. The same for ext4 and XFS: EXT4_IOC_SHUTDOWN, XFS_IOC_GOINGDOWN, without writing anything more.
 */
const SHUT_DOWN = `
  open(my $directory, '<', $ARGV[0]) or die "$ARGV[0]: $!\\n";
  my $flags = pack('L', 2);
  ioctl($directory, 0x8004587d, $flags) or die "shutdown of $ARGV[0]: $!\\n";
`

export class PrivateMounts {
  private frozen: string | undefined

  private constructor(private readonly holder: ChildProcess) {}

  /** @param script - for bash, with `arguments` as $1, $2, …: mounts what is to be there */
  static async create(script: string, ...args: string[]): Promise<PrivateMounts> {
    const holder = spawn(
      'unshare',
      ['--mount', 'bash', '-euc', `${script}\necho ready\nexec cat`, 'mounts', ...args],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => {
        resolve()
      })
      holder.once('exit', (code) => {
        reject(new Error(`the mounts failed with ${code}`))
      })
    })
    return new PrivateMounts(holder)
  }

  /** What a program is called through so that it sees them. */
  get through(): readonly string[] {
    return ['nsenter', `--mount=/proc/${this.holder.pid}/ns/mnt`, '--']
  }

  /** The agent, likewise. */
  agent(name: string): readonly string[] {
    return [...this.through, process.execPath, agentPath(name)]
  }

  /** Runs a program that sees them. */
  run(program: string, ...args: string[]): string {
    const [nsenter = '', ...rest] = [...this.through, program, ...args]
    return execFileSync(nsenter, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  }

  /** Fills a file system to the last byte. */
  fill(directory: string): void {
    this.run('bash', '-c', 'cat /dev/zero >"$1/ballast" 2>/dev/null || true', 'fill', directory)
  }

  /** Gives the room back. */
  empty(directory: string): void {
    this.run('rm', '-f', '--', `${directory}/ballast`)
  }

  /** The disk below a file system is lost. */
  breakDisk(directory: string): void {
    this.run('perl', '-e', SHUT_DOWN, directory)
  }

  /** The disk below a file system does not answer any more: what writes to it waits, and takes no signal. */
  freeze(directory: string): void {
    this.run('fsfreeze', '--freeze', directory)
    this.frozen = directory
  }

  /** It answers again. */
  thaw(): void {
    if (this.frozen !== undefined) this.run('fsfreeze', '--unfreeze', this.frozen)
    this.frozen = undefined
  }

  close(): void {
    this.thaw()
    this.holder.kill('SIGKILL')
  }
}

/** Puts a directory with all that is in it onto a small tmpfs ($1: the directory, $2: its size). */
export const ONTO_TMPFS = `
  mkdir "$1.disk"
  mount -t tmpfs -o "size=$2,mode=700" tmpfs "$1.disk"
  cp --archive -- "$1/." "$1.disk/"
  mount --bind "$1.disk" "$1"
`

/** The same, onto a file system on a loop device ($3: of which type). */
export const ONTO_DISK = `
  mkdir "$1.disk"
  truncate --size "$2" "$1.image"
  "mkfs.$3" -q "$1.image"
  mount -o loop "$1.image" "$1.disk"
  cp --archive -- "$1/." "$1.disk/"
  mount --bind "$1.disk" "$1"
`
