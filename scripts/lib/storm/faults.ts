/** What each fault does. It returns when its cause is over: what then remains to be done is the cluster's. */
import { basename } from 'node:path'
import { type Lab, type LabNode, monotonicMs, type Nic, until } from '../../../test/cluster/lab'
import { pause } from '../../../test/cluster/lab/wait'
import { killAgents } from './agents'
import { fillDisk, freeDisk } from './disk'
import { type Events } from './events'
import { type Fencing } from './fence'
import { type FaultName } from './kinds'
import { type Machines } from './machines'
import { loseMessages, slowDown } from './network'
import { type Random } from './random'
import { type Watch } from './watch'

export interface Scene {
  readonly lab: Lab
  readonly machines: Machines
  readonly fencing: Fencing | undefined
  readonly watch: Watch
  readonly events: Events
  readonly random: Random
  readonly primary: LabNode
  readonly standbys: readonly LabNode[]
  /** Whom it hits. */
  readonly target: LabNode
  readonly durationMs: number
}

type Fault = (scene: Scene) => Promise<void>

const ALL: readonly Nic[] = ['eth0', 'eth1', 'eth2']
const PROMOTION = ['crm_resource', '--resource', 'msPostgresql', '--promoted']
/** How long an operator waits for what he has asked for. */
const OPERATOR_MS = 60_000

const sleep: Fault = ({ machines, target, durationMs }) => machines.sleep(target, durationMs, 'sleeps')
const suspend: Fault = ({ machines, target, durationMs }) => machines.sleep(target, durationMs, 'goes on')

// eslint-disable-next-line @typescript-eslint/require-await -- as all faults
const kill: Fault = async ({ target, events }) => {
  events.add(`${target.name}: ${target.killPostgres()} processes of PostgreSQL killed`)
}

const freeze: Fault = async ({ target, events, durationMs }) => {
  events.add(`${target.name}: ${target.killPostgres('SIGSTOP')} processes of PostgreSQL suspended`)
  await pause(durationMs)
  events.add(`${target.name}: ${target.killPostgres('SIGCONT')} processes of PostgreSQL go on`)
}

const power: Fault = async ({ machines, fencing, target, durationMs }) => {
  fencing?.held.add(target.name)
  await machines.powerOff(target)
  await pause(durationMs)
  fencing?.held.delete(target.name)
  await machines.powerOn(target)
}

const cut =
  (nics: readonly Nic[]): Fault =>
  async ({ machines, target, durationMs }) => {
    await machines.unplug(target, nics)
    await pause(durationMs)
    await machines.plugIn(target, nics)
  }

const flap: Fault = async ({ machines, target, durationMs, random }) => {
  const endMs = monotonicMs() + durationMs
  const nics = random.pick<readonly Nic[]>([['eth1'], ['eth0'], ALL])
  while (monotonicMs() < endMs) {
    await machines.unplug(target, nics)
    await pause(random.between(200, 1800))
    await machines.plugIn(target, nics)
    await pause(random.between(200, 1800))
  }
}

const killDaemon =
  (name: string): Fault =>
  // eslint-disable-next-line @typescript-eslint/require-await -- as all faults
  async ({ target, events }) => {
    // Not by the kernel's name of it, which holds 15 characters.
    const found = target.processes().filter(({ argv }) => basename(argv[0] ?? '') === name)
    for (const { pid } of found) process.kill(pid, 'SIGKILL')
    events.add(`${target.name}: ${found.length} ${name} killed`)
  }

const twoNodes: Fault = async (scene) => {
  const { lab, random } = scene
  const faults = [sleep, kill, power, cut(ALL)]
  const [one, other] = random.shuffled(lab.nodes)
  if (!one || !other) return
  const [first, second] = [random.pick(faults), random.pick(faults)]
  await Promise.all([first({ ...scene, target: one }), second({ ...scene, target: other })])
}

