/** Passwords are found in what is about to be shown. */
import { describe, expect, test } from '@jest/globals'
import { isSecretName, maskSecrets, withoutSecrets } from '../../lib/ocf/secrets'

/** Milliseconds of a processor, which other programs do not change. */
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

describe('in text', () => {
  test.each([
    ['password=s3cret sslmode=require', 'password=*** sslmode=require'],
    ['host=x password = s3cret sslmode=x', 'host=x password = *** sslmode=x'],
    [`password='s3 cr\\'et' sslmode=x`, 'password=*** sslmode=x'],
    [`password=s3\\ cret sslmode=x`, 'password=*** sslmode=x'],
    [`password=s3'cret sslmode=x`, 'password=*** sslmode=x'],
    [`password='never closed s3cret`, 'password=***'],
    [`password="s3 cret" x`, 'password=*** x'],
    [
      `sslpassword=a oauth_client_secret=b scram_client_key=c x=d`,
      'sslpassword=*** oauth_client_secret=*** scram_client_key=*** x=d',
    ],
    [`+ OCF_RESKEY_monitor_password='it'\\''s s3cret'`, '+ OCF_RESKEY_monitor_password=***'],
    ['PGPASSWORD=s3cret psql', 'PGPASSWORD=*** psql'],
    ['to postgres://user:s3cret@host/db now', 'to postgres://user:***@host/db now'],
    ['postgresql://user:s3@cr/et@host', 'postgresql://user:***@host'],
    ['postgres://host/db?user=u&password=s3cret', 'postgres://host/db?user=u&password=***'],
    [`create role r password 's3''cret' login`, 'create role r password *** login'],
    [
      `<nvpair id="a" name="monitor_password" value="s3cret"/>`,
      '<nvpair id="a" name="monitor_password" value="***"/>',
    ],
    ['fence_x passwd=s3cret', 'fence_x passwd=***'],
  ])('%s', (text, shown) => {
    expect(maskSecrets(text)).toBe(shown)
  })

  test.each([
    'monitor_password is not set, but monitor_user is: set both or neither',
    'fe_sendauth: no password supplied',
    'see http://www.postgresql.org/docs/ and https://[::1]:8443/x',
    'password authentication failed for user "a"',
  ])('%s stays', (text) => {
    expect(maskSecrets(text)).toBe(text)
  })

  test('takes no time, whatever it is given', () => {
    const begun = cpuMs()
    for (const part of ['password', 'password=', "password='", '://a:', ' ', 'secret = ', '\\', 'scram_']) {
      maskSecrets(part.repeat(8000))
    }
    expect(cpuMs() - begun).toBeLessThan(5000)
  })
})

test('in an object: by what a text says, and by what it is called', () => {
  const value = {
    a: ['password=x y', 1, null],
    monitor_password: 'x',
    password: '',
    nested: { sslpassword: 'x' },
  }
  expect(withoutSecrets(value)).toEqual({
    a: ['password=*** y', 1, null],
    monitor_password: '***',
    password: '',
    nested: { sslpassword: '***' },
  })
})

test.each([
  ['monitor_password', true],
  ['oauth_client_secret', true],
  ['passwd', true],
  ['passwordFile', false],
  ['passfile', false],
  ['sslkey', false],
])('%s is secret: %s', (name, secret) => {
  expect(isSecretName(name)).toBe(secret)
})
