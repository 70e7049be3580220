/**
 * The ping agent as an executable: real hosts that answer and that do not. The attribute takes a cluster:
 * test/cluster.
 *
 * @alone an answer is to come within a second
 */
import { existsSync, lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { agent } from '../../agents/ping/agent'
import { type AgentResult } from './support/agent'
import { bundleInto } from './support/bundle'
import { Link } from './support/link'

jest.setTimeout(60_000)

const ALIVE = '10.9.0.2'
const ALIVE6 = 'fd00:9::2'
const DEAD = '10.9.0.77'
const DEAD6 = 'fd00:9::77'
const ELSEWHERE = '172.16.0.1'
const RECURRING = { OCF_RESKEY_CRM_meta_interval: '10000' }

let directory: string
let executable: string
let pidfile: string
let link: Link

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-ping-'))
  executable = await bundleInto(directory, agent)
  link = Link.create()
})
afterAll(() => {
  link.remove()
  rmSync(directory, { recursive: true, force: true })
})
beforeEach(() => {
  pidfile = join(directory, 'started')
  rmSync(pidfile, { force: true })
})

type Params = Readonly<Record<string, string>>

function call(action: string, params: Params = {}, env: Params = {}) {
  return link.node.call(executable, action, { params: { host_list: ALIVE, pidfile, ...params }, env })
}

/** A monitor that publishes nothing, and what it found. */
async function ask(params: Params): Promise<AgentResult & { readonly ms: number; readonly value: number }> {
  writeFileSync(pidfile, '')
  const { PATH = '/usr/bin:/bin' } = params
  const variables = Object.entries({ host_list: ALIVE, pidfile, ...params }).map(([name, value]) => [
    `OCF_RESKEY_${name}`,
    value,
  ])
  const result = await link.node.run([executable, 'monitor', '--explain'], {
    PATH,
    ...(Object.fromEntries(variables) as NodeJS.ProcessEnv),
  })
  return { ...result, value: Number(/set node attribute pingd to (-?\d+)/.exec(result.stdout)?.[1]) }
}

