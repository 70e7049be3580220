/** The built executables, on every Node they must run on. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { parameters } from '../../agents/pgsql/parameters'
import { agentNames, buildInto, REPOSITORY, temporaryDirectory } from './support/built-agents'

/** They come as npm packages, apart from the project's own: see test/nodes/package.json. */
const NODES = ['18', '20', '22', '24']
const nodeOf = (version: string): string =>
  join(REPOSITORY, `test/nodes/node_modules/node${version}-${process.arch}/bin/node`)

/** A configuration, for an agent that looks at the host before it knows that there is none of its software. */
const NO_SOFTWARE: Record<string, Record<string, string>> = {
  pgsql: { OCF_RESKEY_pgctl: '/nowhere/pg_ctl', OCF_RESKEY_pgdata: '/nowhere/data' },
}

const directory = temporaryDirectory()
const executable = (name: string): string => join(directory.path, name)

beforeAll(() => {
  buildInto(directory.path, directory.path)
}, 60_000)
afterAll(directory.remove)

function run(node: string, name: string, args: readonly string[], env: Record<string, string> = {}) {
  const { status, stdout, stderr, error } = spawnSync(node, [executable(name), ...args], {
    encoding: 'utf8',
    cwd: '/',
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', OCF_ROOT: '/usr/lib/ocf', ...env },
  })
  if (error) throw error
  return { status, stdout, stderr }
}

test('every Node that is tested on is here (scripts/setup, or npm ci in test/nodes, installs them)', () => {
  const versions = NODES.map(
    (version) => execFileSync(nodeOf(version), ['--version'], { encoding: 'utf8' }).split('.')[0],
  )
  expect(versions).toEqual(NODES.map((version) => `v${version}`))
})

describe.each(agentNames)('%s', (name) => {
  test('is one executable file that says what it is and whose code is in it', () => {
    const contents = readFileSync(executable(name), 'utf8')
    const [first, second] = contents.split('\n')
    expect(first).toBe('#!/bin/sh')
    expect(second).toMatch(new RegExp(`^':' // ocf-ts \\d+\\.\\d+\\.\\d+: ocf:ts:${name}$`))
    expect(statSync(executable(name)).mode & 0o777).toBe(0o755)
    expect(contents).toMatch(/^commander \d.* \(MIT\)$/m)
    expect(contents).toContain('Permission is hereby granted, free of charge')
  })

  const metadata = readFileSync(join(REPOSITORY, 'metadata', `${name}.xml`), 'utf8')

  test('prints its meta-data without Node', () => {
    const path = join(directory.path, `${name}.path`)
    mkdirSync(path)
    symlinkSync('/bin/cat', join(path, 'cat'))
    const { status, stdout, stderr } = spawnSync(executable(name), ['meta-data'], {
      encoding: 'utf8',
      env: { PATH: path },
    })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: metadata, stderr: '' })
  })

  describe.each(NODES)('on Node %s', (version) => {
    const node = nodeOf(version)

    test('prints its meta-data', () => {
      expect(run(node, name, ['meta-data'])).toEqual({ status: 0, stdout: metadata, stderr: '' })
    })

    test('prints its methods and its usage', () => {
      const { status, stdout, stderr } = run(node, name, ['methods'])
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      const actions = stdout.trimEnd().split('\n')
      expect(actions).toEqual(
        expect.arrayContaining(['start', 'stop', 'monitor', 'meta-data', 'validate-all']),
      )
      expect(run(node, name, ['usage'])).toEqual({
        status: 0,
        stdout: `usage: ${name} {${actions.join('|')}}\n`,
        stderr: '',
      })
    })

    test('has no action that it does not know', () => {
      expect(run(node, name, ['frobnicate'])).toMatchObject({ status: 3, stdout: '' })
    })

    test('helps a person', () => {
      const { status, stdout, stderr } = run(node, name, ['--help'])
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      expect(stdout).toContain(`Usage: ${name} [options] <action>`)
    })

    test('says not running to a probe where the software is not', () => {
      const { status, stderr } = run(node, name, ['monitor'], {
        ...NO_SOFTWARE[name],
        OCF_RESKEY_CRM_meta_interval: '0',
        OCF_RESOURCE_INSTANCE: 'x',
      })
      expect({ status, stderr }).toMatchObject({ status: 7 })
    })
  })

  test('runs by its own first line, and through a link', () => {
    const link = join(directory.path, `link-to-${name}`)
    symlinkSync(executable(name), link)
    for (const path of [executable(name), link]) {
      // The help is made by a package, which is looked for in the file itself.
      expect(spawnSync(path, ['--help'], { cwd: '/' }).status).toBe(0)
    }
  })

  describe('loads only what an action needs', () => {
    /** The names of Node's own modules that were loaded, and how many npm packages were compiled. */
    function loaded(args: readonly string[]): { modules: readonly string[]; packages: number } {
      const hook = join(directory.path, `hook-${name}.cjs`)
      const report = join(directory.path, `report-${name}`)
      // Standard output is a file: for a pipe, Node itself loads its network modules.
      const output = openSync(join(directory.path, `output-${name}`), 'w')
      writeFileSync(
        hook,
        `const vm = require('node:vm')
         const compile = vm.compileFunction
         const before = new Set(process.moduleLoadList)
         let packages = 0
         vm.compileFunction = (...args) => (packages++, compile(...args))
         process.on('exit', () => {
           const modules = process.moduleLoadList.filter((name) => !before.has(name))
           require('node:fs').writeFileSync(${JSON.stringify(report)}, JSON.stringify({ modules, packages }))
         })`,
      )
      spawnSync(process.execPath, ['--require', hook, executable(name), ...args], {
        stdio: ['ignore', output, output],
        env: { ...NO_SOFTWARE[name], PATH: '/usr/bin:/bin' },
      })
      closeSync(output)
      return JSON.parse(readFileSync(report, 'utf8')) as { modules: readonly string[]; packages: number }
    }

    test('for meta-data: no package, no network, no child process', () => {
      const { modules, packages } = loaded(['meta-data'])
      expect(packages).toBe(0)
      expect(
        modules.filter((module) => /\b(net|child_process|crypto|undici|dns|tls|http)\b/.test(module)),
      ).toEqual([])
    })

    test('for a monitor: no commander, and none of what Node loads for fetch, crypto or TLS', () => {
      const { modules } = loaded(['monitor'])
      expect(modules.filter((module) => /\b(undici|tls|http2?|crypto)$/.test(module))).toEqual([])
    })

    test('for a person: commander', () => {
      expect(loaded(['--help']).packages).toBe(1)
    })
  })
})

