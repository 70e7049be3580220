import { expect, test } from '@jest/globals'
import { findPassword } from '../../lib/postgres/password-file'

const key = { host: '127.0.0.1', port: 5432, database: 'template1', user: 'postgres' }

test.each([
  ['127.0.0.1:5432:template1:postgres:secret', 'secret'],
  ['*:*:*:*:secret', 'secret'],
  ['# 127.0.0.1:5432:template1:postgres:old\n*:*:*:postgres:first\n*:*:*:*:second\n', 'first'],
  [
    '*:*:*:somebody:no\r\n*:*:*:postgres:after a line that does not fit\r\n',
    'after a line that does not fit',
  ],
  [String.raw`*:*:*:post\gres:a\:b\\c:d`, String.raw`a:b\c:d`],
  ['*:*:*:postgres:', ''],
  ['192.168.2.3:*:*:*:secret', undefined],
  ['*:5433:*:*:secret', undefined],
  ['*:*:replication:*:secret', undefined],
  ['*:*:*:secret', undefined],
  ['', undefined],
])('%j', (text, password) => {
  expect(findPassword(text, key)).toBe(password)
})

test.each([
  ['/run/postgresql:*:*:*:secret', 'secret'],
  ['localhost:*:*:*:secret', 'secret'],
  [String.raw`/run/a\:b:*:*:*:secret`, undefined],
])('over a unix socket: %j', (text, password) => {
  expect(findPassword(text, { ...key, host: '/run/postgresql' })).toBe(password)
})
