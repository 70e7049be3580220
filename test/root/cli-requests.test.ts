/** What another node's tool asks this one to do is read by its form: what is wrong is named, and nothing is done. */
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { initSpecForm } from '../../cli/init/spec-form'
import { readRequest } from '../../cli/nodes/request'

const TOOL = resolve(__dirname, '../../dist/bin/ocf-ts')

function tool(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [TOOL, ...args], { input, encoding: 'utf8' })
  return { status, stdout, stderr }
}

const spec = {
  parameters: { pgdata: '/data', pgctl: '/usr/bin/pg_ctl' },
  nodes: ['node1', 'node2'],
  repuser: 'replicator',
  rewinds: true,
  slots: false,
  restores: false,
  database: 'postgres',
  replication: { ip: '192.0.2.3', prefixLength: 24 },
  clients: [{ ip: '192.0.2.4' }],
}
const clone = { variables: { OCF_RESKEY_pgdata: '/data' }, replace: false, from: '', maxRate: 0 }
const cannotRead = (command: string): string =>
  `${command}: this version \\([^)]*\\) cannot read what it is asked to do: `

describe('node-init', () => {
  test.each<readonly [string, unknown, string]>([
    ['nothing', {}, "'parameters' is missing, or is not what is expected there"],
    ['a list of nodes that is none', { ...spec, nodes: 'node1' }, "'nodes' is missing"],
    ['a node that is no name', { ...spec, nodes: ['node1', 'a b'] }, "'nodes.1' is missing"],
    ['a parameter that is no text', { ...spec, parameters: { pgdata: 1 } }, "'parameters.pgdata' is missing"],
    [
      'a prefix that is none',
      { ...spec, clients: [{ ip: 'x', prefixLength: 129 }] },
      "'clients.0.prefixLength'",
    ],
    ['a second line for pg_hba.conf', { ...spec, auth: 'trust\nhost all' }, "'auth' is missing"],
    ['a list', [], 'it is not a JSON object'],
  ])('%s', (_, asked, wrong) => {
    const { status, stdout, stderr } = tool(['node-init', '--spec', JSON.stringify(asked), '--work', 'look'])
    expect(stderr).toMatch(new RegExp(`^ocf-ts: ${cannotRead('node-init')}${wrong}`))
    expect(stderr).toContain('install the same version on every node')
    expect([status, stdout]).toEqual([2, ''])
  })

  test('no JSON', () => {
    expect(tool(['node-init', '--spec', '{x', '--work', 'make']).stderr).toMatch(/it is not a JSON object$/m)
  })

  test('what it is asked is read as it was sent', () => {
    const [client] = spec.clients
    expect(readRequest(JSON.stringify(spec), initSpecForm, 'node-init')).toEqual({
      ...spec,
      clients: [{ ...client, prefixLength: undefined }],
      auth: undefined,
    })
  })
})

describe('node-clone', () => {
  test.each<readonly [string, unknown, string]>([
    ['nothing', {}, "'variables' is missing"],
    [
      'a password that is no text',
      { ...clone, variables: { OCF_RESKEY_monitor_password: 5 } },
      "'variables.OCF_RESKEY_monitor_password'",
    ],
    ['variables in a list', { ...clone, variables: [] }, "'variables' is missing"],
    ['no rate', { ...clone, maxRate: '1' }, "'maxRate' is missing"],
    ['an address of two lines', { ...clone, from: 'a\nb' }, "'from' is missing"],
  ])('%s', (_, asked, wrong) => {
    const { status, stdout } = tool(['node-clone'], JSON.stringify(asked))
    const told = JSON.parse(stdout) as {
      readonly event: string
      readonly reason: string
      readonly advice: string
    }
    expect(told).toMatchObject({ event: 'failed', advice: expect.stringContaining('the same version') })
    expect(told.reason).toMatch(new RegExp(`^${cannotRead('node-clone')}${wrong}`))
    expect(status).toBe(0)
  })
})
