/**
 * The longest files first, so that no core waits at the end for one that began late. How long each takes is in
 * seconds.json (`scripts/test --record` writes it): a fresh clone has nothing else to go by.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('..', import.meta.url))
/* eslint-disable @typescript-eslint/no-unsafe-assignment -- the linter does not see JavaScript's casts */
const seconds = /** @type {Readonly<Record<string, number>>} */ (
  JSON.parse(readFileSync(new URL('seconds.json', import.meta.url), 'utf8'))
)
const { default: Sequencer } = /** @type {typeof import('@jest/test-sequencer')} */ (
  createRequire(import.meta.url)('@jest/test-sequencer')
)
/* eslint-enable */

/**
 * Files that are not in the table go by jest's own rules, before the others: a new one may be a long one.
 *
 * @param {{ readonly path: string }} test
 */
const expected = ({ path }) => seconds[relative(repository, path)] ?? Number.MAX_SAFE_INTEGER

export default class LongestFirst extends Sequencer {
  /**
   * @param {Parameters<InstanceType<typeof Sequencer>['sort']>[0]} tests
   * @override
   */
  async sort(tests) {
    const byJest = await super.sort(tests)
    return [...byJest].sort((one, other) => expected(other) - expected(one))
  }
}
