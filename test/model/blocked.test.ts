/** What was found in random schedules, each as one schedule of its own. */
import { expect, test } from '@jest/globals'
import { blockedThree, newerPotential, promotionCutOff, scoreOfBefore, threePowerCuts } from './blocked'
import { ONE } from './scenarios'
import { Script } from './script'
import { settle } from './settle'
import { createWorld, NAMES, type Options, SCORE_NAME, type Violation } from './world'

const OPTIONS: Options = { size: 3, coordinator: 0, policy: ONE, rejoin: 'rewind', protocol: 'before' }

test.each<[string, (script: Script) => void, Partial<Options>, Violation['kind'] | undefined]>([
  ['a promotion that is cut off after the lock file was made', promotionCutOff, {}, 'no primary'],
  ['a potential standby that has more', newerPotential, {}, 'person needed'],
  ['a score of before', scoreOfBefore, {}, 'no primary'],
  ['the blocked three', blockedThree, {}, 'no primary'],
  ['three power cuts', threePowerCuts, {}, 'lost'],
])('%s', (_, play, more, kind) => {
  const log: string[] = []
  const script = new Script(createWorld({ ...OPTIONS, ...more }, log))
  play(script)
  settle(script.world)
  const [violation] = script.world.violations
  if (violation?.kind !== kind) throw new Error(log.join('\n'))
  expect(violation?.kind).toBe(kind)
})

test('the blocked three have the attributes that were measured', () => {
  const script = new Script(createWorld(OPTIONS))
  blockedThree(script)
  settle(script.world)
  expect(
    script.world.nodes.map(({ ring, index }) => [
      ring.transient[index]?.[NAMES.status],
      ring.permanent[index]?.[NAMES.dataStatus],
      ring.transient[index]?.[SCORE_NAME],
    ]),
  ).toEqual([
    ['STOP', 'LATEST', '-INFINITY'],
    ['HS:alone', 'DISCONNECT', '-INFINITY'],
    ['STOP', 'STREAMING|SYNC', '-INFINITY'],
  ])
})
