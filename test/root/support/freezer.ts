/** Processes that get no processor time, without being suspended: as in a container that is paused. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'

export class Freezer {
  private constructor(private readonly group: string) {}

  static create(): Freezer {
    const mount = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .find(([, , type]) => type === 'cgroup2')
    if (mount?.[1] === undefined) throw new Error('there is no cgroup2 on this machine')
    const group = `${mount[1]}/ocf-ts-${process.pid}-${Date.now()}`
    mkdirSync(group)
    return new Freezer(group)
  }

  freeze(pids: readonly number[]): void {
    for (const pid of pids) writeFileSync(`${this.group}/cgroup.procs`, String(pid))
    writeFileSync(`${this.group}/cgroup.freeze`, '1')
  }

  /** Lets go of what is still in it; those processes go on. */
  destroy(): void {
    writeFileSync(`${this.group}/cgroup.freeze`, '0')
    const above = this.group.slice(0, this.group.lastIndexOf('/'))
    for (const pid of readFileSync(`${this.group}/cgroup.procs`, 'utf8').split('\n').filter(Boolean)) {
      writeFileSync(`${above}/cgroup.procs`, pid)
    }
    rmdirSync(this.group)
  }
}
