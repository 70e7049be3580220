/**
 * A program of another account's has no way to hold up the agent, nor to go on when the agent has ended it.
 *
 * @alone deadlines of a second are to be kept
 */
import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { build } from 'esbuild'
import { Deadline, ExitCode } from '../../lib/ocf'
import { type Instance } from '../../lib/postgres/instance'
import { restores } from '../../lib/postgres/restore-command'
import { askUpstream } from '../../lib/postgres/upstream'
import { isStill } from '../../lib/system/end-program'
import { startTime } from '../../lib/system/processes'
import { runProgram } from '../../lib/system/run-program'
import { idOf, PG_BIN } from '../root/support/server'
import { eventually, processesWith, timed } from './support/timing'

jest.setTimeout(60_000)

const REPOSITORY = join(__dirname, '../..')

let directory: string
let instance: Instance
/** A time to sleep that no other test has: by it the processes are found. */
let nap = 71_000

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-programs-'))
  chmodSync(directory, 0o755)
  const owner = { name: 'postgres', uid: idOf('-u', 'postgres'), gid: idOf('-g', 'postgres') }
  instance = {
    dataDirectory: '/',
    owner,
    pgctl: join(PG_BIN, 'pg_ctl'),
    configFile: '',
    logFile: '/dev/null',
    startOptions: '',
    ctlOptions: [],
    host: '',
    port: 5432,
    socketDirectory: '',
    libraries: '',
  }
})
afterEach(() => {
  for (const pid of processesWith(`sleep ${nap}`)) process.kill(pid, 'SIGKILL')
  nap += 1
})
afterAll(() => {
  rmSync(directory, { recursive: true, force: true })
})

const HELD_UP: readonly (readonly [string, (nap: string) => string])[] = [
  ['one that takes long', (nap) => nap],
  ['a child', (nap) => `${nap} & wait`],
  ['a child in a session of its own', (nap) => `setsid ${nap} & wait`],
  ['a child whose parent has ended', (nap) => `(setsid ${nap} &) ; sleep 30`],
  ['a child that heeds no signal but SIGKILL', (nap) => `(trap '' INT TERM HUP; ${nap} & wait) & wait`],
  ['one that starts others all the time', (nap) => `while :; do ${nap} & sleep 0.05; done`],
]

describe.each(HELD_UP)('restore_command: %s', (_, command) => {
  test('is over at the deadline, with all of its descendants', async () => {
    const text = command(`sleep ${nap}`)
    const { seconds, ownSeconds, result } = await timed(() =>
      restores(instance, text, '000000010000000000000001', '', directory, new Deadline(1000)),
    )
    expect(result).toBeUndefined()
    expect(seconds).toBeGreaterThan(0.95)
    expect(ownSeconds).toBeLessThan(2.5)
    await eventually(() => processesWith(`sleep ${nap}`).length === 0)
    expect(processesWith(`sleep ${nap}`)).toEqual([])
  })
})

/** Each of its processes lives only until it has started the next one, and has no parent by which it could be found. */
const CHAINS = `$SIG{CHLD} = 'IGNORE'; my $end = time + 12;
  for (1 .. 8) { unless (fork) { setpgrp; while (time < $end) { POSIX::_exit(0) if fork } POSIX::_exit(0) } }
  sleep 12`

test('one whose processes are replaced faster than they are found does not hold up the agent', async () => {
  const { ownSeconds, result } = await timed(() =>
    runProgram('perl', ['-MPOSIX', '-e', CHAINS], {
      as: instance.owner,
      deadline: new Deadline(1000),
      cwd: '/',
    }),
  )
  expect(result).toMatchObject({ timedOut: true })
  expect(ownSeconds).toBeLessThan(4)
  await eventually(() => processesWith('-MPOSIX -e $SIG{CHLD}').length === 0, 15_000)
})

/** Heeds no SIGTERM, and always has a new child. */
const OFFSPRING = `$SIG{CHLD} = $SIG{TERM} = 'IGNORE'; my $end = time + 20;
  for (1 .. 5) { last unless fork }
  while (time < $end) { unless (fork) { select undef, undef, undef, 0.03; POSIX::_exit(0) } }`

test('one that goes on starting others does not hold up the agent that asks it to end', async () => {
  const stop = new AbortController()
  const args = ['-MPOSIX', '-e', OFFSPRING]
  const options = { as: instance.owner, deadline: new Deadline(8000), cwd: '/', stop: stop.signal }
  const running = runProgram('perl', args, options)
  expect(await eventually(() => processesWith('-MPOSIX -e $SIG{CHLD}').length > 5, 7000)).toBe(true)
  const { ownSeconds } = await timed(() => {
    stop.abort()
    return Promise.resolve()
  })
  expect(ownSeconds).toBeLessThan(1)
  expect(await running).toMatchObject({ timedOut: true })
  expect(await eventually(() => processesWith('-MPOSIX -e $SIG{CHLD}').length === 0, 30_000)).toBe(true)
})

