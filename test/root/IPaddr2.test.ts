/** The address agent as an executable, on real interfaces. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, jest, test } from '@jest/globals'
import {
  directory,
  executable,
  GONE,
  IP,
  IP6,
  link,
  prepareAddressAgent,
  RECURRING,
  state,
} from './support/address'
import { type AgentResult } from './support/agent'
import { CABLE, eventually } from './support/link'

jest.setTimeout(180_000)

prepareAddressAgent()

/** Runs an action on the node's end of the cable. */
function call(
  action: string,
  params: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<AgentResult & { readonly ms: number }> {
  return link.node.call(executable, action, {
    params: { ip: IP, ...params },
    env: { HA_RSCTMP: state, ...env },
  })
}

describe.each([
  ['IPv4', IP, `${IP}/24`, '10.9.0.1/24'],
  ['IPv6', IP6, `${IP6}/64`, 'fd00:9::1/64'],
])('%s', (_, ip, prefix, own) => {
  test('start, monitor, status, stop, each of them twice', async () => {
    expect((await call('monitor', { ip }, RECURRING)).code).toBe(7)
    expect(await call('status', { ip })).toMatchObject({ code: 7, stdout: 'stopped\n' })
    expect((await call('validate-all', { ip })).code).toBe(0)
    expect(link.node.addresses()).not.toContain(prefix)
    for (const time of ['once', 'again']) {
      expect({ time, code: (await call('start', { ip })).code }).toEqual({ time, code: 0 })
      expect(link.node.addresses()).toContain(prefix)
    }
    expect((await call('monitor', { ip }, RECURRING)).code).toBe(0)
    expect((await call('monitor', { ip })).code).toBe(0)
    expect(await call('status', { ip })).toMatchObject({ code: 0, stdout: 'running\n' })
    for (const time of ['once', 'again']) {
      expect({ time, code: (await call('stop', { ip })).code }).toEqual({ time, code: 0 })
      expect(link.node.addresses()).not.toContain(prefix)
    }
    expect(link.node.addresses()).toContain(own)
    expect((await call('monitor', { ip }, RECURRING)).code).toBe(7)
  })

  test('a neighbour that knew the address elsewhere follows at once', async () => {
    link.peer.believe(ip, GONE)
    expect((await call('start', { ip })).code).toBe(0)
    expect(await eventually(() => link.peer.neighbour(ip), link.node.mac, 500)).toBe(link.node.mac)
  })

  test('the announcements go on after start has ended, and end with stop', async () => {
    const { code, ms } = await call('start', { ip, arp_count: '300', nodad: 'true' })
    expect(code).toBe(0)
    // Three hundred of them take a minute.
    expect(ms).toBeLessThan(3000)
    const note = join(state, `ts-IPaddr2-announcer-${ip}`)
    const pid = Number(readFileSync(note, 'utf8').split(' ')[0])
    expect(existsSync(`/proc/${pid}`)).toBe(true)
    link.peer.believe(ip, GONE)
    expect(await eventually(() => link.peer.neighbour(ip), link.node.mac, 1500)).toBe(link.node.mac)

    expect((await call('stop', { ip })).code).toBe(0)
    expect(await eventually(() => existsSync(`/proc/${pid}/exe`), false, 1000)).toBe(false)
    expect(readdirSync(state)).toEqual([])
    link.peer.believe(ip, GONE)
    expect(await eventually(() => link.peer.neighbour(ip), link.node.mac, 500)).toBe(GONE)
  })

  test('in the foreground, start ends after the last announcement', async () => {
    const params = { ip, arp_bg: 'no', arp_count: '3', arp_interval: '300', nodad: 'yes' }
    const { code, ms } = await call('start', params)
    expect(code).toBe(0)
    expect(ms).toBeGreaterThan(500)
    expect(readdirSync(state).filter((name) => name.includes('announcer'))).toEqual([])
  })

  test('a monitor of a running address loads nothing that could start a program', async () => {
    await call('start', { ip })
    const hook = join(directory, 'loaded.js')
    const list = join(state, 'loaded')
    writeFileSync(
      hook,
      `process.on('exit', () => require('fs').writeFileSync(${JSON.stringify(list)}, process.moduleLoadList.join('\\n')))`,
    )
    const env = { ...RECURRING, NODE_OPTIONS: `--require ${hook}`, PATH: '/nonexistent' }
    expect((await call('monitor', { ip }, env)).code).toBe(0)
    const loaded = readFileSync(list, 'utf8')
    expect(loaded).toContain('NativeModule os')
    expect(loaded).not.toMatch(/child_process|spawn_sync|process_wrap/)
  })

  test('stop succeeds when the interface has gone', async () => {
    await call('start', { ip, nic: CABLE, nodad: 'yes' })
    link.node.ip('link', 'delete', CABLE)
    expect((await call('stop', { ip, nic: CABLE })).code).toBe(0)
    expect((await call('stop', { ip })).code).toBe(0)
    expect((await call('monitor', { ip, nic: CABLE }, RECURRING)).code).toBe(7)
  })
})

describe('where the address goes', () => {
  test('interface, prefix length and broadcast address by the most specific route', async () => {
    link.node.ip('route', 'add', '10.9.0.0/16', 'dev', 'lo')
    await call('start')
    const [, info = ''] = /inet (10\.9\.0\.5[^\n]*)/.exec(link.node.ip('address', 'show', 'dev', CABLE)) ?? []
    expect(info).toMatch(/^10\.9\.0\.5\/24 brd 10\.9\.0\.255 scope global secondary eth0$/m)
  })

  describe.each([
    ['IPv4', IP, '10.9.0.0/28', 'lo'],
    ['IPv4', IP, '10.9.0.0/28', 'other'],
    ['IPv6', IP6, 'fd00:9::/80', 'other'],
  ])(
    '%s: %s is on the interface of the route, and a better one to %s comes later, by %s',
    (_, ip, network, name) => {
      const params = { ip, nodad: 'true' }
      const startThenRoute = async (): Promise<void> => {
        link.node.ip('link', 'add', 'other', 'type', 'veth', 'peer', 'name', 'other-end')
        link.node.ip('link', 'set', 'other-end', 'up')
        link.node.ip('link', 'set', 'other', 'up')
        expect((await call('start', params)).code).toBe(0)
        link.node.ip('route', 'add', network, 'dev', name)
      }
      const everywhere = (): readonly string[] =>
        [CABLE, 'other', 'lo'].flatMap((one) =>
          link.node
            .addresses(one)
            .filter((prefix) => prefix.startsWith(`${ip}/`))
            .map((prefix) => `${one} ${prefix}`),
        )

      test('it runs where it is, and stop takes it away', async () => {
        await startThenRoute()
        const [there] = everywhere()
        expect((await call('monitor', params, RECURRING)).code).toBe(0)
        expect((await call('monitor', params)).code).toBe(0)
        expect((await call('start', params)).code).toBe(0)
        expect(everywhere()).toEqual([there])
        expect((await call('stop', params)).code).toBe(0)
        expect(everywhere()).toEqual([])
        expect(readdirSync(state)).toEqual([])
        expect((await call('monitor', params, RECURRING)).code).toBe(7)
        // From now on the new route counts.
        if (name === 'lo') return
        expect((await call('start', params)).code).toBe(0)
        expect(everywhere()).toEqual([expect.stringMatching(/^other /)])
      })

      test('stop takes it away from an interface that is down, and a second copy, too', async () => {
        await startThenRoute()
        link.node.ip('link', 'set', CABLE, 'down')
        // IPv6 addresses go with the link.
        expect((await call('monitor', params, RECURRING)).code).toBe(ip === IP ? 1 : 7)
        if (name !== 'lo') link.node.ip('address', 'add', `${ip}/${network.split('/')[1] ?? ''}`, 'dev', name)
        expect((await call('stop', params)).code).toBe(0)
        expect(everywhere()).toEqual([])
      })
    },
  )

  test('an address that the node has for itself on an interface without the route is left alone', async () => {
    // A server behind a load balancer may have it there.
    link.node.ip('link', 'add', 'own', 'type', 'veth', 'peer', 'name', 'own-end')
    link.node.ip('link', 'set', 'own', 'up')
    link.node.ip('address', 'add', `${IP}/32`, 'dev', 'own')
    expect((await call('monitor')).code).toBe(7)
    expect((await call('start')).code).toBe(0)
    expect((await call('stop')).code).toBe(0)
    expect(link.node.addresses('own')).toEqual([`${IP}/32`])
  })

  test('a dotted netmask, a label, a broadcast address', async () => {
    const params = { nic: CABLE, cidr_netmask: '255.255.255.128', broadcast: '10.9.0.77', iflabel: 'vip' }
    expect((await call('start', params)).code).toBe(0)
    const shown = link.node.ip('address', 'show', 'dev', CABLE)
    expect(shown).toMatch(/inet 10\.9\.0\.5\/25 brd 10\.9\.0\.77 scope global (secondary )?eth0:vip$/m)
    expect((await call('monitor', params, RECURRING)).code).toBe(0)
    expect((await call('stop', params)).code).toBe(0)
    expect(link.node.addresses()).not.toContain(`${IP}/25`)
  })

  test.each([
    ['without its label', [], { iflabel: 'vip' }],
    ['with another label', ['label', 'eth0:old'], { nic: CABLE, iflabel: 'vip', cidr_netmask: '24' }],
    ['without the label behind the interface', [], { nic: 'eth0:vip' }],
  ])(
    'an address that is there %s: the monitor says so, start sets it and tells the neighbours',
    async (_, label, params) => {
      const shown = (): string => link.node.ip('address', 'show', 'dev', CABLE)
      link.node.ip('address', 'add', `${IP}/24`, 'dev', CABLE, ...label)
      expect(await call('monitor', params, RECURRING)).toMatchObject({
        code: 1,
        reason: `${IP} is on eth0 with the label '${label[1] ?? 'eth0'}' instead of 'eth0:vip': restart the resource, or correct iflabel`,
      })
      expect((await call('monitor', params)).code).toBe(1)
      link.peer.believe(IP, GONE)
      expect((await call('start', params)).code).toBe(0)
      expect(await eventually(() => link.peer.neighbour(IP), link.node.mac, 1500)).toBe(link.node.mac)
      expect(shown()).toMatch(/inet 10\.9\.0\.5\/24 brd 10\.9\.0\.255 scope global (secondary )?eth0:vip$/m)
      expect(shown().match(/10\.9\.0\.5/g)).toHaveLength(1)
      expect((await call('monitor', params, RECURRING)).code).toBe(0)
      expect((await call('stop', params)).code).toBe(0)
      expect(shown()).not.toContain(IP)
    },
  )

  test('a label behind the interface', async () => {
    await call('start', { nic: `${CABLE}:0` })
    expect(link.node.ip('address', 'show', 'dev', CABLE)).toMatch(/10\.9\.0\.5\/24 .* eth0:0$/m)
    expect((await call('monitor', { nic: `${CABLE}:0` }, RECURRING)).code).toBe(0)
  })

  test.each([
    ['short', 'enp9s9'],
    ['of 127 characters', 'enx'.padEnd(127, '0123456789')],
  ])('an alternative name of the interface, %s', async (_, nic) => {
    link.node.ip('link', 'property', 'add', 'dev', CABLE, 'altname', nic)
    for (const params of [
      { nic, iflabel: 'vip' },
      { nic, cidr_netmask: '24', arp_sender: 'iputils_arping', run_arping: 'true' },
      { nic, ip: IP6, nodad: 'true' },
    ]) {
      expect((await call('validate-all', params)).code).toBe(0)
      expect((await call('monitor', params)).code).toBe(7)
      link.peer.believe(params.ip ?? IP, GONE)
      expect(await call('start', params)).toMatchObject({ code: 0 })
      const learned = () => link.peer.neighbour(params.ip ?? IP)
      expect(await eventually(learned, link.node.mac, 1500)).toBe(link.node.mac)
      expect((await call('start', params)).code).toBe(0)
      expect(link.node.addresses()).toHaveLength(3)
      expect((await call('monitor', params, RECURRING)).code).toBe(0)
      expect((await call('stop', params)).code).toBe(0)
      expect(link.node.addresses()).toHaveLength(2)
    }
    expect(await call('start', { nic: `${nic.slice(0, 5)}-` })).toMatchObject({ code: 2 })
  })

  test('a /32', async () => {
    const params = { nic: CABLE, cidr_netmask: '32' }
    expect((await call('start', params)).code).toBe(0)
    expect(link.node.addresses()).toContain(`${IP}/32`)
    expect((await call('monitor', params, RECURRING)).code).toBe(0)
    expect((await call('stop', params)).code).toBe(0)
    expect(link.node.addresses()).not.toContain(`${IP}/32`)
  })

  test('an interface that is down is brought up', async () => {
    const params = { nic: CABLE, cidr_netmask: '24' }
    link.node.ip('link', 'set', CABLE, 'down')
    expect((await call('start', params)).code).toBe(0)
    expect(link.node.ip('link', 'show', 'dev', CABLE)).toMatch(/[<,]UP[,>]/)
    expect((await call('monitor', params, RECURRING)).code).toBe(0)
  })

  test('IPv6: without a prefix route, never preferred as a source', async () => {
    const params = {
      ip: IP6,
      nic: CABLE,
      cidr_netmask: '64',
      nodad: 'on',
      noprefixroute: 'on',
      preferred_lft: '0',
    }
    expect((await call('start', params)).code).toBe(0)
    expect(link.node.ip('-6', 'address', 'show', 'dev', CABLE)).toMatch(
      /fd00:9::5\/64 scope global nodad deprecated noprefixroute/,
    )
  })

  test('the address of another way to write it', async () => {
    expect((await call('start', { ip: 'FD00:0009:0:0::0005', nodad: 'yes' })).code).toBe(0)
    expect(link.node.addresses()).toContain(`${IP6}/64`)
    expect((await call('monitor', { ip: 'fd00:9:0:0:0:0:0:5' }, RECURRING)).code).toBe(0)
    expect((await call('stop', { ip: 'fd00:9:0::5' })).code).toBe(0)
    expect(link.node.addresses()).not.toContain(`${IP6}/64`)
  })

  test('LVS: from loopback and back', async () => {
    const own = ['address', 'add', `${IP}/32`, 'broadcast', '10.9.0.99', 'dev', 'lo', 'label', 'lo:vip']
    link.node.ip(...own)
    expect((await call('monitor', { lvs_support: 'yes' }, RECURRING)).code).toBe(7)
    expect((await call('start', { lvs_support: 'yes' })).code).toBe(0)
    expect(link.node.addresses('lo')).not.toContain(`${IP}/32`)
    expect(link.node.addresses()).toContain(`${IP}/24`)
    expect((await call('stop', { lvs_support: 'yes' })).code).toBe(0)
    expect(link.node.ip('address', 'show', 'dev', 'lo')).toMatch(
      /10\.9\.0\.5\/32 brd 10\.9\.0\.99 scope global lo:vip$/m,
    )
    expect(link.node.addresses()).not.toContain(`${IP}/24`)
    expect(readdirSync(state)).toEqual([])
  })
})

describe('what a monitor must not miss', () => {
  const params = { nic: CABLE, cidr_netmask: '24' }

  test('an address whose interface has lost its cable still runs: its node would answer again with the cable', async () => {
    await call('start', params)
    link.peer.ip('link', 'set', CABLE, 'down')
    await eventually(() => /NO-CARRIER/.test(link.node.ip('link', 'show', 'dev', CABLE)), true, 3000)
    expect((await call('monitor', params, RECURRING)).code).toBe(0)
    expect((await call('monitor', {}, RECURRING)).code).toBe(0)
    expect((await call('stop')).code).toBe(0)
    expect(link.node.addresses()).not.toContain(`${IP}/24`)
  })

  test.each([params, {}])('an address whose interface is down has failed, with %j', async (configured) => {
    await call('start', configured)
    link.node.ip('link', 'set', CABLE, 'down')
    expect(await call('monitor', configured, RECURRING)).toMatchObject({
      code: 1,
      reason: `${IP} is on eth0, which is down: ip link set eth0 up`,
    })
    expect((await call('stop', configured)).code).toBe(0)
    expect(link.node.addresses()).not.toContain(`${IP}/24`)
  })

  test('another prefix length than the configured one', async () => {
    link.node.ip('address', 'add', `${IP}/32`, 'dev', CABLE)
    expect(await call('monitor', params, RECURRING)).toMatchObject({
      code: 1,
      reason: `${IP} is on eth0, but with prefix length 32 instead of 24: remove it, or set cidr_netmask`,
    })
    expect((await call('start', params)).code).toBe(0)
    expect((await call('monitor', params, RECURRING)).code).toBe(0)
    // After stop another node may answer for the address: it goes with every prefix length.
    expect((await call('stop', params)).code).toBe(0)
    expect(link.node.addresses()).toEqual(['10.9.0.1/24', 'fd00:9::1/64'])
  })

  test('announces again at every monitor, where that is configured', async () => {
    await call('start', { arp_count: '1' })
    await eventually(() => link.peer.neighbour(IP), link.node.mac, 500)
    link.peer.believe(IP, GONE)
    expect((await call('monitor', { arp_count_refresh: '1' })).code).toBe(0)
    expect(await eventually(() => link.peer.neighbour(IP), link.node.mac, 300)).toBe(GONE)
    expect((await call('monitor', { arp_count_refresh: '1' }, RECURRING)).code).toBe(0)
    expect(await eventually(() => link.peer.neighbour(IP), link.node.mac, 500)).toBe(link.node.mac)
  })
})

describe('another machine has the address', () => {
  test('IPv6: start fails, and the address is gone again', async () => {
    expect(await call('start', { ip: 'fd00:9::2' })).toMatchObject({
      code: 1,
      reason: 'another machine on the network of eth0 has fd00:9::2: take it from there',
    })
    expect(link.node.addresses()).not.toContain('fd00:9::2/64')
  })

  test('IPv4, where arping may ask: start fails, and nothing is added', async () => {
    expect(await call('start', { ip: '10.9.0.2', run_arping: 'true' })).toMatchObject({
      code: 1,
      reason: 'another machine on the network of eth0 has 10.9.0.2: take it from there',
    })
    expect(link.node.addresses()).toEqual(['10.9.0.1/24', 'fd00:9::1/64'])
    expect((await call('start', { run_arping: 'true' })).code).toBe(0)
  })
})

describe('run_arping with what arping says, not with its exit code', () => {
  test('without a cable nobody is another machine', async () => {
    link.peer.ip('link', 'set', CABLE, 'down')
    await eventually(() => /NO-CARRIER/.test(link.node.ip('link', 'show', 'dev', CABLE)), true, 3000)
    expect((await call('start', { run_arping: 'true' })).code).toBe(0)
    expect(link.node.addresses()).toContain(`${IP}/24`)
  })

  test('on loopback nobody is asked', async () => {
    expect((await call('start', { ip: '127.0.0.7', run_arping: 'true' })).code).toBe(0)
  })

  /** Runs an action with another program in the place of arping; it prints what the named one was seen to print. */
  const callWith = (arping: string, params: Readonly<Record<string, string>>) => {
    const stand = join(directory, 'arping')
    writeFileSync(stand, arping, { mode: 0o755 })
    const script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
    const variables = Object.entries({ ip: IP, ...params }).map(([name, value]) => [
      `OCF_RESKEY_${name}`,
      value,
    ])
    return link.node.run(['sh', '-c', script, '-', stand, '/usr/bin/arping', executable, 'start'], {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      HA_RSCTMP: state,
      ...(Object.fromEntries(variables) as Readonly<Record<string, string>>),
    })
  }
  /** arping 2.23 by Thomas Habets: without an answer it ends with 1, with one it ends with 0. */
  const libnet = (words: string, code: number): string => `#!/bin/sh
case $1 in
-V) echo 'ARPing 2.23, by Thomas Habets <thomas@habets.se>' >&2; exit 1 ;;
-0) printf '%s\\n' '${words}'; exit ${code} ;;
*) exit 1 ;;
esac
`
  const SILENT = '2 packets transmitted, 0 packets received, 100% unanswered (0 extra)'
  const ANSWER = '42 bytes from 92:d2:14:95:ff:98 (10.9.0.5): index=0 time=9.264 usec'

  test('the other program of that name', async () => {
    expect(await callWith(libnet(ANSWER, 0), { run_arping: 'true' })).toMatchObject({
      code: 1,
      reason: 'another machine on the network of eth0 has 10.9.0.5: take it from there',
    })
    expect(link.node.addresses()).not.toContain(`${IP}/24`)
    expect((await callWith(libnet(SILENT, 1), { run_arping: 'true' })).code).toBe(0)
    expect(link.node.addresses()).toContain(`${IP}/24`)
  })

  test('a program that says neither: start goes on, and warns', async () => {
    const { code, stderr } = await callWith('#!/bin/sh\necho no such thing >&2\nexit 1\n', {
      run_arping: 'true',
    })
    expect(code).toBe(0)
    expect(stderr).toMatch(
      /WARNING: run_arping: it is not known whether another machine on the network of eth0 has 10\.9\.0\.5: arping failed with exit code 1: no such thing/,
    )
  })
})

describe('senders', () => {
  test.each(['send_arp', 'iputils_arping'])('%s', async (arp_sender) => {
    link.peer.believe(IP, GONE)
    expect((await call('start', { arp_sender })).code).toBe(0)
    expect(await eventually(() => link.peer.neighbour(IP), link.node.mac, 500)).toBe(link.node.mac)
  })

  test.each([
    ['iputils_arping', 'iputils'],
    ['libnet_arping', 'the other one'],
  ])('%s is called as what is installed, which is %s', async (arp_sender) => {
    link.peer.believe(IP, GONE)
    const log = join(state, 'log')
    expect(
      (await call('start', { arp_sender, arp_bg: 'no', arp_count: '1' }, { HA_logfile: log })).code,
    ).toBe(0)
    expect(await eventually(() => link.peer.neighbour(IP), link.node.mac, 500)).toBe(link.node.mac)
    const warned = /arp_sender is libnet_arping, but \S+ is iputils_arping/.test(readFileSync(log, 'utf8'))
    expect(warned).toBe(arp_sender === 'libnet_arping')
  })

  test.each([
    [
      'IPv4',
      { arp_sender: 'iputils_arping', send_arp_opts: '-Z' },
      /10\.9\.0\.5 is not announced: \S*arping .*-- 'Z'/,
    ],
    ['IPv6', { ip: IP6, nodad: 'true', nic: 'down0' }, /fd00:9::5 is not announced: \S*send_ua .*ERROR/],
  ])('%s: an announcement that fails in the background is in the log', async (_, params, words) => {
    link.node.ip('link', 'add', 'down0', 'type', 'veth', 'peer', 'name', 'down0-end')
    link.node.ip('link', 'set', 'down0', 'arp', 'off')
    const log = join(state, 'log')
    const env = { HA_logfile: log, OCF_RESKEY_crm_feature_set: '3.16.1' }
    expect((await call('start', { cidr_netmask: '24', ...params }, env)).code).toBe(0)
    expect(await eventually(() => words.test(readFileSync(log, 'utf8')), true, 5000)).toBe(true)
  })

  test('one that is not installed', async () => {
    expect(await call('start', { arp_sender: 'ipoibarping' })).toMatchObject({
      code: 5,
      reason: expect.stringMatching(/^arp_sender: ipoibarping is not installed on this node: install it, or/),
    })
    expect(link.node.addresses()).not.toContain(`${IP}/24`)
  })

  test('a process that has taken over the number of an announcer is left alone', async () => {
    mkdirSync(state, { recursive: true })
    writeFileSync(join(state, `ts-IPaddr2-announcer-${IP}`), `${process.pid} 1\n`)
    expect((await call('stop')).code).toBe(0)
  })
})

describe('bad input', () => {
  test.each<[Readonly<Record<string, string>>, number, RegExp]>([
    [{ ip: '' }, 6, /^ip is not set: it is required/],
    [{ ip: '10.9.0.500' }, 6, /^ip: '10\.9\.0\.500' is not allowed; set ip to an address such as/],
    [
      { cidr_netmask: '33' },
      6,
      /^cidr_netmask: 33 is too long for the IPv4 address 10\.9\.0\.5; set it to 1 to 32$/,
    ],
    [{ nic: 'eth7' }, 2, /^nic: this node has no interface 'eth7'; set nic to one of lo, eth0$/],
    [
      { ip: '172.16.0.1' },
      1,
      /^this node has no route to the network of 172\.16\.0\.1: set nic and cidr_netmask/,
    ],
    [{ nic: 'x; reboot' }, 6, /^nic: 'x; reboot' is not allowed/],
  ])('%j: start and validate-all', async (params, code, reason) => {
    for (const action of ['start', 'validate-all']) {
      expect(await call(action, params)).toMatchObject({ code, reason: expect.stringMatching(reason) })
    }
    expect(link.node.addresses()).toEqual(['10.9.0.1/24', 'fd00:9::1/64'])
    expect((await call('monitor', params)).code).toBe(7)
    expect((await call('stop', params)).code).toBe(0)
  })

  test('stop does its work with a wrong configuration', async () => {
    await call('start')
    expect((await call('stop', { cidr_netmask: 'x' })).code).toBe(0)
    expect(link.node.addresses()).not.toContain(`${IP}/24`)
  })

  test.each(['start', 'stop'])('not root: %s', async (action) => {
    const argv = ['setpriv', '--reuid=65534', '--clear-groups', process.execPath, executable, action]
    // Where a user other than root can read it.
    const result = await link.node.run(
      ['sh', '-c', 'chmod 755 "$1"; shift; exec "$@"', '-', directory, ...argv],
      {
        PATH: '/usr/bin:/bin',
        OCF_RESKEY_ip: IP,
      },
    )
    expect(result).toMatchObject({
      code: 4,
      reason: expect.stringMatching(/^only root can .* run the agent as root$/),
    })
  })
})

test('--explain changes nothing and says what it would do', async () => {
  const env = { PATH: '/usr/bin:/bin', OCF_RESKEY_ip: IP, HA_RSCTMP: state }
  const start = await link.node.run([executable, 'start', '--explain'], env)
  expect(start.code).toBe(0)
  expect(start.stdout).toContain('ip -4 address add 10.9.0.5/24 broadcast 10.9.0.255 dev eth0')
  expect(link.node.addresses()).not.toContain(`${IP}/24`)
  await call('start', { arp_count: '1' })
  const stop = await link.node.run([executable, 'stop', '--explain'], env)
  expect(stop.stdout).toContain('remove 10.9.0.5/24 from eth0')
  expect(link.node.addresses()).toContain(`${IP}/24`)
  const monitor = await link.node.run([executable, 'monitor', '--explain'], env)
  expect(monitor.stdout).toMatch(/address: '10\.9\.0\.5'/)
  expect(monitor.stdout).toContain('success (0)')
})
