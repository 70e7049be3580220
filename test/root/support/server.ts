/** A real PostgreSQL of a test's own, which listens on nothing but a unix socket. */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statfsSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type User } from '../../../lib/system/users'

/** Major version of the PostgreSQL that this system packages. */
export const PG_MAJOR = readdirSync('/usr/lib/postgresql').sort().at(-1) ?? '15'

export const PG_BIN = `/usr/lib/postgresql/${PG_MAJOR}/bin`

/** An account's number, as `id` says. */
export function idOf(flag: '-u' | '-g', user: string): number {
  return Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
}

/** Runs a program as postgres. */
export function asPostgres(program: string, ...args: string[]): string {
  return execFileSync('runuser', ['-u', 'postgres', '--', program, ...args], { encoding: 'utf8', cwd: '/' })
}

/** Memory, where there is enough of it: a data directory is copied ten times as fast, and no disk is waited for. */
function fastDirectory(): string {
  try {
    const { bsize, bavail } = statfsSync('/dev/shm')
    if (bsize * bavail > 2 ** 30) return '/dev/shm'
  } catch {
    // There is none.
  }
  return tmpdir()
}

let template: string | undefined

/** initdb takes a second; a copy of what it made takes none. */
function templateDirectory(): string {
  if (template === undefined) {
    template = mkdtempSync(join(fastDirectory(), 'ocf-ts-initdb-'))
    chownSync(template, idOf('-u', 'postgres'), idOf('-g', 'postgres'))
    asPostgres(`${PG_BIN}/initdb`, '--auth=peer', '--no-sync', '-D', join(template, 'data'))
  }
  return join(template, 'data')
}

/** Removes what `templateDirectory` made; for afterAll. */
export function removeTemplate(): void {
  if (template !== undefined) rmSync(template, { recursive: true, force: true })
  template = undefined
}

export class TestServer {
  private constructor(
    /** Everything of this server's lies in here. */
    readonly directory: string,
    readonly dataDirectory: string,
  ) {}

  /** @param name - the data directory's name, which may be an awkward one */
  static create(name = 'data'): TestServer {
    const directory = mkdtempSync(join(fastDirectory(), 'ocf-ts-server-'))
    chownSync(directory, idOf('-u', 'postgres'), idOf('-g', 'postgres'))
    const server = new TestServer(directory, join(directory, name))
    cpSync(templateDirectory(), server.dataDirectory, { recursive: true, preserveTimestamps: true })
    execFileSync('chown', ['-R', 'postgres:postgres', '--', server.dataDirectory])
    server.configure(`unix_socket_directories = '${directory}'`, "listen_addresses = ''", 'fsync = off')
    return server
  }

  /** Where it runs, and as whom. */
  get place(): { readonly dataDirectory: string; readonly owner: User } {
    return {
      dataDirectory: this.dataDirectory,
      owner: { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') },
    }
  }

  get configFile(): string {
    return join(this.dataDirectory, 'postgresql.conf')
  }

  /** Adds lines to postgresql.conf. */
  configure(...lines: string[]): void {
    appendFileSync(this.configFile, `${lines.join('\n')}\n`)
  }

  /** The parameters with which the agent runs this server. */
  get params(): Record<string, string> {
    return {
      pgctl: `${PG_BIN}/pg_ctl`,
      pgdata: this.dataDirectory,
      logfile: join(this.directory, 'log'),
      tmpdir: join(this.directory, 'tmp'),
      socketdir: this.directory,
    }
  }

  /** What the server has said. */
  log(): string {
    return readFileSync(join(this.directory, 'log'), 'utf8')
  }

  /** The postmaster's number, from its pid file. */
  get postmaster(): number {
    return Number(readFileSync(join(this.dataDirectory, 'postmaster.pid'), 'utf8').split('\n')[0])
  }

  /** @param complaints - what becomes of psql's; ignored where it is to fail */
  sql(query: string, complaints: 'inherit' | 'ignore' = 'inherit', database = 'template1'): string {
    const psql = ['psql', '-XAtq', '-h', this.directory, '-d', database, '-c', query]
    return execFileSync('runuser', ['-u', 'postgres', '--', ...psql], {
      encoding: 'utf8',
      cwd: '/',
      stdio: ['pipe', 'pipe', complaints],
    }).trim()
  }

  /** Ends what still runs of it and removes it. */
  destroy(): void {
    const signal = (name: NodeJS.Signals): void => {
      for (const pid of this.processes()) {
        try {
          process.kill(pid, name)
        } catch {
          // Gone by itself.
        }
      }
    }
    // An immediate shutdown: killed, a server would leave its shared memory behind.
    signal('SIGCONT')
    signal('SIGQUIT')
    const wait = new Int32Array(new SharedArrayBuffer(4))
    const end = Date.now() + 3000
    while (this.processes().length > 0 && Date.now() < end) Atomics.wait(wait, 0, 0, 10)
    signal('SIGKILL')
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** Every process that works in the data directory, wherever that is now. */
  processes(): readonly number[] {
    const here = [this.dataDirectory, `${this.dataDirectory} (deleted)`]
    return readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number)
      .filter((pid) => {
        try {
          return here.includes(readlinkSync(`/proc/${pid}/cwd`))
        } catch {
          return false
        }
      })
  }

  exists(name: string): boolean {
    return existsSync(join(this.directory, name))
  }
}
