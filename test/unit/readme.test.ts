import { expect, test } from '@jest/globals'
import { agentNames } from '../../scripts/build/agents'
import { readmeOf, withTables } from '../../scripts/build/readme'

test('the tables of parameters in README.md are what the definitions say', async () => {
  const { wanted, found } = await readmeOf(agentNames())
  expect(found).toBe(wanted)
})

test('a README without a place for a table is not passed over', () => {
  expect(() => withTables('# nothing', { pgsql: '| |' })).toThrow(/no place for the parameters of pgsql/)
})
