/**
 * The package on nodes that run resources: upgraded with nobody noticing, then a failover with the new version, and the
 * removal that waits for the cluster's end. One story, on one cluster. Only with OCF_TS_TEST_ALL.
 */
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { makeOlderDeb, makePackages, OLDER } from '../root/support/packages'
import { temporaryDirectory } from '../unit/support/built-agents'
import { Lab, type LabNode, makeDocumentCluster, serves, until } from './lab'

const MINUTE = 60_000
const AGENTS = '/usr/lib/ocf/resource.d/ts'

const story = process.env['OCF_TS_TEST_ALL'] ? describe : describe.skip

/** Gives a node files of its own where packages put theirs, and dpkg's book of them: it is the machine's otherwise. */
const OWN_FILES = `
  mkdir /run/own
  mount -t tmpfs none /run/own
  for place in /usr /etc/ha.d /var/lib/dpkg /var/cache; do
    [[ -d $place ]] || continue
    layer=/run/own$place.layer
    mkdir -p "$layer/upper" "$layer/work"
    mount -t overlay overlay -o "lowerdir=$place,upperdir=$layer/upper,workdir=$layer/work" "$place"
  done
  # The machine may have its Node elsewhere than Debian.
  [[ -x /usr/bin/node ]] || ln -s "$0" /usr/bin/node`

story('a live cluster', () => {
  const directory = temporaryDirectory()
  let lab: Lab
  let newer: string

  /** Node.js is on this machine, but not always as a package; and its man pages need no index. */
  const install = async (node: LabNode, deb: string): Promise<void> => {
    await node.must(['dpkg', '--no-triggers', '--force-depends', '--install', deb])
  }
  const versionOn = async (node: LabNode): Promise<string> =>
    /ocf-ts (\S+):/.exec(await node.must(['sed', '-n', '2p', `${AGENTS}/pgsql`]))?.[1] ?? 'none'

  beforeAll(async () => {
    const { deb } = makePackages(directory.path)
    newer = deb
    const older = makeOlderDeb(deb, directory.path)
    lab = await Lab.create()
    for (const node of lab.nodes) {
      await node.must(['bash', '-euc', OWN_FILES, process.execPath])
      await install(node, older)
      expect(await versionOn(node)).toBe(OLDER)
    }
    await makeDocumentCluster(lab)
  }, 5 * MINUTE)

  afterAll(async () => {
    await lab.destroy()
    directory.remove()
  }, MINUTE)

  /** Everything that an upgrade must leave as it is. */
  async function whatRuns(): Promise<unknown> {
    const status = await lab.status()
    return {
      started: await Promise.all(lab.nodes.map((node) => node.sql('select pg_postmaster_start_time()'))),
      replicating: await lab
        .node('node1')
        .sql('select application_name, backend_start, state, sync_state from pg_stat_replication'),
      attributes: status.nodes.map(({ name, attributes }) => [
        name,
        { ...attributes, 'pgsql-lag': undefined },
      ]),
      resources: status.resources.map(({ id, role, node }) => `${id} ${role} ${node ?? ''}`).sort(),
      failures: status.failures,
      failCounts: status.failCounts,
    }
  }

  /** A monitor that pacemaker starts from now on. */
  const monitorOn = (node: LabNode): Promise<unknown> =>
    until(
      `a monitor of pgsql runs on ${node.name}`,
      () => node.processes().some(({ argv }) => argv.includes(`${AGENTS}/pgsql`) && argv.includes('monitor')),
      { intervalMs: 20 },
    )

  test(
    'upgraded node by node under write load: no restart, no failure, no pause',
    async () => {
      const before = await whatRuns()
      const load = await lab.startWriteLoad()
      for (const node of [...lab.nodes].reverse()) {
        await install(node, newer)
        await monitorOn(node)
        expect(`ocf-ts_${await versionOn(node)}_all.deb`).toBe(basename(newer))
      }
      await load.waitForMore(100)
      const { errors, outage } = await load.stop()
      expect(errors).toEqual({})
      expect(outage.ms).toBeLessThan(3000)
      expect(await load.lostRows(lab.node('node1'))).toEqual([])
      expect(await whatRuns()).toEqual(before)
    },
    2 * MINUTE,
  )

  test(
    'the new version fails over',
    async () => {
      const load = await lab.startWriteLoad()
      await load.waitForMore(50)
      lab.node('node1').killPostgres()
      await lab.waitFor('node2 is the primary', serves(lab.node('node2')))
      await load.waitForMore(50)
      await load.stop()
      expect(await load.lostRows(lab.node('node2'))).toEqual([])
    },
    2 * MINUTE,
  )

  test(
    'it is not removed while the cluster runs on the node, and is once that has ended',
    async () => {
      const node = lab.node('node1')
      const remove = ['dpkg', '--no-triggers', '--remove', 'ocf-ts']
      const { code, stderr } = await node.run(remove)
      expect(code).not.toBe(0)
      expect(stderr).toContain('the cluster on this node has resources of ocf:ts')
      expect(`ocf-ts_${await versionOn(node)}_all.deb`).toBe(basename(newer))
      await node.stopCluster()
      await node.must(remove)
      expect((await node.run(['ls', join(AGENTS, 'pgsql')])).code).not.toBe(0)
    },
    2 * MINUTE,
  )
})
