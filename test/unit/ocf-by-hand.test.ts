import { describe, expect, test, jest } from '@jest/globals'
import { ExitCode } from '../../lib/ocf'
import { runByHand } from '../../lib/ocf/by-hand'
import { outputOf } from './support/output'
import { type Context, sampleAgent } from './support/sample-agent'

/** Runs the agent as a person does, and keeps what the handler was given. */
async function run(args: readonly string[], resources: Record<string, Record<string, string>> = {}) {
  const seen: Context[] = []
  const monitor = (context: Context): ExitCode => {
    seen.push(context)
    context.explain?.observed({ up: true })
    context.explain?.decided({ exit: 7 })
    context.explain?.wouldDo(['turn it on'])
    return ExitCode.NOT_RUNNING
  }
  const output = await outputOf(() =>
    runByHand(sampleAgent({ monitor }), args, {
      metadata: '<xml/>\n',
      resourceEnvironment: (id) => {
        const env = resources[id]
        return env ? Promise.resolve(env) : Promise.reject(new Error(`there is no resource '${id}'`))
      },
    }),
  )
  return { ...output, context: seen[0] }
}

test('without arguments: the help, as an error', async () => {
  const { result, stdout, stderr } = await run([])
  expect({ result, stdout }).toEqual({ result: ExitCode.ERR_ARGS, stdout: '' })
  expect(stderr).toContain('Usage: sample [options] <action>')
})

test('--help names the actions, the parameters with their defaults, and the exit codes', async () => {
  const { result, stdout } = await run(['--help'])
  expect(result).toBe(0)
  expect(stdout).toMatch(/action +start, stop, monitor, promote, meta-data/)
  expect(stdout).toMatch(/^ +path +required +Where it is$/m)
  expect(stdout).toMatch(/^ +port +5432 +Port$/m)
  expect(stdout).toMatch(/^ +hosts +- +Hosts$/m)
  expect(stdout).toMatch(/^ +config +derived +Configuration$/m)
  expect(stdout).toContain('7 not running')
})

test('--version is the agent’s', async () => {
  expect(await run(['--version'])).toMatchObject({ result: 0, stdout: '1.2.3\n' })
})

describe('--set', () => {
  test('sets parameters, also with blanks and equals signs', async () => {
    const { result, stdout, context } = await run([
      'monitor',
      '--set',
      'path=/a b',
      '--set',
      'config=x=y',
      '--set',
      'port=1',
    ])
    expect(result).toBe(7)
    expect(context?.values).toMatchObject({ path: '/a b', config: 'x=y', port: 1 })
    expect(stdout).toBe('sample monitor: not running (7)\n')
  })

  test('refuses a parameter that is not there, and names those that are', async () => {
    const { result, stderr } = await run(['monitor', '--set', 'pgdata=/x'])
    expect(result).toBe(ExitCode.ERR_ARGS)
    expect(stderr).toContain("there is no parameter 'pgdata'; there are path, port, retries")
  })

  test('refuses what is no assignment', async () => {
    const { result, stderr } = await run(['monitor', '--set', 'path'])
    expect(result).toBe(ExitCode.ERR_ARGS)
    expect(stderr).toContain("write it as NAME=VALUE, not 'path'")
  })
})

describe('--resource', () => {
  const resources = { s1: { OCF_RESKEY_path: '/live', OCF_RESKEY_port: '7', OCF_RESOURCE_INSTANCE: 's1' } }

  test('takes the parameters of the live cluster; --set goes before them', async () => {
    const { context } = await run(['monitor', '--resource', 's1', '--set', 'port=8'], resources)
    expect(context?.values).toMatchObject({ path: '/live', port: 8 })
    expect(context?.env.resource).toBe('s1')
  })

  test('says when there is none of that name', async () => {
    const { result, stderr } = await run(['monitor', '--resource', 'nope'], resources)
    expect(result).toBe(ExitCode.ERR_ARGS)
    expect(stderr).toBe("--resource nope: there is no resource 'nope'\n")
  })
})

test('--node and --timeout stand in for what the cluster would say', async () => {
  const { context } = await run(['monitor', '--set', 'path=/p', '--node', 'node9', '--timeout', '100'])
  expect(context?.env).toMatchObject({ node: 'node9', timeoutMs: 100_000 })
  expect(await run(['monitor', '--timeout', 'soon'])).toMatchObject({
    result: ExitCode.ERR_ARGS,
    stderr: "--timeout: 'soon' is not a number of seconds\n",
  })
})

test('--explain shows what was found, decided and would be done', async () => {
  const { stdout } = await run(['monitor', '--set', 'path=/p', '--explain'])
  expect(stdout).toBe(
    'observed:\n  { up: true }\ndecided:\n  { exit: 7 }\nwould do:\n  - turn it on\nsample monitor: not running (7)\n',
  )
  expect((await run(['monitor', '--set', 'path=/p'])).context?.explain).toBeUndefined()
})

test('--explain is refused by an agent that would act all the same', async () => {
  const handler = jest.fn(() => ExitCode.SUCCESS)
  const agent = { ...sampleAgent({ monitor: handler }), explains: false }
  const { result, stderr } = await outputOf(() =>
    runByHand(agent, ['monitor', '--set', 'path=/p', '--explain'], { metadata: '' }),
  )
  expect(result).toBe(ExitCode.ERR_ARGS)
  expect(stderr).toBe('sample cannot explain itself: without --explain it would act\n')
  expect(handler).not.toHaveBeenCalled()
})

test('an action that prints its result prints nothing else', async () => {
  expect((await run(['meta-data', '--debug'])).stdout).toBe('<xml/>\n')
})

test('an option that is not there', async () => {
  const { result, stderr } = await run(['monitor', '--sets'])
  expect(result).toBe(ExitCode.ERR_ARGS)
  expect(stderr).toContain("unknown option '--sets'")
})
