/** The parameters as a whole: the shell agent's own, with its defaults; and what is no value of theirs. */
import { execFileSync } from 'node:child_process'
import { expect, test } from '@jest/globals'
import { XMLParser } from 'fast-xml-parser'
import { readParameters } from '../../lib/ocf/parameters'
import { parameters } from '../../agents/pgsql/parameters'
import { callAgent } from './support/agent'

interface MetaData {
  'resource-agent': {
    parameters: { parameter: { name: string; content: { type: string; default?: string } }[] }
  }
}

function defaultsIn(xml: string): Record<string, string> {
  const options = { ignoreAttributes: false, attributeNamePrefix: '', parseAttributeValue: false }
  const { 'resource-agent': agent } = new XMLParser(options).parse(xml) as MetaData
  return Object.fromEntries(
    agent.parameters.parameter.map(({ name, content }) => [name, content.default ?? '']),
  )
}

/** What the shell agent does not have: its newer versions' name, and ours. */
const MORE = {
  external_standby_node_list: '',
  rejoin: 'safe',
  rejoin_keep: '1',
  rejoin_max_rate: '0',
  monitor_timeout: '0',
  sync_policy: 'available',
  sync_standbys: '1',
  sync_method: 'first',
  max_lag: '0',
  report_degraded: 'false',
  standby_slot_timeout: '3600',
  logical_slots: 'none',
}

test('names and defaults are those of the shell agent that Debian has, and some more', async () => {
  const shell = execFileSync('/usr/lib/ocf/resource.d/heartbeat/pgsql', ['meta-data'], {
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', OCF_ROOT: '/usr/lib/ocf' },
  })
  const ours = defaultsIn((await callAgent('pgsql', 'meta-data')).stdout)
  expect(Object.keys(defaultsIn(shell))).toHaveLength(32)
  expect(ours).toEqual({ ...defaultsIn(shell), ...MORE })
})

test.each([
  ['pgdata', 'data', 'an absolute path'],
  ['config', 'postgresql.conf', 'an absolute path'],
  ['logfile', 'log', 'an absolute path'],
  ['socketdir', 'run', 'an absolute path'],
  ['tmpdir', 'tmp', 'an absolute path'],
  [
    'pghost',
    '/run/postgresql',
    'a host name or an address; for the directory of the unix socket there is socketdir',
  ],
  ['pgport', '0', 'a whole number from 1 to 65535'],
  ['pgport', '65536', 'a whole number from 1 to 65535'],
  ['pgport', '5432,5433', 'a whole number from 1 to 65535'],
  ['start_opt', `-c "a`, 'options in which every quote is closed'],
  ['ctl_opt', `-o 'a`, 'options in which every quote is closed'],
  ['rep_mode', 'Sync', 'one of none, async, sync, slave'],
  ['restart_on_promote', 'maybe', 'true or false (also yes/no, on/off, 1/0)'],
  ['check_wal_receiver', '2', 'true or false (also yes/no, on/off, 1/0)'],
  ['replication_slot_name', 'Slot', 'lower-case letters, digits and underscores'],
  ['sync_policy', 'lax', 'one of available, strict'],
  ['sync_standbys', '0', 'a whole number of 1 or more'],
  ['sync_method', 'any', 'one of first, quorum'],
  ['monitor_timeout', '5 minutes', 'a time of 0 seconds or more, such as 5 or 5s or 500ms'],
  ['max_lag', '16 M', 'a number of bytes, such as 16MB or 16777216'],
  ['report_degraded', 'often', 'true or false (also yes/no, on/off, 1/0)'],
  ['monitor_timeout', '-1', 'a time of 0 seconds or more, such as 5 or 5s or 500ms'],
  ['xlog_check_count', '-1', 'a whole number of 0 or more'],
  ['crm_attr_timeout', '0', 'a whole number of 1 or more'],
  ['stop_escalate', '20s', 'a whole number of 0 or more'],
  ['stop_escalate_in_slave', '1.5', 'a whole number of 0 or more'],
] as [keyof typeof parameters, string, string][])('%s: %j is no value of it', (name, value, allowed) => {
  const { problems, values } = readParameters(parameters, { pgdata: '/data', [name]: value })
  expect(problems.map(({ reason }) => reason)).toEqual([
    `${name}: '${value}' is not allowed; set ${name} to ${allowed}`,
  ])
  // What cannot be understood counts as not given: a stop goes on.
  const { values: without } = readParameters(parameters, name === 'pgdata' ? {} : { pgdata: '/data' })
  expect(values).toEqual(without)
})
