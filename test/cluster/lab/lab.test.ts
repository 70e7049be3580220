/**
 * The lab itself, proven without our agents: bare clusters, then the document's cluster on the shell agents.
 *
 * @systems debian12 debian13
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { nodeChoice } from '../../systems'
import { Lab, makeDocumentCluster, shellAgentFiles, until, vipRep } from '.'

describe('a lab', () => {
  let lab: Lab
  beforeAll(async () => {
    lab = await Lab.create({
      agentsDir: __dirname,
      files: [{ target: '/etc/ocf-ts-lab-test', content: 'only here' }],
    })
    await lab.boot()
  }, 60_000)
  afterAll(() => lab.destroy(), 30_000)

  test('is a cluster of nodes that know themselves and each other', async () => {
    expect((await lab.status()).online).toEqual(['node1', 'node2'])
    expect((await lab.node('node2').must(['hostname'])).trim()).toBe('node2')
    expect((await lab.node('node1').run(['ping', '-c1', '-W1', '192.168.100.1'])).code).toBe(0)
    expect((await lab.runClient(['ping', '-c1', '-W1', '192.168.100.162'])).code).toBe(0)
  })

  test('runs programs as argument vectors and tells their end', async () => {
    const node = lab.node('node1')
    expect(await node.run(['printf', '%s', '$HOME; "x" | y'])).toMatchObject({
      code: 0,
      stdout: '$HOME; "x" | y',
    })
    expect((await node.run(['id', '-un'], { user: 'postgres' })).stdout).toBe('postgres\n')
    expect(await node.run(['sleep', '60'], { timeoutMs: 100 })).toMatchObject({ code: 124, timedOut: true })
    await until('nothing is left of it', () => !node.processes().some(({ argv }) => argv[1] === '60'), {
      timeoutMs: 5000,
    })
  })

  test('sees agents and files that the machine does not have', async () => {
    const node = lab.node('node1')
    const agents = '/usr/lib/ocf/resource.d/ts'
    await node.must(['test', '-f', `${agents}/lab.test.ts`])
    expect(await node.must(['cat', '/etc/ocf-ts-lab-test'])).toBe('only here')
    for (const path of [`${agents}/lab.test.ts`, '/etc/ocf-ts-lab-test']) expect(existsSync(path)).toBe(false)
  })

  test('runs the system that it was asked for, and changes nothing of it', async () => {
    const node = lab.node('node1')
    const { release } = lab.system
    expect(await node.must(['cat', '/etc/os-release'])).toContain(`VERSION_ID="${release.version}"`)
    const version = (await node.must(['node', '--version'])).trim()
    if (nodeChoice(lab.system) === 'machine') expect(version).toBe(process.version)
    const { root } = lab.record
    if (root === null) return
    await node.must(['rm', '/etc/os-release', '/dev/full'])
    await node.writeFile('/etc/of-this-node', 'alone')
    expect(existsSync('/dev/full')).toBe(true)
    expect(existsSync(join(root, 'etc/os-release'))).toBe(true)
    expect((await lab.node('node2').run(['cat', '/etc/of-this-node'])).code).toBe(1)
  })

  test('leaves no zombies of daemons behind', async () => {
    const node = lab.node('node1')
    await node.must(['setsid', '--fork', 'sleep', '0'])
    await until('init reaps it', async () => !(await node.must(['ps', '-eo', 'stat'])).includes('Z'), {
      timeoutMs: 5000,
    })
  })

  test('sees a node lose its power and come back with its disk, but not its memory', async () => {
    const node = lab.node('node2')
    await node.writeFile('/var/lib/postgresql/kept', 'disk')
    await node.writeFile('/run/lost', 'memory')
    await node.powerOff()
    expect(node.processes()).toEqual([])
    await lab.waitFor('node2 is offline', ({ online }) => online.join() === 'node1', { timeoutMs: 20_000 })
    await node.powerOn()
    expect(await node.must(['cat', '/var/lib/postgresql/kept'])).toBe('disk')
    expect((await node.run(['cat', '/run/lost'])).code).toBe(1)
    await node.boot()
    await lab.waitOnline()
  }, 60_000)

  test('parts when a node is cut off, and heals', async () => {
    await lab.node('node2').cutOff()
    await lab.waitFor('node1 is alone', ({ online }) => online.join() === 'node1', { from: 'node1' })
    await lab.waitFor('node2 is alone', ({ online }) => online.join() === 'node2', { from: 'node2' })
    await lab.node('node2').heal()
    await lab.waitFor('they are together', ({ online }) => online.length === 2, { from: 'node1' })
    await lab.waitFor('they are together', ({ online }) => online.length === 2, { from: 'node2' })
  }, 60_000)

  test('stops a node in good order', async () => {
    await lab.node('node1').stopCluster()
    await lab.waitFor('node1 left', ({ online }) => online.join() === 'node2')
    await lab.node('node1').boot()
    await lab.waitOnline()
  }, 60_000)

  test('does not mind another lab beside it', async () => {
    const other = await Lab.create({ nodes: ['node1'] })
    try {
      await other.boot()
      expect((await other.status()).nodes.map(({ name }) => name)).toEqual(['node1'])
      expect((await lab.status()).online).toEqual(['node1', 'node2'])
    } finally {
      await other.destroy()
    }
    expect((await lab.status()).online).toEqual(['node1', 'node2'])
    expect(traces(other.id)).toEqual([])
  }, 60_000)

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    'vanishes when its owner dies of %s',
    async (signal) => {
      const program = `require(${JSON.stringify(join(__dirname, 'index.ts'))}).Lab.create()
      .then(async (lab) => { await lab.boot(['node1']); console.log(lab.id) }); setInterval(() => {}, 1000)`
      // Not tsx's own command, which runs the program in a child: the signal is for the owner.
      const owner = spawn(process.execPath, ['--import', require.resolve('tsx'), '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const id = await new Promise<string>((resolve) => {
        owner.stdout.once('data', (data: Buffer) => {
          resolve(data.toString().trim())
        })
      })
      expect(traces(id)).not.toEqual([])
      owner.kill(signal)
      await until('nothing is left of its lab', () => traces(id).length === 0, { timeoutMs: 10_000 })
    },
    60_000,
  )
})

test('the document’s cluster fails over, loses nothing and takes the old primary back', async () => {
  const lab = await Lab.create({ files: await shellAgentFiles() })
  try {
    await makeDocumentCluster(lab, { provider: 'heartbeat' })
    const [node1, node2] = [lab.node('node1'), lab.node('node2')]
    const load = await lab.startWriteLoad()
    await load.waitForMore(50)
    expect(node1.killPostgres()).toBeGreaterThan(3)
    const failed = await lab.waitFor(
      'node2 is primary',
      (status) =>
        status.attribute('node2', 'pgsql-status') === 'PRI' && status.nodeOf('vip-master') === 'node2',
    )
    expect(failed.promoted('pgsql')).toEqual(['node2'])
    expect(failed.failures).toMatchObject([
      { resource: 'pgsql', node: 'node1', task: 'monitor', exitCode: 7 },
    ])
    expect(failed.failCounts).toEqual([{ resource: 'pgsql', node: 'node1', count: 1 }])
    await load.waitForMore(50)
    const { outage } = await load.stop()
    expect(outage.ms).toBeLessThan(15_000)
    expect(await load.lostRows(node2)).toEqual([])

    // Chapter 5.3.
    await node1.baseBackup(vipRep)
    await node1.removeLock()
    await node1.restartCluster()
    await lab.waitFor(
      'node1 is a standby',
      (status) => status.attribute('node1', 'pgsql-status') === 'HS:sync',
      {
        timeoutMs: 120_000,
      },
    )
    expect(await load.lostRows(node1)).toEqual([])
  } finally {
    await lab.destroy()
  }
  expect(traces(lab.id)).toEqual([])
}, 300_000)

/** Whatever can be seen of a lab on the machine. */
function traces(id: string): readonly string[] {
  const shown = [
    execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }),
    execFileSync('cat', ['/proc/self/mountinfo'], { encoding: 'utf8' }),
    execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }),
  ].flatMap((text) =>
    text.split('\n').filter((line) => line.includes(`ocfts-${id}`) || line.includes(`ocf-ts-lab/${id}`)),
  )
  return [...shown, ...(existsSync(`/var/tmp/ocf-ts-lab/${id}`) ? ['files'] : [])]
}