type Environment = Readonly<Record<string, string | undefined>>

/** What pgsql's shell line answers to a call, where PATH has no Node. */
function askShell(
  args: readonly string[],
  env: Environment,
): 'asks Node' | { status: number | null; stderr: string } {
  const { status, stderr } = spawnSync(executable('pgsql'), args, { encoding: 'utf8', env, timeout: 4000 })
  return status === 127 && stderr.includes('node') ? 'asks Node' : { status, stderr }
}

/** Whether pgsql's shell line leaves a call to Node. The directory in PATH has none, unless another is given. */
function goesOnToNode(args: readonly string[], env: Environment, path = directory.path): boolean {
  const answer = askShell(args, { PATH: path, ...env })
  if (answer === 'asks Node') return true
  expect(answer).toEqual({ status: 0, stderr: '' })
  return false
}

describe('the notifications that pgsql answers without Node', () => {
  /** What the cluster tells with a notification: the names of `OCF_RESKEY_CRM_meta_notify_…_uname`. */
  type Names = Readonly<
    Partial<Record<'promoted' | 'master' | 'promote' | 'demote' | 'stop', string>> & {
      node_list?: string
      sync_method?: string
    }
  >
  const here: Names = { promoted: 'node1', master: 'node1' }
  const there: Names = { promoted: 'node2', master: ' ' }
  const toHere: Names = { ...there, demote: 'node2', promote: 'node1' }
  const CASES: readonly [string, string, Names, boolean][] = [
    ['pre', 'start', there, false],
    ['pre', 'stop', here, false],
    ['pre', 'demote', here, false],
    ['pre', 'promote', { ...there, node_list: ' node1  node2\t' }, false],
    ['pre', 'promote', { ...there, node_list: '' }, false],
    ['pre', 'promote', { ...there, node_list: 'node1 node2 node3' }, true],
    ['pre', 'promote', { ...there, node_list: '\n node1\n node2\n node3 \n' }, true],
    ['post', 'promote', { promote: 'node2' }, true],
    ['post', 'promote', { promote: 'node10' }, true],
    ['post', 'promote', { promote: ' node1 ' }, false],
    ['post', 'promote', { promoted: 'node1', promote: ' ' }, true],
    ['post', 'demote', here, false],
    ['post', 'demote', there, true],
    ['post', 'demote', { demote: 'node2' }, true],
    ['post', 'demote', { promoted: ' ', master: ' ', demote: 'node2' }, true],
    ['post', 'demote', { demote: 'node1' }, false],
    ['post', 'demote', { demote: 'node2', promote: 'node3' }, true],
    ['post', 'demote', { ...there, demote: ' ', promote: ' ' }, true],
    ['post', 'demote', { ...there, demote: 'node2', promote: 'node2', sync_method: 'quorum' }, true],
    ['post', 'demote', { ...here, demote: 'node1', promote: 'node1' }, false],
    ['post', 'demote', { ...toHere, stop: ' ' }, false],
    ['post', 'demote', { ...toHere, promote: ' node1 ', node_list: 'node1 node2' }, false],
    ['post', 'demote', { ...toHere, promote: 'node10' }, true],
    ['post', 'demote', { ...toHere, stop: 'node2' }, true],
    ['post', 'demote', { ...toHere, node_list: 'node1 node2 node3' }, true],
    ['post', 'demote', { ...toHere, sync_method: 'quorum' }, true],
    ['post', 'start', { ...here, demote: 'node1' }, false],
    ['post', 'stop', { ...here, demote: 'node2 node1' }, false],
    ['post', 'stop', { ...here, demote: 'node2' }, true],
    ['post', 'start', there, false],
    ['post', 'stop', { promoted: ' ', master: 'node10 node2' }, false],
    ['post', 'start', { promoted: 'node1', master: ' ' }, true],
    ['post', 'stop', { master: 'node2 node1' }, true],
  ]
  test.each(CASES)('%s-%s with %o: Node is asked: %p', (type, operation, names, asked) => {
    expect(asksNode('node1', type, operation, names)).toBe(asked)
  })

  test.each([
    ['start', there],
    ['demote', { demote: 'node2' }],
    ['promote', { promote: 'node2' }],
  ])(
    'all that may concern a node that has not been told its own name is left to Node: post-%s',
    (operation, names) => {
      expect(asksNode(undefined, 'post', operation, names)).toBe(true)
    },
  )

  test('what a standby has when its primary is to return is said by Node, and the cluster does not wait', async () => {
    const path = join(directory.path, 'with-node')
    mkdirSync(path)
    const called = join(path, 'called')
    writeFileSync(
      join(path, 'node'),
      `#!/bin/sh\nPATH=/bin; sleep 1; echo "$OCF_TS_BEHIND $4" >'${called}.new'; mv '${called}.new' '${called}'\n`,
      { mode: 0o755 },
    )
    const names = { promoted: 'node2', demote: 'node2', promote: 'node2' }
    const begun = Date.now()
    expect(asksNode('node1', 'post', 'demote', names, path)).toBe(false)
    expect(Date.now() - begun).toBeLessThan(900)
    while (!existsSync(called) && Date.now() - begun < 4000)
      await new Promise((resolve) => setTimeout(resolve, 20))
    expect(readFileSync(called, 'utf8')).toBe('1 notify\n')
  })

  function asksNode(
    node: string | undefined,
    type: string,
    operation: string,
    names: Names,
    path?: string,
  ): boolean {
    const { node_list: nodeList, sync_method: syncMethod, ...members } = names
    const meta = {
      notify_type: type,
      notify_operation: operation,
      ...Object.fromEntries(Object.entries(members).map(([role, value]) => [`notify_${role}_uname`, value])),
      on_node: node,
    }
    const env = {
      OCF_RESKEY_node_list: nodeList,
      OCF_RESKEY_sync_method: syncMethod,
      ...Object.fromEntries(
        Object.entries(meta).map(([name, value]) => [`OCF_RESKEY_CRM_meta_${name}`, value]),
      ),
    }
    return goesOnToNode(['notify'], env, path)
  }
})

