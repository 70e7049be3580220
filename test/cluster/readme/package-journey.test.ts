/**
 * The README with the package, typed by somebody who has nothing else, on machines as Debian's installer leaves them: from
 * nothing to a rehearsed failover, with each system's own systemd, Node.js, pacemaker, and PostgreSQL as its package sets
 * it up. It takes minutes and the network, so only with OCF_TS_TEST_ALL.
 *
 * @alone it installs two systems, and rehearses a failover on them
 */
import { basename } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { makeRoot, type Suite } from '../../root/support/fresh-root'
import { makePackages } from '../../root/support/packages'
import { systems } from '../../systems'
import { temporaryDirectory } from '../../unit/support/built-agents'
import { commandsIn, forPostgres, readmeBlock as blockOf, sessionsIn } from '../../unit/support/readme-blocks'
import { Lab, type LabNode, until } from '../lab'
import { rehearse, type Typed } from './rehearse'

const MINUTE = 60_000

jest.setTimeout(15 * MINUTE)

const directory = temporaryDirectory()
let deb = ''

const stories = process.env['OCF_TS_TEST_ALL'] ? describe : describe.skip

stories.each(systems)('on two fresh machines with $name', (system) => {
  let lab: Lab
  let node1: LabNode
  let node2: LabNode

  beforeAll(async () => {
    deb ||= basename(makePackages(directory.path).deb)
    const machines = makeRoot(system.suite as Suite, 'machine')
    const binds = [{ source: directory.path, target: '/packages' }]
    lab = await Lab.create({ system, machines, binds })
    ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
    const prepare = async (node: LabNode): Promise<void> => {
      await until(
        `${node.name} has booted`,
        async () => /^(running|degraded)$/m.test((await node.run(['systemctl', 'is-system-running'])).stdout),
        { timeoutMs: 2 * MINUTE },
      )
      // Its disk need not outlive the power: that is most of what an installation waits for.
      await node.writeFile('/etc/dpkg/dpkg.cfg.d/lab', 'force-unsafe-io\n')
      await type(node, 'apt-get --quiet update', { uplink: true })
    }
    await Promise.all(lab.nodes.map(prepare))
  }, 15 * MINUTE)

  afterAll(() => lab.destroy(), 5 * MINUTE)

  /** A block of the README, with the PostgreSQL of the system. */
  const readmeBlock = (name: string): string => forPostgres(Number(system.postgres), blockOf(name))

  interface Way {
    /** By the network of the machine that runs this. */
    readonly uplink?: boolean
    readonly directory?: string
  }

  /** Types a command line, in root's home; what it prints, on both outputs. */
  async function tryTo(node: LabNode, command: string, way: Way = {}): Promise<Typed> {
    const { uplink = false, directory = '~' } = way
    const { code, stdout } = await node.run(['bash', '-c', `cd ${directory} && { ${command}\n} 2>&1`], {
      uplink,
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      timeoutMs: 10 * MINUTE,
    })
    return { code, printed: stdout }
  }

  async function type(node: LabNode, command: string, way: Way = {}): Promise<string> {
    const { code, printed } = await tryTo(node, command, way)
    if (code !== 0) throw new Error(`${node.name}: exit code ${String(code)} from ${command}\n${printed}`)
    return printed
  }

  const failoverIsSafe = (): Promise<unknown> =>
    until('a failover would lose no commit', async () => (await node1.run(['ocf-ts', 'status'])).code === 0, {
      timeoutMs: 2 * MINUTE,
    })

  test('the packages are installed, on each node', async () => {
    const [make, install = '', man = ''] = commandsIn(readmeBlock('as-a-package/1'))
    expect([make, man]).toEqual(['scripts/package', 'man ocf-ts'])
    expect(install).toBe(`apt-get install ./${deb}`)
    const [packages = '', ...more] = commandsIn(readmeBlock('where-there-is-no-cluster-yet/1'))
    expect(packages).toMatch(/^apt-get install /)
    const installOn = async (node: LabNode): Promise<void> => {
      await type(node, packages, { uplink: true })
      for (const command of more) await type(node, command)
      await type(node, install, { uplink: true, directory: '/packages' })
      expect(await type(node, 'ocf-ts --version; crm ra list ocf ts')).toMatch(
        /^\d.*\nIPaddr2 +pgsql +ping\s*$/,
      )
    }
    await Promise.all(lab.nodes.map(installOn))
  })

  test('root logs in from each node to the others', async () => {
    const [make = '', show = '', login = ''] = commandsIn(readmeBlock('where-there-is-no-cluster-yet/2'))
    const keys: string[] = []
    for (const node of lab.nodes) {
      await type(node, make)
      keys.push(await type(node, show))
    }
    for (const node of lab.nodes) await node.writeFile('/root/.ssh/authorized_keys', keys.join(''))
    // Who is asked whether the other's key is right says yes.
    const accept = (name: string): string =>
      login.replace('ssh node2', `ssh -o StrictHostKeyChecking=accept-new ${name}`)
    for (const node of lab.nodes) for (const { name } of lab.nodes) await type(node, accept(name))
  })

  test('two machines become a cluster', async () => {
    const configuration = readmeBlock('where-there-is-no-cluster-yet/3')
    for (const node of lab.nodes) await node.writeFile('/etc/corosync/corosync.conf', `${configuration}\n`)
    const [key = '', copy = '', start = '', list = ''] = commandsIn(
      readmeBlock('where-there-is-no-cluster-yet/4'),
    )
    await type(node1, key)
    await type(node1, copy)
    for (const node of lab.nodes) await type(node, start)
    await until(
      'each node is a member',
      async () => (await type(node1, list)) === '1 node1 member\n2 node2 member\n',
      { timeoutMs: 2 * MINUTE },
    )
  })

  test('from bare nodes to a cluster', async () => {
    // What a person answers to the first command's questions.
    await node1.writeFile('/run/answers.yaml', readmeBlock('configure/1'))
    const [configure = '', init = '', apply = '', status = '', clone = ''] = commandsIn(
      readmeBlock('from-bare-nodes-to-a-cluster-with-ocf-ts/1'),
    )
    const configured = await type(node1, `${configure} --file /run/answers.yaml`)
    expect(configured).toContain('primitive pgsql ocf:ts:pgsql')
    const [{ command } = { command: '' }] = sessionsIn(readmeBlock('init/1'))
    expect(command).toContain(init)
    expect(await type(node1, command)).toContain('node1 has all that the replication needs')
    for (const other of commandsIn(readmeBlock('from-bare-nodes-to-a-cluster-with-ocf-ts/2')))
      await type(node2, other)
    await type(node1, apply)
    await until(
      'node1 is the primary',
      async () => /^node1 +primary +PRI /m.test((await tryTo(node1, status)).printed),
      { timeoutMs: 2 * MINUTE },
    )
    expect(await type(node1, clone)).toContain('node2 follows the primary: HS:sync')
    await failoverIsSafe()
  })

  test('a failover is rehearsed', async () => {
    const [kill = ''] = commandsIn(readmeBlock('rehearse-a-failover/2'))
    const printed = await rehearse(kill, (command) => tryTo(node2, command), failoverIsSafe)
    expect(printed).toMatch(
      /^node2 took over; writes stood still for \d+\.\d+ s; all \d+ acknowledged rows are there$/m,
    )
    expect(printed).toMatch(/^rows: \d+ acknowledged, 0 lost$/m)
    expect(printed).toMatch(/^return: node1 was a standby again after /m)
  })
})

afterAll(directory.remove)
