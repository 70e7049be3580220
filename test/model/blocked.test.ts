/**
 * What was found in random schedules, each as one schedule of its own. Without numbers and proofs, the first four left the
 * nodes without a primary, or with one that a person had to bring back; they are what the decisions were changed for.
 */
import { expect, test } from '@jest/globals'
import { blockedThree, newerPotential, promotionCutOff, scoreOfBefore, threePowerCuts } from './blocked'
import { ONE } from './scenarios'
import { Script } from './script'
import { settle } from './settle'
import { createWorld, type Options, type Violation } from './world'

const OPTIONS: Options = { size: 3, coordinator: 0, policy: ONE, rejoin: 'rewind', protocol: 'with proof' }

/** What goes wrong first, in words; nothing where all becomes well. */
function play(
  schedule: (script: Script) => void,
  protocol: Options['protocol'],
): Violation['kind'] | undefined {
  const log: string[] = []
  const script = new Script(createWorld({ ...OPTIONS, protocol }, log))
  schedule(script)
  settle(script.world)
  const [violation] = script.world.violations
  if (violation !== undefined && protocol === 'with proof') throw new Error(log.join('\n'))
  return violation?.kind
}

test.each([
  ['a promotion that is cut off after the lock file was made', promotionCutOff],
  ['a potential standby that has more', newerPotential],
  ['a score of before', scoreOfBefore],
  ['the three that were found without a primary', blockedThree],
  ['three power cuts', threePowerCuts],
])('%s: there is a primary again, and all nodes follow it', (_, schedule) => {
  expect(play(schedule, 'with proof')).toBeUndefined()
})

test('without proofs, the primary that is alone after two power cuts acknowledges what is lost', () => {
  expect(play(threePowerCuts, 'before')).toBe('lost')
})
