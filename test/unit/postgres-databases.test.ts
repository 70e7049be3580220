/** In which database a session asks: the first that lets it in. */
import { describe, expect, test } from '@jest/globals'
import { type Connection, SqlError } from '../../lib/postgres/connection'
import {
  commonDatabases,
  configuredFirst,
  type Databases,
  enterFirst,
  onlyConfigured,
} from '../../lib/postgres/databases'

describe('order', () => {
  test.each<[Databases, readonly string[]]>([
    [commonDatabases('app'), ['postgres', 'template1', 'app']],
    [commonDatabases('template1'), ['postgres', 'template1']],
    [commonDatabases('postgres'), ['postgres', 'template1']],
    [configuredFirst('app'), ['app', 'postgres', 'template1']],
    [configuredFirst('template1'), ['template1', 'postgres']],
    [onlyConfigured('app'), ['app']],
  ])('%j', ({ inOrder }, expected) => {
    expect(inOrder).toEqual(expected)
  })
})

const CLOSED = '55000'
const MISSING = '3D000'
const REFUSED = '28000'
const SILENT = 'ETIMEDOUT'

describe('what a database answers', () => {
  test.each<[string, Databases, Readonly<Record<string, string>>, readonly string[], string]>([
    ['all are open', commonDatabases('app'), {}, ['postgres'], 'postgres'],
    ['one is closed', commonDatabases('app'), { postgres: CLOSED }, ['postgres', 'template1'], 'template1'],
    [
      'only the configured one is there',
      commonDatabases('app'),
      { postgres: MISSING, template1: CLOSED },
      ['postgres', 'template1', 'app'],
      'app',
    ],
    [
      'refused: the configured one',
      commonDatabases('app'),
      { postgres: REFUSED },
      ['postgres', 'app'],
      'app',
    ],
    [
      'refused everywhere',
      commonDatabases('app'),
      { postgres: REFUSED, app: '28P01' },
      ['postgres', 'app'],
      'postgres: 28000',
    ],
    [
      'refused, and the configured one is closed',
      commonDatabases('app'),
      { postgres: REFUSED, app: CLOSED },
      ['postgres', 'app'],
      'postgres: 28000',
    ],
    [
      'all are closed',
      commonDatabases('template1'),
      { postgres: CLOSED, template1: CLOSED },
      ['postgres', 'template1'],
      'template1: 55000',
    ],
    ['no answer', commonDatabases('app'), { postgres: SILENT }, ['postgres'], 'postgres: ETIMEDOUT'],
    ['a wrong password', configuredFirst('app'), { app: '28P01' }, ['app'], 'app: 28P01'],
    ['the site closed its own', configuredFirst('app'), { app: CLOSED }, ['app', 'postgres'], 'postgres'],
    ['nowhere else', onlyConfigured('app'), { app: CLOSED }, ['app'], 'app: 55000'],
  ])('%s', async (_, databases, answers, tried, expected) => {
    const asked: string[] = []
    const entry = await enterFirst(databases, (database) => {
      asked.push(database)
      const code = answers[database]
      return code === undefined ? Promise.resolve({} as Connection) : Promise.reject(new SqlError('no', code))
    })
    expect(asked).toEqual(tried)
    expect(entry.connection === undefined ? `${entry.database}: ${entry.error.code}` : entry.database).toBe(
      expected,
    )
  })

  test('an error of another kind is not an answer', async () => {
    const failing = enterFirst(commonDatabases('app'), () => Promise.reject(new TypeError('bug')))
    await expect(failing).rejects.toThrow('bug')
  })
})
