/** A program of another account's has that account's rights, all of its groups, and nothing of root's. */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { build } from 'esbuild'
import { Deadline, ExitCode } from '../../lib/ocf'
import { startAs } from '../../lib/system/run-as'
import { type ProgramOptions, type ProgramResult, runProgram } from '../../lib/system/run-program'
import { idOf } from '../root/support/server'
import { eventually } from './support/timing'

jest.setTimeout(30_000)

const owner = { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }

test('it is run by setpriv, which becomes the program; with PAM, for its limits, by runuser', () => {
  const ids = [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--init-groups', '--', 'env']
  const bySetpriv = startAs(owner, ['id', '-u'], {}).argv
  expect(bySetpriv.slice(0, 6)).toEqual([expect.stringMatching(/\/setpriv$/), ...ids])
  expect(bySetpriv.slice(-2)).toEqual(['id', '-u'])
  const { argv } = startAs(owner, ['id', '-u'], { limits: true })
  expect(argv.slice(0, 5)).toEqual(['runuser', '-u', 'postgres', '--', 'env'])
})

test('while it is root, it is given no path of others, and what may be secret stands in no command line', () => {
  const env = {
    LD_LIBRARY_PATH: '/theirs',
    LD_PRELOAD: '/theirs/x.so',
    PATH: '/theirs',
    PGPASSWORD: 'secret',
  }
  const start = startAs(owner, ['id'], { cwd: '/theirs', env })
  expect(start.cwd).toBe('/')
  expect(start.env).toEqual({
    LC_ALL: 'C',
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    PGPASSWORD: 'secret',
  })
  expect(start.argv.join(' ')).not.toContain('secret')
  expect(start.argv).toEqual(expect.arrayContaining(['-C', '/theirs', 'LD_LIBRARY_PATH=/theirs']))
})

describe.each([
  ['by setpriv', false],
  ['by runuser', true],
])('%s', (_, limits) => {
  const ask = async (script: string): Promise<string> => {
    const options = { as: owner, limits, deadline: new Deadline(20_000), cwd: '/' }
    const { stdout } = await runProgram('sh', ['-c', script], options)
    return stdout.trim()
  }

  test('the account and its groups', async () => {
    const groups = execFileSync('id', ['-G', 'postgres'], { encoding: 'utf8' }).trim().split(' ').sort()
    expect((await ask('id -G')).split(' ').sort()).toEqual(groups)
    const status = await ask("grep -E '^(Uid|Gid|CapEff|CapPrm):' /proc/self/status")
    const four = (id: number): string => Array(4).fill(id).join('\t')
    expect(status).toBe(
      `Uid:\t${four(owner.uid)}\nGid:\t${four(owner.gid)}\nCapPrm:\t${'0'.repeat(16)}\nCapEff:\t${'0'.repeat(16)}`,
    )
  })
  describe('in a directory of its own', () => {
    let theirs: string
    beforeEach(() => {
      theirs = mkdtempSync(join(tmpdir(), 'ocf-ts-accounts-'))
      chmodSync(theirs, 0o755)
      execFileSync('chown', ['postgres:', theirs])
    })
    afterEach(() => {
      rmSync(theirs, { recursive: true, force: true })
    })
    const run = (
      argv: readonly [string, ...string[]],
      more: Partial<ProgramOptions>,
    ): Promise<ProgramResult> => {
      const [program, ...args] = argv
      return runProgram(program, args, { as: owner, limits, deadline: new Deadline(20_000), ...more })
    }

    test('root loads no library from there, which the program does', async () => {
      for (const name of ['libcap-ng.so.0', 'libpam.so.0', 'libpam_misc.so.0', 'libutil.so.1'])
        writeFileSync(join(theirs, name), 'no library')
      const env = { LD_LIBRARY_PATH: theirs }
      const result = await run(['sh', '-c', 'echo "$LD_LIBRARY_PATH"'], { cwd: theirs, env })
      expect(result).toMatchObject({ code: 0, stdout: `${theirs}\n` })
    })

    test('a link from there leads to no directory that the account may not enter', async () => {
      const roots = mkdtempSync(join(tmpdir(), 'ocf-ts-roots-'))
      try {
        mkdirSync(join(roots, 'inner'))
        writeFileSync(join(roots, 'inner/secret'), 'of root')
        symlinkSync(join(roots, 'inner'), join(theirs, 'data'))
        const cwd = join(theirs, 'data')
        await expect(run(['cat', 'secret'], { cwd })).rejects.toMatchObject({
          code: ExitCode.ERR_GENERIC,
          reason: `cannot run cat as postgres: cannot change directory to '${cwd}': Permission denied`,
        })
      } finally {
        rmSync(roots, { recursive: true, force: true })
      }
    })

    test('a program with an equals sign in its path is run, with its arguments as they are', async () => {
      const program = join(theirs, 'a=b')
      writeFileSync(program, '#!/bin/sh\nprintf "<%s>" "$PWD" "$@"\n', { mode: 0o755 })
      const result = await run([program, 'x y', '$z'], { cwd: theirs })
      expect(result).toMatchObject({ code: 0, stdout: `<${theirs}><x y><$z>` })
    })
  })
})

describe('a file that root has open beyond descriptor 15', () => {
  let directory: string
  let program: string
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'ocf-ts-descriptors-'))
    program = join(directory, 'program.js')
    await build({
      stdin: {
        contents: `
          import { Deadline } from './lib/ocf'
          import { spawnDetached } from './lib/system/background-program'
          import { runProgram } from './lib/system/run-program'
          const list = 'ls -l /proc/self/fd'
          const runs = {
            account: async () => {
              const as = ${JSON.stringify(owner)}
              const { stdout } = await runProgram('sh', ['-c', list], { as, deadline: new Deadline(20_000) })
              console.log(stdout)
            },
            background: () => spawnDetached('sh', ['-c', list + ' > ' + process.argv[3]]),
          }
          void runs[process.argv[2] as 'account']()`,
        resolveDir: join(__dirname, '../..'),
        loader: 'ts',
      },
      bundle: true,
      platform: 'node',
      outfile: program,
      logLevel: 'warning',
    })
  })
  afterAll(() => {
    rmSync(directory, { recursive: true })
  })

  function run(kind: string): string {
    const secret = join(directory, 'secret')
    writeFileSync(secret, 'of root', { mode: 0o600 })
    const fd = openSync(secret, 'r+')
    const stdio: ('ignore' | 'pipe' | number)[] = Array.from({ length: 21 }, () => 'ignore')
    stdio[1] = 'pipe'
    stdio[20] = fd
    try {
      return spawnSync(process.execPath, [program, kind, join(directory, 'said')], {
        stdio,
        encoding: 'utf8',
      }).stdout
    } finally {
      closeSync(fd)
    }
  }

  test('is not open in a program of an account', () => {
    const said = run('account')
    expect(said).toContain('/dev/null')
    expect(said).not.toContain('secret')
  })

  test('is not open in a program in the background', async () => {
    run('background')
    const said = join(directory, 'said')
    expect(await eventually(() => existsSync(said) && readFileSync(said, 'utf8').includes('/proc'))).toBe(
      true,
    )
    expect(readFileSync(said, 'utf8')).not.toContain('secret')
  })
})
