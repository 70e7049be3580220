/** A disk of limited size for a node's database, which can be full. It is a file, so that it outlives a power loss. */
import { type LabNode, until } from '../../../test/cluster/lab'
import { mustRun } from '../../../test/cluster/lab/command'
import { dirname } from 'node:path'

/** Room for the data, 256 MB of WAL that are kept, the same once more for a base backup, and one that is kept. */
const SIZE = '2500M'
const IMAGE = '/var/lib/postgresql/disk.img'
const FILLER = 'filler'

const mountPoint = (node: LabNode): string => dirname(node.pgData)

/** Makes the disk. It needs no journal: the kernel under the nodes goes on when one of them loses its power. */
export async function makeDisk(node: LabNode): Promise<void> {
  await node.must(['truncate', '--size', SIZE, IMAGE])
  await node.must([
    ...['mkfs.ext4', '-q', '-F', '-m', '0', '-O', '^has_journal'],
    ...['-E', 'nodiscard,lazy_itable_init=1,root_owner=0:0', IMAGE],
  ])
  await node.must(['mkdir', '-p', mountPoint(node)])
  await mountDisk(node)
  await node.must(['chown', 'postgres:postgres', mountPoint(node)])
}

/** After the node has got power. */
export async function mountDisk(node: LabNode): Promise<void> {
  const file = node.onDisk(IMAGE)
  // The mount of the node's last life goes with its namespace, a moment after its processes.
  await until(
    `nobody holds the disk of ${node.name}`,
    async () => (await mustRun(['losetup', '--associated', file])) === '',
    { intervalMs: 20, timeoutMs: 20_000 },
  )
  await node.must(['mount', '-o', 'loop,noatime', IMAGE, mountPoint(node)])
}

/** Leaves no byte on it. */
export async function fillDisk(node: LabNode): Promise<void> {
  const fill = `free=$(df --output=avail --block-size=1K . | tail -1); fallocate -l "$free"K ${FILLER} || true
    dd if=/dev/zero bs=4k of=${FILLER}2 status=none || true`
  await node.must(['bash', '-c', `cd ${mountPoint(node)} && ${fill}`])
}

export async function freeDisk(node: LabNode): Promise<void> {
  await node.must(['bash', '-c', `rm -f ${mountPoint(node)}/${FILLER}*`])
}
