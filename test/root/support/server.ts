/** A real PostgreSQL of a test's own, which listens on nothing but a unix socket. */
import { execFileSync } from 'node:child_process'
import { appendFileSync, chownSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const PG_BIN = '/usr/lib/postgresql/15/bin'

/** An account's number, as `id` says. */
export function idOf(flag: '-u' | '-g', user: string): number {
  return Number(execFileSync('id', [flag, user], { encoding: 'utf8' }))
}

/** Runs a program as postgres. */
export function asPostgres(program: string, ...args: string[]): string {
  return execFileSync('runuser', ['-u', 'postgres', '--', program, ...args], { encoding: 'utf8', cwd: '/' })
}

let template: string | undefined

/** initdb takes a second; a copy of what it made takes none. */
function templateDirectory(): string {
  if (template === undefined) {
    template = mkdtempSync(join(tmpdir(), 'ocf-ts-initdb-'))
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
    const directory = mkdtempSync(join(tmpdir(), 'ocf-ts-server-'))
    chownSync(directory, idOf('-u', 'postgres'), idOf('-g', 'postgres'))
    const server = new TestServer(directory, join(directory, name))
    cpSync(templateDirectory(), server.dataDirectory, { recursive: true, preserveTimestamps: true })
    execFileSync('chown', ['-R', 'postgres:postgres', '--', server.dataDirectory])
    server.configure(`unix_socket_directories = '${directory}'`, "listen_addresses = ''", 'fsync = off')
    return server
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

  /** The postmaster's number, from its pid file. */
  get postmaster(): number {
    return Number(readFileSync(join(this.dataDirectory, 'postmaster.pid'), 'utf8').split('\n')[0])
  }

  sql(query: string): string {
    return asPostgres('psql', '-XAtq', '-h', this.directory, '-d', 'template1', '-c', query).trim()
  }

  /** Kills what still runs of it and removes it. */
  destroy(): void {
    for (const pid of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // Gone by itself.
      }
    }
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** Every process that works in the data directory, wherever that is now. */
  processes(): readonly number[] {
    const found = execFileSync(
      'bash',
      ['-c', 'for p in /proc/[0-9]*; do echo "${p#/proc/} $(readlink "$p/cwd" 2>/dev/null)"; done'],
      { encoding: 'utf8' },
    )
    return found
      .split('\n')
      .map((line) => /^(\d+) (.*)$/.exec(line))
      .filter(
        (match) => match?.[2] === this.dataDirectory || match?.[2] === `${this.dataDirectory} (deleted)`,
      )
      .map((match) => Number(match?.[1]))
  }

  exists(name: string): boolean {
    return existsSync(join(this.directory, name))
  }
}
