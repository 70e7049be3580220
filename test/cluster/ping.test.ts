/**
 * What the ping agent's attribute does in a real cluster, beside the shell agent's.
 *
 * @systems debian12 debian13
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type ClusterStatus, Lab, type LabNode, monotonicMs, until } from './lab'

const MINUTE = 60_000
const DAMPEN_S = 5

/** Two that a node loses with its first network, and two that it has in itself. */
const HOSTS = '192.168.100.1 192.168.100.10 ::1 localhost'
const OUTSIDE = '192.168.100.1'

let lab: Lab
let node1: LabNode
let node2: LabNode

beforeAll(async () => {
  lab = await Lab.create()
  await lab.boot()
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
}, 2 * MINUTE)

afterAll(async () => {
  await lab.destroy()
}, MINUTE)

const primitive = (id: string, agent: string, params: string): string => `
primitive ${id} ${agent} \\
    params name="${id}" attempts="2" timeout="1" use_fping="0" ${params} \\
    op monitor interval="1s" timeout="60s" on-fail="ignore"`

const counting = (id: string, agent: string): string =>
  `${primitive(id, agent, `host_list="${HOSTS}" multiplier="100" dampen="0"`)}
clone ${id}-clone ${id}`

const unique = (id: string, agent: string): string =>
  `${primitive(id, agent, `host_list="${OUTSIDE}" dampen="0"`)}
clone ${id}-clone ${id} meta globally-unique="true" clone-max="4" clone-node-max="2"`

const configuration = `
property stonith-enabled="false" no-quorum-policy="ignore"
${counting('ours', 'ocf:ts:ping')}
${counting('theirs', 'ocf:pacemaker:ping')}
${primitive('slow', 'ocf:ts:ping', `host_list="${OUTSIDE}" dampen="${DAMPEN_S}s"`)}
clone slow-clone slow
primitive service ocf:pacemaker:Dummy
location service-with-connection service rule -inf: not_defined ours or ours lt 300
location service-home service 10: node1
`

const has =
  (node: string, expected: Readonly<Record<string, string>>) =>
  (status: ClusterStatus): boolean =>
    Object.entries(expected).every(([name, value]) => status.attribute(node, name) === value)

const all = { ours: '400', theirs: '400', slow: '1' }

/** What the attributes' daemon on the node holds, which dampening does not delay. */
async function undampened(name: string): Promise<string | undefined> {
  const { stdout } = await node1.run(['attrd_updater', '-Q', '-n', name, '-N', 'node1'])
  return /value="([^"]*)"/.exec(stdout)?.[1]
}

/** Each line of crm_mon about an attribute of this name, without its indentation: node1's, then node2's. */
async function shown(name: string): Promise<string[]> {
  const text = await node2.must(['crm_mon', '-A1'])
  return text.split('\n').flatMap((line) => {
    const [, found, rest] = /^[\s*]+(\S+)\s+:\s*(.*?)\s*$/.exec(line) ?? []
    return found === name && rest !== undefined ? [rest.replace(/\s+/g, ' ')] : []
  })
}

/** When the resource was started, by its note; a restart makes a new one. */
const startedAt = (name: string): Promise<string> => node1.must(['stat', '-c', '%i %W', `/run/ping-${name}`])

test(
  'name, host_list and multiplier: every node has the attribute, with the value that the shell agent writes',
  async () => {
    expect(await lab.configure(configuration)).toBe('')
    await lab.waitFor(
      'every agent has written on both nodes',
      (status) => has('node1', all)(status) && has('node2', all)(status),
    )
    await lab.waitFor('the service is at home', (status) => status.nodeOf('service') === 'node1')
    await node1.must(['ls', '/run/ping-ours', '/run/ping-theirs'])
    expect(await shown('ours')).toEqual(['400', '400'])
  },
  MINUTE,
)

