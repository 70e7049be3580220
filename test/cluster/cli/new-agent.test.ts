/** An agent that `ocf-ts new-agent` wrote, under pacemaker: configured, started, killed, recovered, stopped. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { makeProject, type Project, told } from '../../root/support/project'
import { Lab, type LabNode, until } from '../lab'

const MINUTE = 60_000
jest.setTimeout(MINUTE)

const PIDFILE = '/run/my-daemon-daemon.pid'

let project: Project
let lab: Lab
let node: LabNode

beforeAll(async () => {
  project = makeProject()
  project.run(told.install)
  project.addPromotable('pair')
  lab = await Lab.create({
    binds: [{ source: join(project.ocfRoot, 'resource.d/local'), target: '/usr/lib/ocf/resource.d/local' }],
  })
  node = lab.node('node1')
  // The other one comes in later, so that it is known where a resource runs.
  await lab.boot(['node1'])
  await lab.configure('property stonith-enabled=false\n')
}, 3 * MINUTE)

afterAll(async () => {
  await lab.destroy()
  project.remove()
}, MINUTE)

/** The process that the agent looks after, while there is one. */
async function processNumber(): Promise<string | undefined> {
  const { code, stdout } = await node.run(['cat', PIDFILE])
  return code === 0 ? stdout.split(' ')[0] : undefined
}

const running = (): Promise<boolean> =>
  node
    .run(['crm_resource', '--resource', 'daemon', '--locate'])
    .then(({ stdout }) => stdout.includes('node1'))

test('the commands of README.md: crm knows the agent, and it is configured and runs', async () => {
  const commands = told.configure.split('\n')
  expect(commands).toHaveLength(3)
  const [info = '', configure = '', look = ''] = commands
  expect(await node.must(['sh', '-c', info])).toMatch(/^program\* \(string\): Program to run$/m)
  await node.must(['sh', '-c', configure])
  await node.must(['crm_resource', '--wait', '--timeout', '30'])
  expect(await node.must(['sh', '-c', look])).toMatch(/daemon\s+\(ocf:+local:my-daemon\):\s+Started node1/)
  expect(await processNumber()).toMatch(/^\d+$/)
})

test('a program that is killed is started again', async () => {
  const before = await processNumber()
  await node.must(['kill', '-KILL', before ?? ''])
  await until('another process runs', async () => {
    const now = await processNumber()
    return now !== undefined && now !== before
  })
  await node.must(['crm_resource', '--wait', '--timeout', '30'])
  expect(await running()).toBe(true)
  expect(await node.must(['crm_mon', '-1rf'])).toMatch(/daemon: .*fail-count=1/)
})

test('a wrong parameter: the reason stands in crm_mon', async () => {
  await node.must([
    'crm',
    '-F',
    'configure',
    'primitive',
    'wrong',
    'ocf:local:my-daemon',
    'params',
    'program=/nowhere',
  ])
  await node.must(['crm_resource', '--wait', '--timeout', '30'])
  expect(await node.must(['crm_mon', '-1r'])).toContain('program: /nowhere is no program on this node')
  await node.must(['crm', '-F', 'configure', 'delete', 'wrong'])
})

test('a stop ends the program, and leaves nothing', async () => {
  const before = (await processNumber()) ?? ''
  await node.must(['crm', 'resource', 'stop', 'daemon'])
  await node.must(['crm_resource', '--wait', '--timeout', '30'])
  expect(await running()).toBe(false)
  expect(await processNumber()).toBeUndefined()
  expect((await node.run(['kill', '-0', before])).code).not.toBe(0)
})

test(
  'a promotable agent: promoted on one node, and on the other when that one is gone from',
  async () => {
    await lab.boot(['node2'])
    await node.must([
      ...['crm', '-F', 'configure', 'primitive', 'pair', 'ocf:local:pair'],
      ...['params', 'program=/bin/sleep', 'arguments=1000000', 'promote=/usr/bin/touch /run/promoted'],
      ...['demote=/bin/rm -f /run/promoted'],
      ...[
        'op',
        'monitor',
        'interval=10s',
        'role=Unpromoted',
        'op',
        'monitor',
        'interval=9s',
        'role=Promoted',
      ],
    ])
    const meta = ['meta', 'promotable=true', 'notify=true']
    await node.must(['crm', '-F', 'configure', 'clone', 'pair-clone', 'pair', ...meta])
    const promoted = async (): Promise<readonly string[]> => {
      const marks = await Promise.all(
        lab.nodes.map(async (one) =>
          (await one.run(['test', '-e', '/run/promoted'])).code === 0 ? one.name : '',
        ),
      )
      return marks.filter(Boolean)
    }
    const first = await until('one node is promoted', async () => (await promoted())[0])
    await node.must(['crm_resource', '--wait', '--timeout', '30'])
    expect(await node.must(['crm_mon', '-1r'])).toMatch(new RegExp(`(Promoted|Masters): \\[ ${first} \\]`))
    const other = first === 'node1' ? 'node2' : 'node1'
    await node.must(['crm', 'node', 'standby', first])
    await until('the other is promoted', async () => (await promoted()).join() === other)
    await node.must(['crm_resource', '--wait', '--timeout', '30'])
    const after = await node.must(['crm_mon', '-1r'])
    expect(after).toMatch(new RegExp(`(Promoted|Masters): \\[ ${other} \\]`))
    // What stands there of the other resource is its program that was killed.
    expect(after.split('\n').filter((line) => / returned /.test(line) && !line.includes('daemon'))).toEqual(
      [],
    )
  },
  2 * MINUTE,
)
