import { describe, expect, test } from '@jest/globals'
import { ExitCode, OcfError } from '../../lib/ocf'
import { dispatch } from '../../lib/ocf/dispatch'
import { outputOf } from './support/output'
import { type Context, sampleAgent } from './support/sample-agent'

const VALID = { OCF_RESKEY_path: '/p', OCF_RESOURCE_INSTANCE: 's1' }

/** Calls an action as pacemaker does. */
function call(
  action: string,
  env: Record<string, string> = VALID,
  handlers?: Parameters<typeof sampleAgent>[0],
) {
  return outputOf(() => dispatch(sampleAgent(handlers), { action, env, metadata: '<xml/>\n' }))
}

const reasonIn = (stderr: string): string | undefined => /^ocf-exit-reason:(.*)$/m.exec(stderr)?.[1]

describe('actions that every agent has', () => {
  const names = ['start', 'stop', 'monitor', 'promote', 'meta-data', 'usage', 'methods', 'validate-all']

  test('meta-data prints what was built in, and needs no parameter', async () => {
    expect(await call('meta-data', {})).toEqual({ result: 0, stdout: '<xml/>\n', stderr: '' })
  })

  test('methods prints one action a line', async () => {
    expect(await call('methods', {})).toEqual({ result: 0, stdout: `${names.join('\n')}\n`, stderr: '' })
  })

  test.each(['usage', 'help'])('%s prints one line', async (action) => {
    expect(await call(action, {})).toEqual({
      result: 0,
      stdout: `usage: sample {${names.join('|')}}\n`,
      stderr: '',
    })
  })

  test('validate-all, without checks of the agent on the host, checks the parameters', async () => {
    expect((await call('validate-all')).result).toBe(0)
    expect((await call('validate-all', {})).result).toBe(6)
  })
})

test.each(['migrate_to', '', 'toString', 'constructor'])(
  "an unknown action '%s' is not implemented",
  async (action) => {
    const { result, stderr } = await call(action)
    expect(result).toBe(ExitCode.ERR_UNIMPLEMENTED)
    expect(stderr).toContain(`sample has no action '${action}'; it has start, stop, monitor`)
  },
)

describe('what a handler is given', () => {
  const contextOf = async (action: string, env: Record<string, string>): Promise<Context> => {
    let given: Context | undefined
    const keep = (context: Context): ExitCode => {
      given = context
      return ExitCode.SUCCESS
    }
    await call(action, env, { start: keep, monitor: keep, stop: keep })
    if (!given) throw new Error('the handler did not run')
    return given
  }

  test('the values, the resource and a log', async () => {
    const { values, env, action, problems } = await contextOf('start', { ...VALID, OCF_RESKEY_port: '1' })
    expect({ port: values.port, path: values.path, resource: env.resource, action, problems }).toEqual({
      port: 1,
      path: '/p',
      resource: 's1',
      action: 'start',
      problems: [],
    })
  })

  test("a value by the name it had in older agents, and the parameter's own name comes first", async () => {
    const old = { ...VALID, OCF_RESKEY_pgport: '7' }
    expect((await contextOf('start', old)).values.port).toBe(7)
    expect((await contextOf('start', { ...old, OCF_RESKEY_port: '' })).values.port).toBe(7)
    expect((await contextOf('start', { ...old, OCF_RESKEY_port: '8' })).values.port).toBe(8)
  })

  test('a monitor with an interval of 0 is a probe', async () => {
    const interval = (ms: string) => ({ ...VALID, OCF_RESKEY_CRM_meta_interval: ms })
    expect((await contextOf('monitor', interval('0'))).probe).toBe(true)
    expect((await contextOf('monitor', interval('7000'))).probe).toBe(false)
    expect((await contextOf('start', interval('0'))).probe).toBe(false)
  })

  test('a deadline before the timeout that the cluster set, or that the meta-data advises', async () => {
    const timeout = (ms: string) => ({ ...VALID, OCF_RESKEY_CRM_meta_timeout: ms })
    const left = async (env: Record<string, string>): Promise<number> =>
      Math.round((await contextOf('start', env)).deadline.remainingMs / 1000)
    expect(await left(timeout('120000'))).toBe(115)
    expect(await left(timeout('10000'))).toBe(9)
    expect(await left(VALID)).toBe(18)
  })
})

