/** Schedules in which a cluster does not come back to life by itself, or loses commits, written down as they were found. */
import { type Script } from './script'
import { type ModelNode, nodeAt } from './world'

const ALL = [0, 1, 2]

function nodeOf({ world }: Script, index: number): ModelNode {
  return nodeAt(world, index)
}

/** The next step of pacemaker, carried out by all. */
function turn(script: Script, nodes: readonly number[]): void {
  script.goesOn(['schedule', 'step', 'deliver'], nodes)
}

/** The primary loses its power; so does its successor, after it has made its lock file and before it is promoted. */
export function promotionCutOff(script: Script): void {
  script.does('crash', 0).does('reform', 1)
  // The announcement, and what it has the standbys say.
  script.does('schedule', 1).goesOn(['step', 'deliver'], [1, 2])
  script.does('schedule', 1)
  for (let steps = 0; nodeOf(script, 1).lock === undefined && steps < 50; steps += 1) {
    script.does('step', 1).goesOn(['deliver'], [1])
  }
  script.does('crash', 1)
}

/** The standby that nobody waits for has a record that the one that is waited for has not; the primary ends. */
export function newerPotential(script: Script): void {
  script.does('commit', 0).does('catch up', 2).does('crash server', 0)
}

/**
 * The two standbys sleep, one after the other, and the primary, which goes on alone for a moment, is stopped for want
 * of a quorum. One of them comes back with a score of before.
 */
export function scoreOfBefore(script: Script): void {
  script.does('sleep', 1).does('reform', 0).does('lose upstream', 2).does('sleep', 2).does('reform', 0)
  script.does('monitor', 0).goesOn(['notice loss'], [1, 2]).goesOn(['step', 'deliver'], [0])
  turn(script, [0])
}

/**
 * The primary decides for the cluster. Its standbys lose their power one after the other; before it knows that it is
 * alone it has barred them, in a configuration that nobody else has, and acknowledges. Then it is gone as well, and the
 * others are there again.
 */
export function threePowerCuts(script: Script): void {
  script.does('crash', 2).does('crash', 1)
  script.goesOn(['notice loss'], ALL).does('monitor', 0).goesOn(['step'], [0])
  script.does('commit', 0).does('crash', 0)
  script.does('boot', 1).does('boot', 2).does('reform', 1)
  for (let round = 0; round < 6; round += 1) {
    turn(script, [1, 2])
    script.goesOn(['monitor'], [1, 2]).goesOn(['step', 'deliver', 'connect', 'catch up'], [1, 2])
  }
  script.does('commit', 1)
}

/**
 * What was measured as "three nodes without a primary": node2 sleeps while node1 bars it and takes node3 instead, node3
 * sleeps, and node1 is stopped in good order for want of a quorum. All wake. node2 brings its own score of before, and
 * the announcement of its promotion, which could only be refused, has the other two keep the resource off themselves.
 */
export function blockedThree(script: Script): void {
  script.does('lose upstream', 1).does('commit', 0).goesOn(['catch up'], [2])
  script.does('sleep', 1).does('reform', 0)
  script.does('monitor', 0).goesOn(['step', 'deliver'], [0])
  script.does('sleep', 2).does('reform', 0)
  turn(script, [0])
  turn(script, [0])
}
