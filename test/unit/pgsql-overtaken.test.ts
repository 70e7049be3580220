import { expect, test } from '@jest/globals'
import { decideOvertaken, type OvertakenFacts } from '../../agents/pgsql/decide-overtaken'
import { ExitCode } from '../../lib/ocf'

const facts: OvertakenFacts = {
  exit: ExitCode.RUNNING_PROMOTED,
  latest: true,
  promotedTo: 4,
  timeline: 4,
  age: 3,
}

test.each<[string, Partial<OvertakenFacts>, ExitCode]>([
  ['the cluster has just promoted it', {}, ExitCode.SUCCESS],
  ['and there is a warning', { exit: ExitCode.DEGRADED_PROMOTED }, ExitCode.DEGRADED],
  ['another node was promoted after it', { latest: false }, ExitCode.RUNNING_PROMOTED],
  ['somebody has promoted it by hand', { timeline: 5 }, ExitCode.RUNNING_PROMOTED],
  [
    'the promotion has not said which timeline it writes',
    { promotedTo: undefined },
    ExitCode.RUNNING_PROMOTED,
  ],
  ['it was promoted a while ago', { age: 61 }, ExitCode.RUNNING_PROMOTED],
  ['the clock was set back', { age: -1 }, ExitCode.RUNNING_PROMOTED],
  ['it is not known since when', { age: undefined }, ExitCode.RUNNING_PROMOTED],
  ['the monitor fails', { exit: ExitCode.FAILED_PROMOTED }, ExitCode.FAILED_PROMOTED],
])('a monitor of the standby finds a primary: %s', (_, given, expected) => {
  expect(decideOvertaken({ ...facts, ...given })).toBe(expected)
})
