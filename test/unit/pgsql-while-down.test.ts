/** What a standby says behind the cluster's back for a promotion is not there after it. */
import { expect, test } from '@jest/globals'
import { publishForPromotion } from '../../agents/pgsql/while-down'

test.each<[string, readonly boolean[], readonly string[]]>([
  ['in time', [false, false], ['publish']],
  ['promoted before', [true], ['warning']],
  ['promoted meanwhile', [false, true], ['publish', 'take back', 'warning']],
])('%s', async (_, looks, expected) => {
  const done: string[] = []
  const note = (what: string) => (): Promise<void> => {
    done.push(what)
    return Promise.resolve()
  }
  const answers = [...looks]
  await publishForPromotion({
    returned: () => Promise.resolve(answers.shift() ?? false),
    publish: note('publish'),
    takeBack: note('take back'),
    log: { warning: () => void done.push('warning') },
  })
  expect(done).toEqual(expected)
})