describe.each([
  ['ping', 'no'],
  ['fping', 'yes'],
])('with %s', (program, use_fping) => {
  test.each([
    ['IPv4', ALIVE],
    ['IPv6', ALIVE6],
    ['a name', 'localhost'],
  ])('a host that answers is known at once: %s', async (_, host_list) => {
    const { code, value, ms } = await ask({ host_list, use_fping })
    expect({ code, value }).toEqual({ code: 0, value: 1 })
    expect(ms).toBeLessThan(1000)
  })

  test('hosts are asked side by side: many dead ones take as long as one', async () => {
    const host_list = [ALIVE, DEAD, ALIVE6, DEAD6, '10.9.0.78', '10.9.0.79', '10.9.0.80', '10.9.0.81'].join(
      ' ',
    )
    const { code, value, ms, stdout } = await ask({ host_list, use_fping, multiplier: '100', timeout: '1' })
    expect({ code, value }).toEqual({ code: 0, value: 200 })
    expect(stdout).toMatch(/unreachable: \[\s*'10\.9\.0\.77',\s*'fd00:9::77'/)
    // Three attempts, a second for the answer to the last.
    expect(ms).toBeGreaterThan(900)
    expect(ms).toBeLessThan(3500)
  })

  test('a host in a network without a route is unreachable, and the log says why', async () => {
    const { code, value, stderr } = await ask({ host_list: `${ELSEWHERE} ${ALIVE}`, use_fping })
    expect({ code, value }).toEqual({ code: 0, value: 1 })
    expect(stderr).toMatch(new RegExp(`ERROR: ${program}: .*Network is unreachable`))
  })

  test('a name that nobody knows is unreachable, and the log says why', async () => {
    const { code, value, stderr } = await ask({ host_list: `nosuch.invalid ${ALIVE}`, use_fping })
    expect({ code, value }).toEqual({ code: 0, value: 1 })
    expect(stderr).toMatch(new RegExp(`ERROR: ${program}: .*nosuch\\.invalid`))
  })

  test('fails below failure_score and names the hosts', async () => {
    const params = { host_list: `${ALIVE} ${DEAD}`, use_fping, failure_score: '2', timeout: '500ms' }
    expect(await ask(params)).toMatchObject({
      code: 1,
      value: 1,
      reason: `pingd is 1, less than failure_score=2: no answer from ${DEAD}`,
    })
  })

  test('options reach the program', async () => {
    expect((await ask({ use_fping, options: '-I eth0' })).value).toBe(1)
    expect((await ask({ use_fping, options: '-I lo', timeout: '300ms' })).value).toBe(0)
  })

  test('options that it does not know are a mistake, and no unreachable host', async () => {
    expect(await ask({ use_fping, options: '-Z' })).toMatchObject({
      code: 2,
      reason: expect.stringMatching(
        new RegExp(`^options: ${program} does not accept '-Z': .*invalid option`),
      ),
    })
  })

  test('with debug, hosts that do not answer are logged', async () => {
    const params = { host_list: DEAD, use_fping, attempts: '1', timeout: '300ms' }
    expect((await ask({ ...params, debug: 'true' })).stderr).toContain(`${DEAD} does not answer`)
    expect((await ask({ ...params, debug: 'false' })).stderr).not.toContain('does not answer')
  })

  test('a lost first packet is followed by another, soon', async () => {
    const begin = performance.now()
    const asking = ask({ host_list: DEAD, use_fping, attempts: '5', timeout: '2' })
    // The host appears while it is being asked.
    await new Promise((resolve) => setTimeout(resolve, 600))
    link.peer.ip('address', 'add', `${DEAD}/24`, 'dev', 'eth0')
    try {
      expect((await asking).value).toBe(1)
      expect(performance.now() - begin).toBeLessThan(3000)
    } finally {
      link.peer.ip('address', 'delete', `${DEAD}/24`, 'dev', 'eth0')
    }
  })
})

test('fping that is made quiet still tells whether all answer, and an unknown answer is no "no"', async () => {
  const params = { use_fping: 'yes', options: '-q', timeout: '300ms' }
  expect(await ask(params)).toMatchObject({ code: 0, value: 1 })
  expect(await ask({ ...params, host_list: `${ALIVE} ${DEAD}` })).toMatchObject({
    code: 2,
    reason: expect.stringMatching(/^options: with '-q' fping does not say which hosts answer/),
  })
})

test('pings end in time for what is left to do, however long they may wait', async () => {
  writeFileSync(pidfile, '')
  const params = { use_fping: 'no', host_list: DEAD, timeout: '60' }
  const env = { ...RECURRING, OCF_RESKEY_CRM_meta_timeout: '4000' }
  const { code, ms } = await call('monitor', params, env)
  // There is no pacemaker here to take the value, but there was time to try.
  expect(code).toBe(1)
  expect(ms).toBeLessThan(4000)
})

describe('without a cluster', () => {
  test.each(['start', 'monitor'])('%s says that there is no pacemaker', async (action) => {
    if (action === 'monitor') writeFileSync(pidfile, '')
    const { code, reason, ms } = await call(action, {}, RECURRING)
    expect(code).toBe(1)
    expect(reason).toMatch(/attrd_updater .*pacemaker/)
    expect(ms).toBeLessThan(20_000)
  })

  test('a value below failure_score is published before the monitor fails for it', async () => {
    writeFileSync(pidfile, '')
    const { reason } = await call('monitor', { failure_score: '2', host_list: ALIVE }, RECURRING)
    expect(reason).toMatch(/attrd_updater/)
  })

  test('stop succeeds, and warns', async () => {
    writeFileSync(pidfile, '')
    const { code, stderr } = await call('stop')
    expect(code).toBe(0)
    expect(stderr).toMatch(/WARNING: node attribute pingd is not deleted/)
    expect(existsSync(pidfile)).toBe(false)
    expect((await call('stop')).code).toBe(0)
  })
})

describe('the file that says it is started', () => {
  test('without it, a monitor asks nobody', async () => {
    const { code, ms } = await call('monitor', { host_list: DEAD }, RECURRING)
    expect(code).toBe(7)
    expect(ms).toBeLessThan(1000)
  })

  test('a link in its place is not followed', async () => {
    const victim = join(directory, 'victim')
    writeFileSync(victim, 'precious')
    symlinkSync(victim, pidfile)
    expect((await call('monitor', {}, RECURRING)).code).toBe(7)
    await call('start')
    expect(lstatSync(pidfile).isFile()).toBe(true)
    rmSync(pidfile)
    symlinkSync(victim, pidfile)
    await call('stop')
    expect(readFileSync(victim, 'utf8')).toBe('precious')
  })

  test('a directory that cannot be written to', async () => {
    const params = { pidfile: join(directory, 'no', 'such', 'file') }
    expect(await call('start', params)).toMatchObject({
      code: 4,
      reason: expect.stringMatching(/^pidfile: cannot make .*set pidfile to a file in another directory$/),
    })
    expect(await call('validate-all', params)).toMatchObject({
      code: 2,
      reason: expect.stringMatching(/^pidfile: cannot write to the directory .*; set pidfile/),
    })
  })
})

describe('bad input', () => {
  test.each<[Params, RegExp]>([
    [{ host_list: '' }, /^host_list is not set: it is required/],
    [{ host_list: '-f 10.9.0.2' }, /^host_list: '-f 10\.9\.0\.2' is not allowed/],
    [{ timeout: 'soon' }, /^timeout: 'soon' is not allowed; set timeout to a time/],
  ])(
    '%j: start, monitor and validate-all; a probe finds nothing, and stop succeeds',
    async (params, reason) => {
      for (const action of ['start', 'monitor', 'validate-all']) {
        expect(await call(action, params, RECURRING)).toMatchObject({
          code: 6,
          reason: expect.stringMatching(reason),
        })
      }
      expect((await call('monitor', params)).code).toBe(7)
      expect((await call('stop', params)).code).toBe(0)
    },
  )

  test('a probe where it is started by a configuration that has become wrong', async () => {
    writeFileSync(pidfile, '')
    expect((await call('monitor', { host_list: '' })).code).toBe(6)
  })
})

test('validate-all and reload-agent ask nobody', async () => {
  for (const action of ['validate-all', 'reload-agent']) {
    const { code, ms } = await call(action, { host_list: DEAD })
    expect({ action, code }).toEqual({ action, code: 0 })
    expect(ms).toBeLessThan(1000)
  }
})