test('a later process of the same number is not taken for a descendant', () => {
  const pid = process.pid
  const [started, user] = [startTime(pid) ?? '', process.getuid?.() ?? 0]
  expect(isStill({ pid, started, user }, instance.owner.uid)).toBe(true)
  expect(isStill({ pid, started, user: instance.owner.uid }, user)).toBe(true)
  expect(isStill({ pid, started: `${Number(started) + 1}`, user }, user)).toBe(false)
  expect(isStill({ pid, started, user: instance.owner.uid }, instance.owner.uid)).toBe(false)
})

describe('a program that prints without end', () => {
  const reason = expect.stringMatching(/^(?:perl|sh) printed more than 67108864 characters and was ended$/)
  const flood = '$0 = "flood"; my $line = "x" x 65536; print $line while 1'

  test('is ended, with all that it has started, and its output is not kept', async () => {
    const options = { as: instance.owner, deadline: new Deadline(30_000), cwd: '/' }
    const text = `sleep ${nap} & perl -e '${flood}' >&2 & perl -e '${flood}'`
    await expect(runProgram('sh', ['-c', text], options)).rejects.toMatchObject({ reason })
    await eventually(() => processesWith(`sleep ${nap}`).length === 0)
    expect(processesWith(`sleep ${nap}`)).toEqual([])
  })

  test('restore_command: what it has made is removed', async () => {
    const place = mkdtempSync(join(directory, 'tmp-'))
    await runProgram('chown', ['postgres:', place], { deadline: new Deadline(5000) })
    const text = `echo begun >"%p"; exec perl -e '${flood.replace('$0 = "flood"; ', '')}'`
    const restored = restores(instance, text, '000000010000000000000001', '', place, new Deadline(30_000))
    await expect(restored).rejects.toMatchObject({ reason })
    expect(readdirSync(place)).toEqual([])
  })
})

test('a command that has ended is over, whatever it has left running with its output open', async () => {
  const { seconds, result } = await timed(() =>
    runProgram('sh', ['-c', `echo said; setsid sleep ${nap} & exit 3`], { deadline: new Deadline(20_000) }),
  )
  expect(result).toMatchObject({ code: 3, stdout: 'said\n', timedOut: false })
  // The shell has to start first, on a machine that may be busy; what it has left would take until the deadline.
  expect(seconds).toBeLessThan(10)
  expect(processesWith(`sleep ${nap}`)).toHaveLength(1)
})

test('all that a program has printed is there, however much it is', async () => {
  const { stdout, code } = await runProgram('sh', ['-c', 'seq 1 300000'], { deadline: new Deadline(20_000) })
  expect({ code, length: stdout.length }).toEqual({ code: 0, length: 1_988_895 })
})

test('a deadline of more than 24.8 days does not end a program at once', async () => {
  const deadline = new Deadline(40 * 86_400_000)
  expect(await runProgram('sh', ['-c', 'sleep 0.2; echo done'], { deadline })).toMatchObject({
    code: 0,
    stdout: 'done\n',
    timedOut: false,
  })
})

test('no directory to run in: said so, and not that the program is missing', async () => {
  const running = runProgram('true', [], { deadline: new Deadline(5000), cwd: '/no/such/directory' })
  await expect(running).rejects.toMatchObject({
    code: ExitCode.ERR_GENERIC,
    reason: 'cannot run true in /no/such/directory: there is no such directory',
  })
})

describe('a primary that takes the connection and says nothing', () => {
  let silent: Server
  const sockets: Socket[] = []

  beforeAll(async () => {
    silent = createServer((socket) => {
      socket.on('error', () => undefined)
      sockets.push(socket)
    })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  })
  afterAll(() => {
    for (const socket of sockets) socket.destroy()
    silent.close()
  })

  test('the question ends at the deadline', async () => {
    const { port } = silent.address() as { port: number }
    const place = mkdtempSync(join(directory, 'tmp-'))
    await runProgram('chown', ['postgres:', place], { deadline: new Deadline(5000) })
    const settings = { host: '127.0.0.1', port: String(port), connect_timeout: '0' }
    const { ownSeconds, result } = await timed(() =>
      askUpstream(instance, settings, 'psql', place, new Deadline(1500)).catch((error: unknown) => error),
    )
    expect(result).toMatchObject({ reason: 'psql did not end in time' })
    expect(ownSeconds).toBeLessThan(3)
    expect(processesWith(place)).toEqual([])
  })
})

test('a cluster manager that kills the group of an agent ends what the agent runs as another account', async () => {
  const runner = join(directory, 'runner.cjs')
  await build({
    stdin: {
      contents: `
        import { Deadline } from './lib/ocf'
        import { restores } from './lib/postgres/restore-command'
        const [instance, command] = JSON.parse(process.argv[2])
        void restores(instance, command, 'f', '', '/tmp', new Deadline(60000))`,
      resolveDir: REPOSITORY,
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    outfile: runner,
    logLevel: 'warning',
  })
  const argument = JSON.stringify([instance, `sleep ${nap} & sleep ${nap}`])
  const agent = spawn(process.execPath, [runner, argument], { detached: true, stdio: 'ignore' })
  const sleepers = (): readonly number[] => processesWith(`sleep ${nap}`)
  expect(await eventually(() => sleepers().length >= 2)).toBe(true)
  process.kill(-(agent.pid ?? 0), 'SIGKILL')
  expect(await eventually(() => sleepers().length === 0)).toBe(true)
})
