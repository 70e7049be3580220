/** What the operator's tool reads and writes as root in directories of other accounts. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { foreignPart } from '../../cli/drill/checkout'
import { type OwnLogs } from '../../cli/logs/own-logs'
import { replaceNamedFile } from '../../cli/named-file'
import { PrivateMounts } from '../root/support/private-mounts'
import { asPostgres, idOf, removeTemplate, TestServer } from '../root/support/server'

jest.setTimeout(180_000)

const REPOSITORY = resolve(__dirname, '../..')
const TOOL = join(REPOSITORY, 'dist/bin/ocf-ts')

/** Root's own. */
let roots: string
/** Of the account `postgres`. */
let theirs: string

beforeEach(() => {
  roots = mkdtempSync('/var/tmp/ocf-ts-roots-')
  chmodSync(roots, 0o755)
  theirs = join(roots, 'theirs')
  execFileSync('install', ['-d', '-o', 'postgres', '-g', 'postgres', theirs])
})
afterEach(() => {
  rmSync(roots, { recursive: true, force: true })
})
afterAll(removeTemplate)

describe('metrics --textfile, and whatever file the operator names', () => {
  const write = (path: string): void => {
    replaceNamedFile('--textfile', path, 'metrics\n', 0o644)
  }

  test('the temporary name is a link that was laid there before', () => {
    const target = join(roots, 'job')
    const path = join(theirs, 'ocf-ts.prom')
    for (const name of [`${path}.${process.pid}`, `${path}.new.${process.pid}`])
      asPostgres('ln', '-s', target, name)
    write(path)
    expect(readFileSync(path, 'utf8')).toBe('metrics\n')
    expect(existsSync(target)).toBe(false)
    expect(lstatSync(path)).toMatchObject({ uid: idOf('-u', 'postgres'), mode: 0o100644 })
  })

  test.each(['the file', 'its directory'])('%s is a link to what is root’s', (what) => {
    const target = join(roots, 'cron.d')
    mkdirSync(target)
    writeFileSync(join(target, 'job'), 'as it was\n')
    const link = join(theirs, 'link')
    asPostgres('ln', '-s', what === 'the file' ? join(target, 'job') : target, link)
    expect(() => {
      write(what === 'the file' ? link : join(link, 'job'))
    }).toThrow(/--textfile: /)
    expect(readdirSync(target)).toEqual(['job'])
    expect(readFileSync(join(target, 'job'), 'utf8')).toBe('as it was\n')
  })

  test.each(['pipe', 'directory'])('it is a %s', (what) => {
    const path = join(theirs, what)
    asPostgres(what === 'pipe' ? 'mkfifo' : 'mkdir', path)
    expect(() => {
      write(path)
    }).toThrow(/is no regular file/)
  })

  test('a device stays what it is', () => {
    // As /dev/null and /dev/stdout are.
    const device = join(roots, 'null')
    const link = join(roots, 'stdout')
    execFileSync('mknod', [device, 'c', '1', '3'])
    symlinkSync('/proc/self/fd/1', link)
    for (const path of [device, link]) {
      const before = lstatSync(path).mode
      expect(() => {
        write(path)
      }).toThrow(/is (?:no regular file|a symbolic link)/)
      expect(lstatSync(path).mode).toBe(before)
    }
  })

  test('in a directory of root’s it is root’s, and another one replaces it', () => {
    const path = join(roots, 'ocf-ts.prom')
    write(path)
    write(path)
    expect(statSync(path)).toMatchObject({ uid: 0, mode: 0o100644 })
    expect(readdirSync(roots).sort()).toEqual(['ocf-ts.prom', 'theirs'])
  })
})

test('node-logs does not wait for a pipe, and follows no link of the account’s with the rights of root', async () => {
  const secret = join(roots, 'secret.log')
  const line = (text: string): string =>
    `${new Date().toISOString().replace('T', ' ').replace('Z', ' UTC')} [1] FATAL:  ${text}\n`
  writeFileSync(secret, line('of root alone'), { mode: 0o600 })
  asPostgres('mkfifo', join(theirs, 'pipe.log'))
  asPostgres('ln', '-s', secret, join(theirs, 'link.log'))
  asPostgres('ln', '-s', '/dev/zero', join(theirs, 'zero.log'))
  writeFileSync(join(theirs, 'postgresql.log'), line('of the server'))
  const mounts = await PrivateMounts.create('mount --bind "$1" /var/log/postgresql', theirs)
  try {
    const [program, ...args] = [...mounts.through, process.execPath, TOOL, 'node-logs', '--all']
    const { status, stdout } = spawnSync(
      program,
      [...args, '--since', '0', '--until', String(Date.now() + 60_000)],
      {
        encoding: 'utf8',
        timeout: 60_000,
      },
    )
    expect(status).toBe(0)
    const { lines, unknown } = JSON.parse(stdout) as OwnLogs
    const texts = JSON.stringify(lines)
    expect(texts).toContain('of the server')
    expect(texts).not.toContain('of root alone')
    expect(unknown.filter((text) => /pipe\.log|link\.log|zero\.log/.test(text))).toHaveLength(3)
  } finally {
    mounts.close()
  }
})

