/** Two network namespaces with a cable between them; nothing of the machine's own network takes part. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AgentCall, type AgentResult } from './agent'

/** The name of the interface at both ends. */
export const CABLE = 'eth0'

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** One end of the cable. */
export class End {
  constructor(readonly namespace: string) {}

  /** Runs `ip` in here. */
  ip(...args: string[]): string {
    return ip('-n', this.namespace, ...args)
  }

  get mac(): string {
    const [link] = JSON.parse(this.ip('-j', 'link', 'show', 'dev', CABLE)) as { address: string }[]
    return link?.address ?? ''
  }

  /** Until then the kernel drops what is sent; on a busy machine it sees the cable a second after it was plugged in. */
  awaitCarrier(): void {
    const end = performance.now() + 10_000
    for (;;) {
      const [link] = JSON.parse(this.ip('-j', 'link', 'show', 'dev', CABLE)) as { operstate: string }[]
      if (link?.operstate === 'UP') return
      if (performance.now() > end) throw new Error(`${CABLE} in ${this.namespace} has no carrier`)
    }
  }

  /** The addresses on an interface, as `10.0.0.1/24`; none when it is not there. */
  addresses(name = CABLE): readonly string[] {
    const links = JSON.parse(this.ip('-j', 'address', 'show')) as {
      ifname?: string
      addr_info?: { local: string; prefixlen: number; scope: string }[]
    }[]
    const infos = links.find((link) => link.ifname === name)?.addr_info ?? []
    return infos
      .filter(({ scope }) => scope === 'global' || name === 'lo')
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`)
  }

  /** The hardware address that this end sends to for an address of the network. */
  neighbour(address: string): string | undefined {
    const entries = JSON.parse(this.ip('-j', 'neigh', 'show', 'dev', CABLE)) as {
      dst: string
      lladdr?: string
    }[]
    return entries.find(({ dst }) => dst === address)?.lladdr
  }

  /** Says that an address is somebody else's, who has gone. */
  believe(address: string, mac: string): void {
    this.ip('neigh', 'replace', address, 'lladdr', mac, 'dev', CABLE, 'nud', 'reachable')
  }

  /** Runs a program in here and waits for it, whatever its exit code. */
  run(
    argv: readonly string[],
    env: NodeJS.ProcessEnv = process.env,
  ): Promise<AgentResult & { readonly ms: number }> {
    const begin = performance.now()
    return new Promise((resolve) => {
      const child = execFile(
        '/usr/sbin/ip',
        ['netns', 'exec', this.namespace, ...argv],
        { env },
        (_, stdout, stderr) => {
          const reason = /^ocf-exit-reason:(.*)$/m.exec(stderr)?.[1]
          resolve({ code: child.exitCode ?? -1, stdout, stderr, reason, ms: performance.now() - begin })
        },
      )
    })
  }

  /** Calls an agent in here as a cluster manager does. */
  call(
    executable: string,
    action: string,
    { params = {}, env = {} }: AgentCall & { readonly options?: readonly string[] } = {},
    ...options: string[]
  ): Promise<AgentResult & { readonly ms: number }> {
    const variables = Object.fromEntries(
      Object.entries(params).map(([parameter, value]) => [`OCF_RESKEY_${parameter}`, value]),
    )
    return this.run([executable, action, ...options], {
      PATH: '/usr/bin:/bin',
      OCF_ROOT: '/usr/lib/ocf',
      ...variables,
      ...env,
    })
  }
}

const PREFIX = 'ocfts-link-'

/** Namespaces of a test run that was killed before it could take them away. */
function removeLeftOvers(): void {
  for (const line of ip('netns', 'list').split('\n')) {
    const [, name, pid] = /^(ocfts-link-(\d+)-\S+)/.exec(line) ?? []
    if (name !== undefined && !existsSync(`/proc/${pid ?? ''}`)) ip('netns', 'delete', name)
  }
}

export class Link {
  private constructor(
    readonly node: End,
    readonly peer: End,
  ) {}

  /** A cable between `node` (10.9.0.1, fd00:9::1) and `peer` (10.9.0.2, fd00:9::2), both ends up. */
  static create(): Link {
    removeLeftOvers()
    const name = (end: string): string => `${PREFIX}${process.pid}-${Date.now().toString(36)}-${end}`
    const link = new Link(new End(name('a')), new End(name('b')))
    try {
      for (const { namespace } of link.#ends) ip('netns', 'add', namespace)
      ip(
        'link',
        'add',
        CABLE,
        'netns',
        link.node.namespace,
        'type',
        'veth',
        'peer',
        'name',
        CABLE,
        'netns',
        link.peer.namespace,
      )
      for (const [index, end] of link.#ends.entries()) {
        end.ip('link', 'set', 'lo', 'up')
        end.ip('link', 'set', CABLE, 'up')
        end.ip('address', 'add', `10.9.0.${index + 1}/24`, 'broadcast', '+', 'dev', CABLE)
        end.ip('address', 'add', `fd00:9::${index + 1}/64`, 'dev', CABLE, 'nodad')
      }
      for (const end of link.#ends) end.awaitCarrier()
    } catch (error) {
      link.remove()
      throw error
    }
    return link
  }

  get #ends(): readonly [End, End] {
    return [this.node, this.peer]
  }

  /** Takes everything away, as far as it is there. */
  remove(): void {
    for (const { namespace } of this.#ends) {
      try {
        ip('netns', 'delete', namespace)
      } catch {
        // It was not made.
      }
    }
  }
}

/** Polls until `probe` returns what is expected, and returns what it returned at last. */
export async function eventually<T>(probe: () => T | Promise<T>, expected: T, withinMs: number): Promise<T> {
  const end = performance.now() + withinMs
  for (;;) {
    const found = await probe()
    if (found === expected || performance.now() > end) return found
    await sleep(10)
  }
}