describe('the exit code', () => {
  test('is what the handler returns', async () => {
    expect((await call('monitor', VALID, { monitor: () => ExitCode.RUNNING_PROMOTED })).result).toBe(8)
  })

  test('and the reason are those of the error it throws', async () => {
    const { result, stderr } = await call('start', VALID, {
      start: () => {
        throw new OcfError(ExitCode.ERR_INSTALLED, 'pg_ctl is missing\n  install it')
      },
    })
    expect(result).toBe(5)
    expect(stderr).toContain('s1: start: pg_ctl is missing; install it')
    expect(reasonIn(stderr)).toBe('pg_ctl is missing; install it')
  })

  test('is 1 for an error nobody foresaw, with a reason and the stack', async () => {
    const { result, stderr } = await call('start', VALID, {
      start: () => Promise.reject(new TypeError('x is not a function')),
    })
    expect(result).toBe(1)
    expect(reasonIn(stderr)).toBe('start failed: x is not a function')
    expect(stderr).toMatch(/ERROR: TypeError: x is not a function; at /)
  })

  test('the reason has the prefix that the cluster asks for', async () => {
    const { stderr } = await call('start', { OCF_EXIT_REASON_PREFIX: 'why>' })
    expect(stderr).toContain('why>path is not set: it is required (Where it is)\n')
    expect(stderr).not.toContain('ocf-exit-reason:')
  })
})

describe('a wrong configuration', () => {
  const started = { start: (): ExitCode => ExitCode.ERR_GENERIC, monitor: (): ExitCode => ExitCode.DEGRADED }

  test('is refused; the first problem is the reason, every one is in the log', async () => {
    const { result, stderr } = await call(
      'start',
      { ...VALID, OCF_RESKEY_port: 'x', OCF_RESKEY_mode: 'y' },
      started,
    )
    expect(result).toBe(ExitCode.ERR_CONFIGURED)
    expect(reasonIn(stderr)).toBe("port: 'x' is not allowed; set port to a whole number from 1 to 65535")
    expect(stderr).toContain("mode: 'y' is not allowed")
  })

  test('between parameters is refused too', async () => {
    const env = { ...VALID, OCF_RESKEY_quick: '1', OCF_RESKEY_mode: 'sync' }
    const { result, stderr } = await call('start', env, started)
    expect(result).toBe(ExitCode.ERR_CONFIGURED)
    expect(reasonIn(stderr)).toBe("quick cannot be set with mode=sync: set mode to 'none'")
  })

  test('is refused by a recurring monitor', async () => {
    const env = { ...VALID, OCF_RESKEY_port: 'x', OCF_RESKEY_CRM_meta_interval: '7000' }
    expect((await call('monitor', env, started)).result).toBe(ExitCode.ERR_CONFIGURED)
  })

  test('of a parameter that says what the resource is: not running, and stopped', async () => {
    expect((await call('monitor', {}, started)).result).toBe(ExitCode.NOT_RUNNING)
    expect((await call('monitor', { OCF_RESKEY_path: 'relative' }, started)).result).toBe(
      ExitCode.NOT_RUNNING,
    )
    expect((await call('stop', {}, { stop: () => ExitCode.ERR_GENERIC })).result).toBe(ExitCode.SUCCESS)
  })

  test('of another parameter lets a probe and a stop do their work, and tells them', async () => {
    const env = { ...VALID, OCF_RESKEY_port: 'x' }
    expect((await call('monitor', env, started)).result).toBe(ExitCode.DEGRADED)
    let told: readonly string[] = []
    const stop = ({ problems }: Context): ExitCode => {
      told = problems.map(({ name }) => name)
      return ExitCode.SUCCESS
    }
    expect((await call('stop', env, { stop })).result).toBe(ExitCode.SUCCESS)
    expect(told).toEqual(['port'])
  })
})