describe('init', () => {
  let server: TestServer
  beforeEach(() => {
    server = TestServer.create()
  })
  afterEach(() => {
    server.destroy()
  })

  test('hba_file names a file of root’s: it is not changed', () => {
    const target = join(roots, 'access.conf')
    writeFileSync(target, 'as it was\n', { mode: 0o644 })
    server.configure(`hba_file = '${target}'`)
    const plan = join(roots, 'plan.yaml')
    const { pgctl, pgdata, logfile, tmpdir, socketdir } = server.params
    writeFileSync(
      plan,
      `nodes: [node1, node2]
writer: 192.168.100.163/24,eth0
replication: 192.168.2.3/24,eth2
pgsql: {pgctl: ${pgctl}, pgdata: ${pgdata}, logfile: ${logfile}, tmpdir: ${tmpdir}, socketdir: ${socketdir}}
`,
    )
    const { status, stderr } = spawnSync(process.execPath, [TOOL, 'init', '--file', plan, '--yes'], {
      encoding: 'utf8',
    })
    expect(status).not.toBe(0)
    expect(stderr).toContain(`hba_file: postgres cannot change ${target}`)
    expect(readFileSync(target, 'utf8')).toBe('as it was\n')
    expect(statSync(target)).toMatchObject({ uid: 0, mode: 0o100644 })
    expect(readdirSync(roots).sort()).toEqual(['access.conf', 'plan.yaml', 'theirs'])
  })
})

describe('drill --box', () => {
  /** What the tool takes for a checkout. */
  function plant(directory: string, proof: string): void {
    for (const name of ['scripts', 'node_modules/tsx/dist'])
      mkdirSync(join(directory, name), { recursive: true })
    writeFileSync(join(directory, 'node_modules/tsx/dist/loader.mjs'), '')
    const script = `require('node:fs').writeFileSync(${JSON.stringify(proof)}, '')\n`
    writeFileSync(join(directory, 'scripts/drill-box.ts'), script)
  }

  test('runs nothing that lies around the current directory', () => {
    const proof = join(roots, 'run')
    plant(theirs, proof)
    execFileSync('chown', ['-R', 'postgres:postgres', theirs])
    const installed = join(roots, 'bin')
    mkdirSync(installed)
    copyFileSync(TOOL, join(installed, 'ocf-ts'))
    const { status, stderr } = spawnSync(process.execPath, [join(installed, 'ocf-ts'), 'drill', '--box'], {
      encoding: 'utf8',
      cwd: theirs,
    })
    expect([status, stderr]).toEqual([2, expect.stringContaining('this program lies in none')])
    expect(existsSync(proof)).toBe(false)
  })

  test('runs its own checkout only where root alone can change it', () => {
    const checkout = join(roots, 'checkout')
    const proof = join(roots, 'run')
    plant(checkout, proof)
    const bin = join(checkout, 'dist/bin')
    mkdirSync(bin, { recursive: true })
    copyFileSync(TOOL, join(bin, 'ocf-ts'))
    mkdirSync(join(checkout, 'lib/system'), { recursive: true })
    writeFileSync(join(checkout, 'lib/system/users.ts'), '')
    mkdirSync(join(checkout, 'node_modules/pg'))
    symlinkSync('../lib', join(checkout, 'node_modules/lib'))
    expect(foreignPart(checkout)).toBeUndefined()
    for (const part of [
      'lib/system/users.ts',
      'node_modules/pg',
      'node_modules/tsx/dist/loader.mjs',
      'node_modules',
      'scripts/drill-box.ts',
      'dist/bin',
      '.',
    ]) {
      const path = join(checkout, part)
      chownSync(path, idOf('-u', 'postgres'), 0)
      expect(foreignPart(checkout)).toBe(path)
      const { status, stderr } = spawnSync(process.execPath, [join(bin, 'ocf-ts'), 'drill', '--box'], {
        encoding: 'utf8',
        cwd: roots,
      })
      expect([status, stderr]).toEqual([3, expect.stringContaining('others than root can change')])
      chownSync(path, 0, 0)
      chmodSync(path, statSync(path).mode | 0o002)
      expect(foreignPart(checkout)).toBe(path)
      // Sticky: what is there is safe, what is added is not.
      chmodSync(path, statSync(path).mode | 0o1000)
      expect(foreignPart(checkout)).toBe(path)
      chmodSync(path, statSync(path).mode & ~0o1002)
    }
    const link = join(checkout, 'node_modules/other')
    symlinkSync(theirs, link)
    expect(foreignPart(checkout)).toBe(theirs)
    expect(existsSync(proof)).toBe(false)
  })

  test('obeys no tsconfig.json of the current directory, and uses nothing that was compiled in /tmp', () => {
    const checkout = join(roots, 'checkout')
    plant(checkout, join(roots, 'run'))
    const packages = join(checkout, 'node_modules')
    for (const name of ['tsx', 'esbuild', '@esbuild'])
      execFileSync('cp', ['-r', '--no-preserve=ownership', join(REPOSITORY, 'node_modules', name), packages])
    execFileSync('chmod', ['-R', 'go-w', checkout])
    mkdirSync(join(packages, 'real'))
    writeFileSync(join(packages, 'real/index.js'), "console.log('real')\n")
    writeFileSync(join(checkout, 'tsconfig.json'), '{}')
    writeFileSync(join(checkout, 'scripts/drill-box.ts'), "import 'real'\n")
    const bin = join(checkout, 'dist/bin')
    mkdirSync(bin, { recursive: true })
    copyFileSync(TOOL, join(bin, 'ocf-ts'))
    const paths = { real: ['./planted.ts'] }
    writeFileSync(join(theirs, 'tsconfig.json'), JSON.stringify({ compilerOptions: { paths } }))
    writeFileSync(join(theirs, 'planted.ts'), "console.log('planted')\n")
    const compiled = join(theirs, 'tsx-0')
    mkdirSync(compiled)
    execFileSync('chown', ['-R', 'postgres:postgres', theirs])
    const { stdout, stderr } = spawnSync(process.execPath, [join(bin, 'ocf-ts'), 'drill', '--box'], {
      encoding: 'utf8',
      cwd: theirs,
      env: { ...process.env, TMPDIR: theirs },
    })
    expect([stdout, stderr]).toEqual(['real\n', ''])
    expect(readdirSync(compiled)).toEqual([])
  })
})
