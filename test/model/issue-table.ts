/**
 * What was measured on three nodes without fencing: the primary's node sleeps, the majority promotes node2, which
 * acknowledges commits, the sleeper wakes with a monitor of the world of before, and 409 rows are lost.
 */
import { Script } from './script'
import { createWorld, type Options, type World } from './world'

const MAJORITY = [1, 2]
const ALL = [0, 1, 2]

export function sleepOfThePrimary(options: Options, log: string[]): World {
  const script = new Script(createWorld(options, log))
  script.does('commit', 0).goesOn(['catch up'], ALL)
  script.does('sleep', 0).does('reform', 1)
  // The majority elects, promotes and writes.
  for (let round = 0; round < 3; round += 1) {
    script
      .goesOn(['schedule', 'step', 'deliver', 'connect', 'catch up'], MAJORITY)
      .goesOn(['monitor'], MAJORITY)
      .goesOn(['step', 'deliver', 'connect', 'catch up'], MAJORITY)
  }
  script.does('commit', 1).does('commit', 1).goesOn(['catch up'], MAJORITY)
  // The sleeper finds its connections dead. Nothing else has come to it yet.
  script.does('wake', 0).goesOn(['notice loss'], MAJORITY)
  script.does('monitor', 0).goesOn(['step'], [0])
  script.does('reform', 0).goesOn(['deliver', 'step'], ALL)
  return script.world
}
