/**
 * The nodes' power, cables and sleep, and what an init would do on them: a daemon of the cluster that has died is
 * started again, as systemd does it (Restart=on-failure).
 */
import { type Lab, type LabNode, monotonicMs, type Nic } from '../../../test/cluster/lab'
import { pause } from '../../../test/cluster/lab/wait'
import { mountDisk } from './disk'
import { type Events } from './events'
import { endSilence, silence } from './network'
import { releaseEntering, resume, suspend } from '../../../test/cluster/lab/sleep'
import { type Writers } from './writers'

/** From the death of a daemon until init starts it again. */
const RESTART_MS = 1000

interface Machine {
  readonly node: LabNode
  asleep: boolean
  /** The cluster is to run on it. False while a person has stopped it. */
  enabled: boolean
  /** Counts power losses: what was started before one does not count after it. */
  lives: number
  /** What is being done to its power; one at a time. */
  switching: Promise<void>
  /** Cables that are out; they stay out over a power loss. */
  readonly unplugged: Set<Nic>
  /** Since when a daemon is missing. */
  missingSince: number | undefined
  starting: boolean
}

export class Machines {
  private readonly machines: ReadonlyMap<string, Machine>
  private ended = false
  private readonly loop: Promise<void>

  constructor(
    private readonly lab: Lab,
    private readonly writers: Writers,
    private readonly events: Events,
  ) {
    this.machines = new Map(
      lab.nodes.map((node) => [
        node.name,
        {
          node,
          asleep: false,
          enabled: true,
          lives: 0,
          switching: Promise.resolve(),
          unplugged: new Set<Nic>(),
          missingSince: undefined,
          starting: false,
        },
      ]),
    )
    this.loop = this.supervise()
  }

  /** The nodes that can be asked something. */
  get awake(): readonly LabNode[] {
    return [...this.machines.values()]
      .filter(({ node, asleep }) => node.isOn && !asleep)
      .map(({ node }) => node)
  }

  /**
   * Every process of the node is suspended for this time. A node that is fenced meanwhile does not wake.
   *
   * @param kernel - whether its kernel goes on, as that of a container does whose processes are suspended; the one of
   * a virtual machine does not, and the network hears nothing of it
   */
  async sleep(node: LabNode, ms: number, kernel: 'goes on' | 'sleeps'): Promise<void> {
    const machine = this.of(node)
    const { lives } = machine
    machine.asleep = true
    try {
      if (kernel === 'sleeps') await silence(this.lab, node)
      await suspend(node)
      this.events.add(`${node.name} sleeps (for ${(ms / 1000).toFixed(1)} s)`)
      await this.wait(ms, () => machine.lives !== lives)
    } finally {
      if (machine.lives === lives) {
        this.events.add(`${node.name} wakes`)
        if (kernel === 'sleeps') await endSilence(this.lab, node)
        await resume(node)
      }
      machine.asleep = false
    }
  }

  async powerOff(node: LabNode): Promise<void> {
    const machine = this.of(node)
    machine.enabled = false
    await this.switch(machine, async () => {
      if (!node.isOn) return
      machine.lives += 1
      machine.starting = false
      this.events.add(`${node.name} loses its power`)
      // A program that entered the node and is stopped would keep it from being gone.
      const timer = setInterval(() => {
        releaseEntering(node)
      }, 20)
      releaseEntering(node)
      await node.powerOff().finally(() => {
        clearInterval(timer)
      })
    })
  }

  /** Gives the node power; its init then starts the cluster. */
  async powerOn(node: LabNode): Promise<void> {
    const machine = this.of(node)
    await this.switch(machine, async () => {
      if (!node.isOn) {
        await node.powerOn()
        if (machine.unplugged.size > 0) await node.cutOff([...machine.unplugged])
        await mountDisk(node)
        this.events.add(`${node.name} has power`)
      }
      machine.enabled = true
    })
  }

  /** The cluster is stopped on the node in good order, and started again by `powerOn`. */
  async shutDown(node: LabNode): Promise<void> {
    this.of(node).enabled = false
    this.events.add(`${node.name} shuts down in good order`)
    await node.stopCluster()
    await this.powerOff(node)
  }

  /** Does something on a node on which the cluster is stopped meanwhile. */
  async without(node: LabNode, work: () => Promise<void>): Promise<void> {
    const machine = this.of(node)
    machine.enabled = false
    try {
      await node.stopCluster()
      await work()
    } finally {
      machine.enabled = true
    }
  }

  async unplug(node: LabNode, nics: readonly Nic[]): Promise<void> {
    const { unplugged } = this.of(node)
    for (const nic of nics) unplugged.add(nic)
    this.events.add(`${node.name}: ${nics.join(', ')} cut`)
    if (node.isOn) await node.cutOff(nics)
  }

  async plugIn(node: LabNode, nics: readonly Nic[]): Promise<void> {
    const machine = this.of(node)
    for (const nic of nics) machine.unplugged.delete(nic)
    this.events.add(`${node.name}: ${nics.join(', ')} healed`)
    await this.switch(machine, async () => {
      if (node.isOn) await node.heal(nics)
    })
  }

  async end(): Promise<void> {
    this.ended = true
    await this.loop
  }

  private of({ name }: LabNode): Machine {
    const machine = this.machines.get(name)
    if (!machine) throw new Error(`there is no ${name}`)
    return machine
  }

  private async switch(machine: Machine, work: () => Promise<void>): Promise<void> {
    const before = machine.switching
    const done = before.then(work)
    machine.switching = done.catch(() => undefined)
    await done
  }

  private async wait(ms: number, isOver: () => boolean): Promise<void> {
    const until = monotonicMs() + ms
    while (monotonicMs() < until && !isOver()) await pause(Math.min(20, until - monotonicMs()))
  }

  private async supervise(): Promise<void> {
    while (!this.ended) {
      for (const machine of this.machines.values()) this.lookAfter(machine)
      await pause(200)
    }
  }

  /** What init does on one node: it waits for nothing here, a node that hangs must not keep the others waiting. */
  private lookAfter(machine: Machine): void {
    const { node } = machine
    if (!node.isOn || machine.asleep || machine.starting || !machine.enabled) return
    try {
      if (!this.writers.runsInside(node)) this.writers.startInside(node)
    } catch {
      return // it has just lost its power
    }
    const commands = new Set(node.processes().map(({ command }) => command))
    const missing = ['corosync', 'pacemakerd'].filter((name) => !commands.has(name))
    if (missing.length === 0) {
      machine.missingSince = undefined
      return
    }
    machine.missingSince ??= monotonicMs()
    if (monotonicMs() - machine.missingSince < RESTART_MS) return
    machine.starting = true
    const { lives } = machine
    this.events.add(`${node.name}: init starts ${missing.join(' and ')}`)
    void node
      .boot()
      .catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error)
        this.events.add(`${node.name}: ${message.split('\n')[0] ?? ''}`)
      })
      .finally(() => {
        if (machine.lives !== lives) return
        machine.starting = false
        machine.missingSince = undefined
      })
  }
}