test(
  'a node that loses hosts is left by what needs them; crm_mon says so as it does for the shell agent',
  async () => {
    await node1.cutOff(['eth0'])
    await until('the dampened agent has seen it', async () => (await undampened('slow')) === '0')
    const seen = monotonicMs()
    await lab.waitFor('the dampened value has reached the cluster', has('node1', { slow: '0' }))
    // From the agent's own call, which was up to a poll before it was seen.
    expect(monotonicMs() - seen).toBeGreaterThan((DAMPEN_S - 1) * 1000)
    await lab.waitFor('the others', has('node1', { ours: '200', theirs: '200' }))
    await lab.waitFor('the service has moved', (status) => status.nodeOf('service') === 'node2')
    expect(await shown('ours')).toEqual(['200 : Connectivity is degraded (Expected=400)', '400'])
    expect(await shown('theirs')).toEqual(await shown('ours'))

    expect(await shown('slow')).toEqual(['0 : Connectivity is lost', '1'])

    await node1.heal(['eth0'])
    await lab.waitFor('the node has the connection again', has('node1', all))
    await lab.waitFor('the service is at home', (status) => status.nodeOf('service') === 'node1')
  },
  2 * MINUTE,
)

test(
  'dampen: a loss that is shorter never reaches the cluster',
  async () => {
    await node1.cutOff(['eth0'])
    await until('the agent has seen the loss', async () => (await undampened('slow')) === '0')
    await node1.heal(['eth0'])
    await until('the agent has seen the return', async () => (await undampened('slow')) === '1')
    const seen = new Set<string | undefined>()
    const end = monotonicMs() + (DAMPEN_S + 1) * 1000
    while (monotonicMs() < end) seen.add((await lab.status()).attribute('node1', 'slow'))
    expect([...seen]).toEqual(['1'])
  },
  MINUTE,
)

test(
  'multiplier and failure_score, changed while it runs, count from the next monitor on without a restart',
  async () => {
    const before = await startedAt('ours')
    await node1.must(['crm', 'resource', 'param', 'ours', 'set', 'multiplier', '1000'])
    await lab.waitFor('the new multiplier', (status) =>
      ['node1', 'node2'].every((node) => status.attribute(node, 'ours') === '4000'),
    )
    await node1.must(['crm', 'resource', 'param', 'ours', 'set', 'failure_score', '3000'])
    await node1.cutOff(['eth0'])
    const { failures } = await lab.waitFor('the monitor has failed', (status) =>
      status.failures.some(({ resource }) => resource.startsWith('ours')),
    )
    expect(failures).toEqual([
      expect.objectContaining({ task: 'monitor', node: 'node1', exitCode: 1, status: 'complete' }),
    ])
    expect(failures[0]?.exitReason).toContain('less than failure_score=3000')
    expect(await startedAt('ours')).toBe(before)
    await node1.heal(['eth0'])
    await lab.waitFor('the connection again', has('node1', { ours: '4000' }))
  },
  MINUTE,
)

test(
  'instances of a globally unique clone have a note each, named as the shell agent’s',
  async () => {
    expect(
      await lab.configure(`${unique('single', 'ocf:ts:ping')}\n${unique('shell', 'ocf:pacemaker:ping')}`),
    ).toBe('')
    await lab.waitFor('two of each run on each node', (status) =>
      ['single', 'shell'].every((id) =>
        ['node1', 'node2'].every(
          (node) =>
            status.resources.filter(
              (found) => found.id.startsWith(id) && found.node === node && found.role === 'Started',
            ).length === 2,
        ),
      ),
    )
    const notes = async (node: LabNode, id: string): Promise<string[]> =>
      (await node.must(['sh', '-c', `cd /run && ls -d ping-${id}*`]))
        .split('\n')
        .filter((line) => line !== '')
        .map((note) => note.replace(id, ''))
    for (const node of [node1, node2]) {
      expect(await notes(node, 'single')).toHaveLength(2)
      expect((await notes(node, 'single')).every((note) => /^ping-:\d$/.test(note))).toBe(true)
    }
    const everywhere = async (id: string): Promise<string[]> =>
      [...(await notes(node1, id)), ...(await notes(node2, id))].sort()
    expect(await everywhere('single')).toEqual(await everywhere('shell'))
  },
  MINUTE,
)