describe('a primary that has crashed and is to be the primary here again: pgsql demotes and stops it without Node', () => {
  const data = join(directory.path, 'a "data" $directory')
  const tmpdir = join(directory.path, 'tmp dir')
  const lock = join(tmpdir, 'PGSQL.lock')
  const rejoin = join(tmpdir, 'rejoin.json')
  // What finds the processes of an account.
  const path = join(directory.path, 'looking')
  const there = {
    OCF_RESKEY_pgdata: data,
    OCF_RESKEY_pgdba: userInfo().username,
    OCF_RESKEY_tmpdir: tmpdir,
    OCF_RESKEY_CRM_meta_on_node: 'node1',
    OCF_RESKEY_CRM_meta_notify_promote_uname: 'node1',
  }

  beforeAll(() => {
    for (const made of [data, tmpdir, path]) mkdirSync(made)
    for (const program of ['timeout', 'find']) symlinkSync(`/usr/bin/${program}`, join(path, program))
  })
  beforeEach(() => {
    writeFileSync(lock, '')
    rmSync(rejoin, { force: true })
  })

  describe.each(['demote', 'stop'])('%s', (action) => {
    const asksNode = (env: Environment, args: readonly string[] = []): boolean =>
      goesOnToNode([action, ...args], env, path)

    test('nothing is left of it', () => {
      expect(asksNode(there)).toBe(false)
      expect(asksNode({ ...there, OCF_RESKEY_CRM_meta_notify_promote_uname: ' node1 ' })).toBe(false)
    })

    test('a process works in its data directory, by whatever path', () => {
      const link = join(directory.path, `data-${action}`)
      symlinkSync(data, link)
      const left = spawn('sleep', ['60'], { cwd: data })
      try {
        expect(asksNode(there)).toBe(true)
        expect(asksNode({ ...there, OCF_RESKEY_pgdata: link })).toBe(true)
      } finally {
        left.kill('SIGKILL')
      }
    })

    test('it was no primary, or is being made a copy of one', () => {
      rmSync(lock)
      expect(asksNode(there)).toBe(true)
      writeFileSync(lock, '')
      writeFileSync(rejoin, '{}')
      expect(asksNode(there)).toBe(true)
    })

    test.each<[string, Record<string, string | undefined>]>([
      ['another node is to be promoted', { OCF_RESKEY_CRM_meta_notify_promote_uname: 'node10 node2' }],
      ['nobody is', { OCF_RESKEY_CRM_meta_notify_promote_uname: ' ' }],
      ['that is not said', { OCF_RESKEY_CRM_meta_notify_promote_uname: undefined }],
      ['this node does not know its name', { OCF_RESKEY_CRM_meta_on_node: undefined }],
      ['there is no data directory', { OCF_RESKEY_pgdata: '/nowhere' }],
      ['pgdata is not set', { OCF_RESKEY_pgdata: undefined }],
      ['there is no such account', { OCF_RESKEY_pgdba: 'nobody of that name' }],
      ['there is nothing to look for processes with', { PATH: directory.path }],
      ['tmpdir is another', { OCF_RESKEY_tmpdir: '/nowhere' }],
    ])('%s', (_, change) => {
      expect(asksNode({ ...there, ...change })).toBe(true)
    })

    test('it is explained', () => {
      expect(asksNode(there, ['--explain'])).toBe(true)
    })
  })

  test('the default of tmpdir is the one of the meta-data', () => {
    const [, , line = ''] = readFileSync(executable('pgsql'), 'utf8').split('\n')
    const defaults = line.match(/(?<=OCF_RESKEY_tmpdir:-)[^}]*/g)
    expect(new Set(defaults)).toEqual(new Set([parameters.tmpdir.default]))
  })
})

