/** `ocf-ts init`: what a server lacks for the replication, and whom pg_hba.conf lets in. */
import { describe, expect, test } from '@jest/globals'
import { type Entry, entryLine, letsIn, withLines } from '../../cli/init/hba'
import { withSettings } from '../../cli/init/make'
import { findNeeds, type InitFacts } from '../../cli/init/needs'
import { networkOf } from '../../cli/init/observe'
import { type InitSpec, specOfCluster, specOfPlan } from '../../cli/init/spec'
import { readPlan } from '../../cli/configure/plan'
import { readConfiguration } from '../../lib/cluster/configuration'
import { parseAddress } from '../../lib/network/address'

const network = (text: string) => {
  const [ip = '', length] = text.split('/')
  const address = parseAddress(ip)
  if (!address) throw new Error(text)
  return { address, prefixLength: Number(length) }
}

describe('pg_hba.conf', () => {
  const replication: Entry = { database: 'replication', user: 'postgres', network: network('192.168.2.0/24') }
  const clients: Entry = { database: 'all', user: 'all', network: network('2001:db8::/64') }
  test.each<[string, Entry, 'yes' | 'no' | 'refused']>([
    ['host replication postgres 192.168.2.0/24 trust', replication, 'yes'],
    ['host replication postgres 192.168.2.0 255.255.255.0 md5', replication, 'yes'],
    ['hostssl replication,postgres all 192.168.0.0/16 cert', replication, 'yes'],
    ['host "replication" postgres 192.168.2.0/24 trust', replication, 'no'],
    ['host replication "postgres", other samenet trust', replication, 'yes'],
    ['host all all 0.0.0.0/0 trust', replication, 'no'],
    ['host replication all 0.0.0.0/0 trust', replication, 'yes'],
    ['host replication all all trust', replication, 'yes'],
    ['host replication all 192.168.2.1/32 trust', replication, 'no'],
    ['host replication repl 192.168.2.0/24 trust', replication, 'no'],
    ['local replication all peer', replication, 'no'],
    ['# host replication postgres 192.168.2.0/24 trust', replication, 'no'],
    [
      'host replication all 192.168.0.0/16 reject\nhost replication all 192.168.2.0/24 trust',
      replication,
      'refused',
    ],
    [
      'host replication all 192.168.2.9/32 reject\nhost replication all 192.168.2.0/24 trust',
      replication,
      'yes',
    ],
    ['host all all ::/0 scram-sha-256', clients, 'yes'],
    ['host all app 2001:db8::/64 scram-sha-256', clients, 'no'],
    ['host app all 2001:db8::/64 scram-sha-256', clients, 'no'],
    ['host all all 10.0.0.0/8 scram-sha-256', clients, 'no'],
    ['', clients, 'no'],
  ])('%j', (text, entry, answer) => {
    expect(letsIn(text, entry)).toBe(answer)
  })

  test('lines go into one marked block, and then let in whom they are for', () => {
    const line = entryLine(replication, 'trust')
    const once = withLines('local all all peer', [line])
    expect(once).toBe(`local all all peer
# ocf-ts: begin, added by ocf-ts init
host    replication     postgres        192.168.2.0/24          trust
# ocf-ts: end
`)
    expect(letsIn(once, replication)).toBe('yes')
    const twice = withLines(`${once}# mine\n`, [entryLine({ ...clients, user: 'a b' }, 'md5')])
    expect(twice.match(/ocf-ts: begin/g)).toHaveLength(1)
    expect(twice).toContain(
      `${line}\nhost    all             "a b"           2001:db8::/64           md5\n# ocf-ts: end\n# mine\n`,
    )
  })
})

const spec: InitSpec = {
  parameters: {},
  nodes: ['node1', 'node2'],
  repuser: 'postgres',
  rewinds: false,
  slots: false,
  restores: false,
  database: 'postgres',
  replication: { ip: '192.168.2.3', prefixLength: 24 },
  clients: [],
  auth: undefined,
}

const well: InitFacts = {
  version: 15,
  server: 'stopped',
  configured: {
    wal_level: 'replica',
    max_wal_senders: '10',
    hot_standby: 'on',
    wal_log_hints: 'off',
    full_page_writes: 'on',
    max_replication_slots: '10',
    wal_keep_size: '64MB',
    wal_keep_segments: '64',
    listen_addresses: '*',
    archive_mode: 'off',
    archive_command: '(disabled)',
    archive_library: '',
    max_connections: '100',
  },
  active: undefined,
  checksums: false,
  recorded: {},
  hba: 'host replication postgres 192.168.2.0/24 trust',
  hbaFile: '/data/pg_hba.conf',
  synchronous: undefined,
  startConf: undefined,
  replication: network('192.168.2.0/24'),
  clients: [],
}

