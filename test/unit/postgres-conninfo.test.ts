/** Connection strings, as libpq reads them; test/security/secrets.test.ts compares this with libpq itself. */
import { describe, expect, test } from '@jest/globals'
import { holdsSecret, readConninfo } from '../../lib/postgres/conninfo'

describe('what libpq accepts', () => {
  test.each([
    ['', {}],
    [' \t\n', {}],
    ['host=a port=5432', { host: 'a', port: '5432' }],
    ['host = a\tport=5432 ', { host: 'a', port: '5432' }],
    ["host='a'port=1", { host: 'a', port: '1' }],
    ["password='s3 cr\\'et\\\\' sslmode=x", { password: "s3 cr'et\\", sslmode: 'x' }],
    ["password='' sslmode=x", { password: '', sslmode: 'x' }],
    ['password=s3\\ cret sslmode=x', { password: 's3 cret', sslmode: 'x' }],
    ["password=a'b sslmode=x", { password: "a'b", sslmode: 'x' }],
    ['password=a\\', { password: 'a' }],
    ['password=', { password: '' }],
    // The blanks around the sign count for nothing, so that the next word is the value.
    ['password= sslmode=require', { password: 'sslmode=require' }],
    ['user=a user=b', { user: 'b' }],
  ])('%j', (text, settings) => {
    expect(readConninfo(text)).toEqual({ settings })
  })
})

describe('what it refuses: the reason holds no part of a value', () => {
  test.each([
    ['password=s3cret sslmode', 'sslmode has no "=" and no value'],
    ['password=s3 cret', 'word 2 has no "=" and no value'],
    ['s3cret', 'word 1 has no "=" and no value'],
    ["password='s3cret sslmode=x", 'the value of password has no closing quote'],
    ['=s3cret', 'there is no keyword before "=" (in word 1)'],
    ['postgres://u:s3cret@h/db', 'it is a URI, and no list of keyword=value'],
  ])('%j', (text, problem) => {
    expect(readConninfo(text)).toEqual({ problem })
  })
})

test.each([
  ['host=a', false],
  ['password=x', true],
  ['password=', false],
  ['sslpassword=x', true],
  ['passfile=/x', false],
  ['postgres://u:x@h', true],
])('%j holds a password: %s', (text, holds) => {
  expect(holdsSecret(text)).toBe(holds)
})
