/** A machine on which the agents are installed: for programs that look for them where the cluster does. */
import { resolve } from 'node:path'
import { PrivateMounts } from './private-mounts'

const AGENTS = resolve(__dirname, '../../../dist/ocf/ts')

/** Lays them, as the build made them, over /usr/lib/ocf/resource.d. */
export function withInstalledAgents(): Promise<PrivateMounts> {
  return PrivateMounts.create(
    `scratch=$(mktemp --directory)
     mount -t tmpfs tmpfs "$scratch"
     mkdir "$scratch/upper" "$scratch/work"
     mount -t overlay overlay -o "lowerdir=$2,upperdir=$scratch/upper,workdir=$scratch/work" "$2"
     umount --lazy "$scratch"
     rmdir "$scratch"
     mkdir "$2/ts"
     mount --bind "$1" "$2/ts"`,
    AGENTS,
    '/usr/lib/ocf/resource.d',
  )
}
