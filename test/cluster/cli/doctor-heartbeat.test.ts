/** `ocf-ts doctor` on heartbeat: the troubles of the document's chapter 7. */
import { copyFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { type Finding } from '../../../cli/doctor/finding'
import {
  heartbeatBinds,
  heartbeatFiles,
  Lab,
  type LabNode,
  startHeartbeat,
  stopHeartbeat,
  until,
} from '../lab'
import { startSshd } from '../lab/ssh'

const MINUTE = 60_000
const UUID = '/var/lib/heartbeat/hb_uuid'

jest.setTimeout(MINUTE)

let lab: Lab
let node1: LabNode
let node2: LabNode

beforeAll(async () => {
  lab = await Lab.create({
    tool: true,
    binds: heartbeatBinds,
    files: heartbeatFiles({ nodes: ['node1', 'node2'], haresources: '', autoFailback: false }),
  })
  ;[node1, node2] = [lab.node('node1'), lab.node('node2')]
  await Promise.all(lab.nodes.map(startSshd))
  await Promise.all(lab.nodes.map(startHeartbeat))
}, 2 * MINUTE)

afterAll(() => lab.destroy(), MINUTE)

async function doctor(...flags: readonly string[]): Promise<readonly Finding[]> {
  const { stdout, stderr } = await node1.run(['ocf-ts', 'doctor', '--json', ...flags])
  if (stdout === '') throw new Error(stderr)
  const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] }
  return findings.filter(({ severity }) => severity !== 'ok')
}

const brief = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ id, finding }) => `${id}: ${finding}`)

test('nodes that beat', async () => {
  expect(brief(await doctor())).toEqual([])
})

test('cloned machines, a port that is taken, an interface, a key and programs that are not right', async () => {
  await stopHeartbeat(node2)
  copyFileSync(node1.onDisk(UUID), node2.onDisk(UUID))
  const taken = "require('node:dgram').createSocket('udp4').bind(694)"
  await node2.must(['setsid', '--fork', 'node', '-e', taken])
  await until('the port is taken', async () =>
    (await node2.must(['cat', '/proc/net/udp'])).includes(':02B6 '),
  )
  await node2.must([
    'bash',
    '-ec',
    `cp /etc/ha.d/ha.cf /etc/ha.d/authkeys /run/root
     sed -i 's/^ucast eth1/ucast eth7/; s/^crm off/crm respawn/' /run/root/ha.cf
     echo 'respawn hacluster /usr/lib64/heartbeat/ipfail' >> /run/root/ha.cf
     chmod 644 /run/root/authkeys
     mount --bind /run/root/ha.cf /etc/ha.d/ha.cf
     mount --bind /run/root/authkeys /etc/ha.d/authkeys`,
  ])
  const broken = await doctor()
  expect(brief(broken)).toEqual(
    expect.arrayContaining([
      'heartbeat-uuid: node2 has the heartbeat uuid of node1: one was cloned from the other, and heartbeat takes them for one node',
      "heartbeat-port: heartbeat's UDP port 694 on node2 is taken by another program",
      'heartbeat-interface: heartbeat on node2 is to send over eth7, which does not exist',
      'heartbeat-authkeys: the key file of heartbeat on node2 can be read by others: heartbeat refuses to start',
      'heartbeat-programs: heartbeat on node2 is to start /usr/lib64/heartbeat/ipfail, which is not there: it refuses to start',
    ]),
  )
  const of = (id: string) => broken.find((one) => one.id === id)
  expect(of('heartbeat-port')?.evidence[0]).toMatch(/^UDP 694: node \(process \d+\)$/)
  expect(of('heartbeat-programs')?.advice).toBe(
    'ln -s /usr/libexec/heartbeat/ipfail /usr/lib64/heartbeat/ipfail',
  )
  // This pacemaker has no program that this heartbeat knows.
  expect(brief(broken).join('\n')).toContain('is to start /usr/libexec/pacemaker/crmd')

  const fixed = await doctor('--fix', '--yes')
  expect(fixed.map(({ id }) => id)).not.toContain('heartbeat-authkeys')

  await node2.must(['umount', '/etc/ha.d/ha.cf'])
  await node2.must(['umount', '/etc/ha.d/authkeys'])
  await node2.must(['rm', UUID])
  node2.signal('node', 'SIGTERM')
  await until('the port is free', () => node2.processes().every(({ command }) => command !== 'node'))
  await startHeartbeat(node2)
  expect(brief(await doctor())).toEqual([])
})