describe('what is lacking', () => {
  type Changes = { readonly facts?: Partial<InitFacts>; readonly spec?: Partial<InitSpec> }
  const set = (changes: Record<string, string>): Changes => ({
    facts: { configured: { ...well.configured, ...changes } },
  })
  const lacking = (changes: Changes) =>
    findNeeds({ ...well, ...changes.facts }, { ...spec, ...changes.spec })
      .filter(({ state }) => state !== 'ok')
      .map(({ name, state, change, restart, advice }) => {
        const how = change?.kind === 'set' ? change.value : (change?.kind ?? (advice ? 'by hand' : ''))
        return [name, state, how, ...(restart ? ['restart'] : [])].filter(Boolean).join(' ')
      })

  test.each<[string, Changes, readonly string[]]>([
    ['nothing', {}, []],
    ['wal_level', set({ wal_level: 'minimal' }), ['wal_level lacks replica restart']],
    ['wal_level, more than enough', set({ wal_level: 'logical' }), []],
    [
      'wal_level of 9.5',
      { facts: { version: 9.5, configured: { ...well.configured, wal_level: 'archive' } } },
      ['wal_level lacks hot_standby restart'],
    ],
    ['max_wal_senders', set({ max_wal_senders: '4' }), ['max_wal_senders lacks 10 restart']],
    [
      'max_wal_senders of many nodes',
      { spec: { nodes: 'abcdefghijkl'.split('') } },
      ['max_wal_senders lacks 15 restart'],
    ],
    ['hot_standby', set({ hot_standby: 'off' }), ['hot_standby lacks on restart']],
    ['wal_keep_size', set({ wal_keep_size: '0' }), ['wal_keep_size lacks 1GB']],
    [
      'wal_keep_segments before 13',
      { facts: { version: 12, configured: { ...well.configured, wal_keep_segments: '0' } } },
      ['wal_keep_segments lacks 64'],
    ],
    ['slots in place of wal_keep_size', { spec: { slots: true }, ...set({ wal_keep_size: '0' }) }, []],
    [
      'max_replication_slots',
      { spec: { slots: true }, ...set({ max_replication_slots: '2' }) },
      ['max_replication_slots lacks 10 restart'],
    ],
    [
      'listen_addresses',
      set({ listen_addresses: 'localhost, 192.168.2.1' }),
      ['listen_addresses lacks * restart'],
    ],
    ['listen_addresses, all of them', set({ listen_addresses: 'localhost, 0.0.0.0' }), []],
    [
      'rewind without hints and checksums',
      { spec: { rewinds: true } },
      ['wal_log_hints lacks on restart', 'pg_hba.conf lacks let in'],
    ],
    [
      'rewind with checksums',
      { spec: { rewinds: true }, facts: { checksums: true, hba: `${well.hba}\nhost all all all md5` } },
      [],
    ],
    ['an archive', { spec: { restores: true } }, ['archive_mode lacks by hand']],
    [
      'an archive without a command',
      { spec: { restores: true }, ...set({ archive_mode: 'on' }) },
      ['archive_mode lacks by hand'],
    ],
    [
      'an archive that works',
      { spec: { restores: true }, ...set({ archive_mode: 'on', archive_command: 'cp %p /a/%f' }) },
      [],
    ],
    ['pg_hba.conf', { facts: { hba: '' } }, ['pg_hba.conf lacks let in']],
    [
      'pg_hba.conf that refuses',
      { facts: { hba: 'host replication all all reject' } },
      ['pg_hba.conf lacks by hand'],
    ],
    ['clients', { facts: { clients: [network('192.168.100.0/24')] } }, ['pg_hba.conf lacks let in']],
    ['a network of unknown size', { facts: { replication: undefined } }, ['pg_hba.conf lacks by hand']],
    [
      'fewer connections than in the last run',
      { facts: { recorded: { max_connections: 200 } } },
      ['control file lacks record'],
    ],
    ['as many', { facts: { recorded: { max_connections: 100 } } }, []],
    [
      'synchronous_standby_names',
      { facts: { synchronous: '/data/postgresql.conf, line 3' } },
      ['synchronous_standby_names lacks by hand'],
    ],
    [
      "Debian's start.conf",
      { facts: { startConf: { path: '/etc/start.conf', word: 'auto' } } },
      ['start.conf lacks by hand'],
    ],
    [
      "Debian's start.conf, as it should be",
      { facts: { startConf: { path: '/etc/start.conf', word: 'manual' } } },
      [],
    ],
    [
      'a server that was not restarted',
      { facts: { server: 'running', active: { ...well.configured, wal_level: 'minimal' } } },
      ['wal_level waits restart'],
    ],
    [
      'a server that was not reloaded',
      { facts: { server: 'running', active: { ...well.configured, wal_keep_size: '0' } } },
      ['wal_keep_size waits'],
    ],
  ])('%s', (_, changes, expected) => {
    expect(lacking(changes)).toEqual(expected)
  })

  test('the method of a line is that of the version, or what was said', () => {
    const line = (version: number, auth?: string) =>
      findNeeds({ ...well, version, hba: '' }, { ...spec, auth }).flatMap(({ change }) =>
        change?.kind === 'let in' ? [change.line.split(/\s+/).at(-1)] : [],
      )
    expect([line(16), line(13), line(16, 'cert')]).toEqual([['scram-sha-256'], ['md5'], ['cert']])
  })
})