describe('a server that has died: pgsql says so to its monitor without Node', () => {
  const data = join(directory.path, "dead 'data' $directory")
  const pidFile = join(data, 'postmaster.pid')
  const log = join(directory.path, 'pacemaker log')
  const notes = join(directory.path, 'notes')
  /** Of the monitor before. */
  const note = join(notes, 'ts-pgsql-server-pgsql')
  // All that the shell needs, and no Node.
  const path = join(directory.path, 'programs')
  const GONE = 4_194_304 + 1
  const there = {
    OCF_RESKEY_pgdata: data,
    OCF_RESKEY_pgdba: userInfo().username,
    OCF_RESKEY_CRM_meta_interval: '2000',
    OCF_RESOURCE_INSTANCE: 'pgsql:0',
    HA_RSCTMP: notes,
    HA_logfile: log,
  }

  beforeAll(() => {
    mkdirSync(path)
    mkdirSync(notes)
    for (const program of ['timeout', 'dd', 'df', 'find', 'date']) {
      symlinkSync(`/usr/bin/${program}`, join(path, program))
    }
  })
  beforeEach(() => {
    rmSync(data, { recursive: true, force: true })
    mkdirSync(join(data, 'global'), { recursive: true })
    mkdirSync(join(data, 'pg_wal'))
    writeFileSync(join(data, 'PG_VERSION'), '15\n')
    writeFileSync(join(data, 'global/pg_control'), Buffer.alloc(8192))
    writeFileSync(pidFile, `${GONE}\n${data}\n1795878307\n5432\n`)
    writeFileSync(log, '')
    writeFileSync(note, `${GONE}   \n`)
  })

  const monitored = (
    change: Environment = {},
    args: readonly string[] = ['monitor'],
  ): ReturnType<typeof askShell> => askShell(args, { PATH: path, ...there, ...change })

  test('not running, and the log says why as Node would', () => {
    expect(monitored()).toEqual({ status: 7, stderr: '' })
    expect(readFileSync(log, 'utf8')).toMatch(
      new RegExp(
        String.raw`^pgsql\(pgsql\)\[\d+\]:\t\d{4}/\d\d/\d\d_\d\d:\d\d:\d\d INFO: PostgreSQL is not running: postmaster.pid names process ${GONE}, which is gone\n$`,
      ),
    )
  })

  test.each([
    ['is not named', undefined],
    ['cannot be written', '/nowhere/pacemaker.log'],
  ])('where the log file %s, standard error says it', (_, file) => {
    expect(monitored({ HA_logfile: file })).toEqual({
      status: 7,
      stderr: `INFO: PostgreSQL is not running: postmaster.pid names process ${GONE}, which is gone\n`,
    })
  })

  test.each<[string, Environment]>([
    ['a probe', { OCF_RESKEY_CRM_meta_interval: '0' }],
    ['a person', { OCF_RESKEY_CRM_meta_interval: undefined }],
    ['an interval that is no number', { OCF_RESKEY_CRM_meta_interval: '2s' }],
    ['no data directory', { OCF_RESKEY_pgdata: '/nowhere' }],
    ['pgdata that is not set', { OCF_RESKEY_pgdata: undefined }],
    ['an account that there is not', { OCF_RESKEY_pgdba: 'nobody of that name' }],
    ['a resource of which no monitor has found a server', { OCF_RESOURCE_INSTANCE: 'other:0' }],
    ['a host without the programs that look at the disk', { PATH: directory.path }],
  ])('%s is left to Node', (_, change) => {
    expect(monitored(change)).toBe('asks Node')
  })

  test('no program is started where a server runs', async () => {
    const programs = join(directory.path, 'watched')
    const mark = join(directory.path, 'started')
    mkdirSync(programs)
    for (const program of ['timeout', 'dd', 'df', 'find', 'date']) {
      writeFileSync(join(programs, program), `#!/bin/sh\necho >'${mark}'\n`, { mode: 0o755 })
    }
    const server = spawn('sleep', ['60'], { cwd: data })
    writeFileSync(note, `${server.pid}\n`)
    try {
      expect(monitored({ PATH: programs })).toBe('asks Node')
      expect(existsSync(mark)).toBe(false)
    } finally {
      const gone = once(server, 'exit')
      server.kill('SIGKILL')
      await gone
    }
    expect(monitored({ PATH: programs })).toBe('asks Node')
    expect(existsSync(mark)).toBe(true)
  })

  test('what is to be explained is left to Node', () => {
    expect(monitored({}, ['monitor', '--explain'])).toBe('asks Node')
  })

  test.each<[string, () => void]>([
    [
      'the server lives that the last monitor has found',
      () => {
        writeFileSync(note, `${process.pid}\n`)
      },
    ],
    [
      'nothing is noted of a server',
      () => {
        writeFileSync(note, '')
      },
    ],
    [
      'there is no postmaster.pid',
      () => {
        rmSync(pidFile)
      },
    ],
    [
      'it is empty',
      () => {
        writeFileSync(pidFile, '')
      },
    ],
    [
      'it names no process',
      () => {
        writeFileSync(pidFile, 'starting\n')
      },
    ],
    [
      'it names a process that lives',
      () => {
        writeFileSync(pidFile, `${process.pid}\n`)
      },
    ],
    [
      'it has no end',
      () => {
        rmSync(pidFile)
        spawnSync('truncate', ['--size=500G', pidFile])
      },
    ],
    [
      'it is a pipe',
      () => {
        rmSync(pidFile)
        spawnSync('mkfifo', [pidFile])
      },
    ],
    [
      'it is a link',
      () => {
        writeFileSync(join(data, 'elsewhere'), `${GONE}\n`)
        rmSync(pidFile)
        symlinkSync('elsewhere', pidFile)
      },
    ],
    [
      'there is no control file',
      () => {
        rmSync(join(data, 'global/pg_control'))
      },
    ],
    [
      'the WAL is nowhere',
      () => {
        rmSync(join(data, 'pg_wal'), { recursive: true })
      },
    ],
    // (For root, who may write there as far as the modes say. A real disk that is full: root/pgsql-hangs.)
    [
      'the disk of the WAL has no room',
      () => {
        rmSync(join(data, 'pg_wal'), { recursive: true })
        symlinkSync('/proc', join(data, 'pg_wal'))
      },
    ],
  ])('where %s, Node is asked', (_, change) => {
    change()
    expect(monitored()).toBe('asks Node')
  })

  test('a process of it is left', () => {
    const left = spawn('sleep', ['60'], { cwd: data })
    try {
      expect(monitored()).toBe('asks Node')
    } finally {
      left.kill('SIGKILL')
    }
  })
})
