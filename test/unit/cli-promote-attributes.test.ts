/** A promotion by force that fails takes back all that it has changed, whatever fails meanwhile. */
import { expect, test } from '@jest/globals'
import { AttributeChanges } from '../../cli/promote/attributes'

const FEATURE_SET = '3.16.1'

/** What is carried out, without those of `broken`; each of those works after so many failures. */
function recorder(broken: Readonly<Record<string, number>>) {
  const failures = new Map(Object.entries(broken))
  const done: string[] = []
  const run = (...argv: readonly string[]): Promise<void> => {
    const command = argv.join(' ')
    for (const [part, left] of failures) {
      if (!command.includes(part) || left === 0) continue
      failures.set(part, left - 1)
      return Promise.reject(new Error(`${part} fails`))
    }
    done.push(command)
    return Promise.resolve()
  }
  return { run, done }
}

async function declared(broken: Readonly<Record<string, number>>) {
  const { run, done } = recorder({})
  const changes = new AttributeChanges(FEATURE_SET, (...argv) => (acts ? back.run(...argv) : run(...argv)), 1)
  const back = recorder(broken)
  let acts = false
  const set = (node: string, name: string, value: string, before: string | undefined): Promise<void> =>
    changes.set({ node, name, value, lifetime: 'forever' }, before)
  await set('node1', 'pgsql-data-status', 'DISCONNECT', 'LATEST')
  await set('node2', 'pgsql-data-status', 'LATEST', 'DISCONNECT')
  await set('node2', 'pgsql-promotion', '8', undefined)
  await changes.score('pgsql', 'node2', '1000', '-INFINITY')
  expect(done).toHaveLength(4)
  acts = true
  return { changes, taken: back.done }
}

const DATA_OF_2 = 'DISCONNECT'

test('all of it, the last one first', async () => {
  const { changes, taken } = await declared({})
  expect(await changes.takeBack()).toEqual([])
  expect(taken.map((command) => /node[12]/.exec(command)?.[0])).toEqual(['node2', 'node2', 'node2', 'node1'])
  expect(taken[2]).toContain(DATA_OF_2)
  expect(taken[3]).toContain('LATEST')
})

test('one that fails keeps none of the others from it, and is tried again', async () => {
  const { changes, taken } = await declared({ 'pgsql-promotion': 1 })
  expect(await changes.takeBack()).toEqual([])
  expect(taken).toHaveLength(4)
  expect(taken.at(-1)).toContain('pgsql-promotion')
})

test('one that fails for good is named, with the command for it', async () => {
  const { changes, taken } = await declared({ 'pgsql-promotion': 9 })
  const left = await changes.takeBack()
  expect(taken).toHaveLength(3)
  expect(left).toEqual([
    { command: expect.stringMatching(/^\S+ .*pgsql-promotion/), why: 'pgsql-promotion fails' },
  ])
})
