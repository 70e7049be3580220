/** The state of the cluster in Prometheus's text format. */
import { expect, test } from '@jest/globals'
import { writeMetrics } from '../../cli/metrics/exposition'
import { metricsOf } from '../../cli/metrics/metrics'
import { type StatusReport } from '../../cli/status/report'
import { member } from './support/member'

const report: StatusReport = {
  asked: 'node1',
  quorate: true,
  maintenance: false,
  fencing: false,
  dc: 'node1',
  nodes: [
    { node: 'node1', state: 'online' },
    { node: 'node2', state: 'online' },
    { node: 'node3', state: 'UNCLEAN' },
  ],
  databases: [
    {
      resource: 'pgsql',
      agent: 'ocf:ts:pgsql',
      clone: 'msPostgresql',
      mode: 'sync',
      primary: 'node1',
      members: [
        member('node1', {
          role: 'primary',
          dataStatus: 'LATEST',
          score: '1000',
          lagBytes: null,
          lagSeconds: null,
          locked: true,
        }),
        member('node2', { lagBytes: 4096, lagSeconds: 0.25 }),
        member('node3', {
          state: 'UNCLEAN',
          role: 'promoting',
          dataStatus: 'DISCONNECT',
          score: '-INFINITY',
          timeline: null,
          lagBytes: null,
          lagSeconds: null,
          locked: null,
        }),
      ],
      risk: { level: 'none', text: '' },
    },
  ],
  addresses: [
    { resource: 'vip-master', address: '192.168.100.163', node: 'node1' },
    { resource: 'vip-slave', address: '192.168.100.164', node: null },
  ],
  failures: [],
  upcoming: [],
}

/** Every sample by its name and labels; throws where a line is not of the format. */
function read(text: string): Map<string, string> {
  const samples = new Map<string, string>()
  const described = new Set<string>()
  let name = ''
  for (const line of text.trimEnd().split('\n')) {
    const [, word, metric] = /^# (HELP|TYPE) ([a-z_]+) \S/.exec(line) ?? []
    if (word === 'HELP' && metric !== undefined) {
      if (described.has(metric)) throw new Error(`${metric} is described twice`)
      described.add(metric)
      name = metric
      continue
    }
    if (word === 'TYPE' && metric === name) continue
    const sample =
      /^([a-z_]+)((?:\{[a-z]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z]+="(?:[^"\\\n]|\\["\\n])*")*\})?) (-?[0-9.]+|[+-]Inf)$/.exec(
        line,
      )
    if (sample === null || sample[1] !== name) throw new Error(`no sample of ${name}: ${line}`)
    const key = `${name}${sample[2] ?? ''}`
    if (samples.has(key)) throw new Error(`${key} is there twice`)
    samples.set(key, sample[3] ?? '')
  }
  return samples
}

test.each([
  ['ocf_ts_quorate', '1'],
  ['ocf_ts_maintenance', '0'],
  ['ocf_ts_node_online{node="node2"}', '1'],
  ['ocf_ts_node_online{node="node3"}', '0'],
  ['ocf_ts_failed_actions', '0'],
  ['ocf_ts_address_up{resource="vip-master",address="192.168.100.163"}', '1'],
  ['ocf_ts_address_up{resource="vip-slave",address="192.168.100.164"}', '0'],
  ['ocf_ts_database_has_primary{resource="pgsql"}', '1'],
  ['ocf_ts_database_failover_risk{resource="pgsql",risk="none"}', '1'],
  ['ocf_ts_database_failover_risk{resource="pgsql",risk="no failover"}', '0'],
  ['ocf_ts_database_last_promotion_timestamp_seconds{resource="pgsql"}', '1795476687'],
  ['ocf_ts_server_role{resource="pgsql",node="node1",role="primary"}', '1'],
  ['ocf_ts_server_role{resource="pgsql",node="node1",role="standby"}', '0'],
  ['ocf_ts_server_role{resource="pgsql",node="node3",role="promoting"}', '1'],
  ['ocf_ts_server_synchronous{resource="pgsql",node="node1"}', undefined],
  ['ocf_ts_server_synchronous{resource="pgsql",node="node2"}', '1'],
  ['ocf_ts_server_synchronous{resource="pgsql",node="node3"}', '0'],
  ['ocf_ts_server_promotion_score{resource="pgsql",node="node1"}', '1000'],
  ['ocf_ts_server_promotion_score{resource="pgsql",node="node3"}', '-Inf'],
  ['ocf_ts_server_timeline{resource="pgsql",node="node2"}', '3'],
  ['ocf_ts_server_timeline{resource="pgsql",node="node3"}', undefined],
  ['ocf_ts_server_lag_bytes{resource="pgsql",node="node2"}', '4096'],
  ['ocf_ts_server_lag_seconds{resource="pgsql",node="node2"}', '0.25'],
  ['ocf_ts_server_locked{resource="pgsql",node="node1"}', '1'],
  ['ocf_ts_server_locked{resource="pgsql",node="node3"}', undefined],
])('%s is %s', (sample, value) => {
  expect(read(writeMetrics(metricsOf(report, { pgsql: 1795476687 }))).get(sample)).toBe(value)
})

test('what is not known is left out; labels and help are escaped', () => {
  expect(writeMetrics([{ name: 'a', help: 'b', type: 'gauge', samples: [] }])).toBe('')
  const samples = [{ labels: { text: 'a "b" \\ c\nd' }, value: Infinity }]
  expect(writeMetrics([{ name: 'a_total', help: 'x\\y\nz', type: 'counter', samples }])).toBe(
    '# HELP a_total x\\\\y\\nz\n# TYPE a_total counter\na_total{text="a \\"b\\" \\\\ c\\nd"} +Inf\n',
  )
})