const reboot: Fault = async ({ machines, fencing, target, events }) => {
  fencing?.held.add(target.name)
  await machines.shutDown(target).catch(async (error: unknown) => {
    events.add(`${target.name} does not shut down: ${String(error).split('\n')[0] ?? ''}`)
    await machines.powerOff(target)
  })
  fencing?.held.delete(target.name)
  await machines.powerOn(target)
}

/** Waits until another node is the primary; an operator who sees that none will continues nevertheless. */
async function untilMoved({ watch, target, events }: Scene): Promise<void> {
  const moved = (): boolean => (watch.status?.promoted('pgsql') ?? []).some((node) => node !== target.name)
  await until('another node is the primary', moved, { timeoutMs: OPERATOR_MS }).catch(() => {
    events.add('no other node has become the primary')
  })
}

const ban: Fault = async (scene) => {
  const { target, events } = scene
  events.add(`a person bans the primary from ${target.name}`)
  await target.must([...PROMOTION, '--ban', '--node', target.name])
  await untilMoved(scene)
  await target.must([...PROMOTION, '--clear'])
  events.add('and clears the ban')
}

const standby: Fault = async (scene) => {
  const { target, events, durationMs } = scene
  events.add(`a person puts ${target.name} in standby`)
  await target.must(['crm', 'node', 'standby', target.name])
  await untilMoved(scene)
  await pause(durationMs)
  await target.must(['crm', 'node', 'online', target.name])
  events.add(`and ${target.name} online`)
}

const promoteByHand: Fault = async ({ target, events }) => {
  events.add(`a person promotes the server of ${target.name}, without the cluster`)
  await target.sql('select pg_promote(false)')
}

const fillUp: Fault = async ({ target, events, durationMs }) => {
  events.add(`${target.name}: the disk of the database is full`)
  await fillDisk(target)
  await pause(durationMs)
  await until(
    `${target.name} has room again`,
    () =>
      freeDisk(target).then(
        () => true,
        () => false,
      ),
    { timeoutMs: OPERATOR_MS },
  )
  events.add(`${target.name}: the disk has room again`)
}

const on =
  (begin: (node: LabNode) => Promise<(() => Promise<void>) & { readonly what: string }>): Fault =>
  async ({ target, events, durationMs }) => {
    const end = await begin(target)
    events.add(`${target.name}: ${end.what}`)
    await pause(durationMs)
    // A node that was fenced meanwhile has a new network.
    await end().catch(() => undefined)
    events.add(`${target.name}: the network is whole again`)
  }

export const ACTS: Readonly<Record<FaultName, Fault>> = {
  sleep,
  'sleep-standby': sleep,
  suspend,
  'kill-primary': kill,
  'kill-standby': kill,
  freeze,
  'freeze-standby': freeze,
  power,
  'power-standby': power,
  cut: cut(ALL),
  'cut-standby': cut(ALL),
  'cut-clients': cut(['eth0']),
  'cut-messages': cut(['eth1']),
  'cut-replication': cut(['eth2']),
  loss: (scene) => on((node) => loseMessages(node, Math.round(scene.random.between(5, 40))))(scene),
  delay: on(slowDown),
  flap,
  'kill-attrd': killDaemon('pacemaker-attrd'),
  'kill-based': killDaemon('pacemaker-based'),
  'kill-controld': killDaemon('pacemaker-controld'),
  'kill-execd': killDaemon('pacemaker-execd'),
  'kill-schedulerd': killDaemon('pacemaker-schedulerd'),
  'kill-fenced': killDaemon('pacemaker-fenced'),
  'kill-pacemakerd': killDaemon('pacemakerd'),
  'kill-corosync': killDaemon('corosync'),
  'kill-agents': (scene) => killAgents(scene),
  'two-nodes': twoNodes,
  reboot,
  ban,
  standby,
  'hand-promotion': promoteByHand,
  'disk-full': fillUp,
}