test('postgresql.auto.conf: one line a setting', () => {
  const text = "# by hand\nwal_level = 'minimal'\nport = '5433'"
  expect(
    withSettings(text, [
      { name: 'wal_level', value: 'replica' },
      { name: 'listen_addresses', value: "a'b" },
    ]),
  ).toBe("# by hand\nport = '5433'\nwal_level = 'replica'\nlisten_addresses = 'a''b'\n")
  expect(withSettings('', [{ name: 'hot_standby', value: 'on' }])).toBe("hot_standby = 'on'\n")
})

describe('where the needs come from', () => {
  test('a plan', () => {
    const { plan } = readPlan({
      plan: {
        nodes: 'a b',
        writer: '192.168.100.163/24,eth0',
        replication: '192.168.2.3/255.255.255.0',
        reader: '192.168.100.164',
      },
      pgsql: {
        pgdata: '/data',
        rejoin: 'rewind',
        replication_slot_name: 'slot',
        primary_conninfo_opt: 'dbname=app password=secret',
      },
    })
    if (!plan) throw new Error('no plan')
    const found = specOfPlan(plan)
    expect(found).toMatchObject({
      nodes: ['a', 'b'],
      rewinds: true,
      slots: true,
      restores: false,
      database: 'app',
      replication: { ip: '192.168.2.3', prefixLength: 24 },
      clients: [
        { ip: '192.168.100.163', prefixLength: 24 },
        { ip: '192.168.100.164', prefixLength: undefined },
      ],
    })
    expect(JSON.stringify(found)).not.toContain('secret')
  })

  test('the cluster, with one address for writers and standbys', () => {
    const configuration = readConfiguration(`<cib><configuration><resources>
<primitive id="pgsql" class="ocf" provider="ts" type="pgsql"><instance_attributes id="i">
  <nvpair id="1" name="node_list" value="a b c"/><nvpair id="2" name="master_ip" value="10.0.0.5"/><nvpair id="3" name="pgdata" value="/data"/>
</instance_attributes></primitive>
<primitive id="vip" class="ocf" provider="ts" type="IPaddr2"><instance_attributes id="j"><nvpair id="4" name="ip" value="10.0.0.5"/></instance_attributes></primitive>
</resources></configuration></cib>`)
    const [database] = configuration.primitives
    if (!database) throw new Error('no database')
    expect(specOfCluster(configuration, database, 'trust')).toMatchObject({
      parameters: { pgdata: '/data' },
      nodes: ['a', 'b', 'c'],
      replication: { ip: '10.0.0.5', prefixLength: undefined },
      clients: [{ ip: '10.0.0.5' }],
      auth: 'trust',
    })
  })

  test('the size of a network that nobody has said is that of an interface', () => {
    const own = (ip: string) => {
      const { address, prefixLength } = network(ip)
      return { address, prefixLength, label: '', broadcast: undefined, tentative: false, duplicate: false }
    }
    const interfaces = [
      {
        name: 'eth0',
        up: true,
        link: true,
        loopback: false,
        altNames: [],
        linkType: 'ether',
        addresses: [own('10.0.0.1/22'), own('fd00::1/64')],
      },
    ]
    const text = (ip: string, prefixLength?: number) => {
      const found = networkOf({ ip, prefixLength }, interfaces)
      return found && `${found.address.text}/${found.prefixLength}`
    }
    expect(text('10.0.3.5')).toBe('10.0.0.0/22')
    expect(text('10.0.3.5', 24)).toBe('10.0.3.0/24')
    expect(text('fd00::99')).toBe('fd00::/64')
    expect(text('10.9.9.9')).toBeUndefined()
  })
})
