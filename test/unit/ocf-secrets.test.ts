/** Passwords are found in what is about to be shown. */
import { describe, expect, test } from '@jest/globals'
import { print, shownLine } from '../../lib/ocf/output'
import { isSecretName, maskSecrets, withoutSecrets } from '../../lib/ocf/secrets'
import { makeStyles } from '../../lib/ocf/styles'
import { outputOf } from './support/output'

/** Milliseconds of a processor, which other programs do not change. */
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** What `print` writes. */
const printed = async (text: string): Promise<string> =>
  (
    await outputOf(() => {
      print(text)
    })
  ).stdout

describe('a mask ends', () => {
  test.each([
    [`a password='\nb`, 'a password=***\nb'],
    [`a password=''x\nb`, 'a password=***\nb'],
    [`a password=\\'x\nb`, 'a password=***\nb'],
    ['a password=x\\\nb', 'a password=***\\\nb'],
    ['a password=\nb', 'a password=\nb'],
    ['a password $$\nb$$', 'a password ***\nb$$'],
    [`a "password":"\nb`, 'a "password":***\nb'],
    ['a --password\nb', 'a --password\nb'],
    ['name="password" value="\nb', 'name="password" value="***\nb'],
  ])('with its line: %j', async (text, shown) => {
    expect(await printed(text)).toBe(shown)
  })

  test.each([
    'password=s3cret',
    `password='s3 cret`,
    `password=''s3 cret`,
    'password=s3cret\\',
    '--password s3cret',
    'x password $$s3 cret',
    `x password 's3 cret`,
    '"password":"s3 cret',
  ])('where the style ends: %s', async (text) => {
    const { red } = makeStyles(true)
    const shown = await printed(`${red(text)} plain`)
    expect(shown).toMatch(/^\x1b\[31m.*\*\*\*\\?\x1b\[39m plain$/)
    expect(shown).not.toMatch(/s3|cret/)
  })

  test('not at an escape character of somebody else, nor at a line break within a line', async () => {
    expect(await printed(`password='s3\x1b[0m cret' x`)).toBe('password=*** x')
    expect(shownLine(`password='s3\ncret' x`)).toBe('password=*** x')
    expect(shownLine(`password =\n 's3 cret' x`)).toBe('password =\\n *** x')
  })
})

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
    ['AWS_SECRET_ACCESS_KEY=s3cret x', 'AWS_SECRET_ACCESS_KEY=*** x'],
    ['WALG_PASS=s3cret aws_session_token=s3cret', 'WALG_PASS=*** aws_session_token=***'],
    ['access_key=s3cret cipher-pass=s3cret pass=s3cret', 'access_key=*** cipher-pass=*** pass=***'],
    ['fence_x --password s3cret -o status', 'fence_x --password *** -o status'],
    [`fence_x --password 's3 cret' -o status`, 'fence_x --password *** -o status'],
    ['x --secret-key s3cret y', 'x --secret-key *** y'],
    ['{"password":"s3 cret","user":"u"}', '{"password":***,"user":"u"}'],
    ['{"password": "s3\\"cret"}', '{"password": ***}'],
    ['"{\\"password\\":\\"s3 cret\\",\\"user\\":1}"', '"{\\"password\\":***,\\"user\\":1}"'],
    [`{ password: 's3 cret', user: 'u' }`, "{ password: ***, user: 'u' }"],
    ['alter role r password $$s3 cret$$ login', 'alter role r password *** login'],
    ['alter role r password $a$s3 $$ cret$a$ login', 'alter role r password *** login'],
    ['alter role r password $a$s3 cret', 'alter role r password ***'],
    [`'host=x password=''s3 cret'' sslmode=x'`, `'host=x password=*** sslmode=x'`],
    [`'host=x password=''s3''''cr et'' sslmode=x'`, `'host=x password=*** sslmode=x'`],
    [`E'host=x password=\\'s3 cret\\' sslmode=x'`, `E'host=x password=*** sslmode=x'`],
    [`password=''\\''s3 cret' x`, 'password=*** x'],
    [`password='' sslmode='x'`, `password=*** sslmode='x'`],
    ['<nvpair name="x_pass" value="s3cret"/>', '<nvpair name="x_pass" value="***"/>'],
  ])('%s', (text, shown) => {
    expect(maskSecrets(text)).toBe(shown)
  })

  test.each([
    'monitor_password is not set, but monitor_user is: set both or neither',
    'fe_sendauth: no password supplied',
    'see http://www.postgresql.org/docs/ and https://[::1]:8443/x',
    'password authentication failed for user "a"',
    'psql --password -h x',
    'read password: permission denied',
    'token=3000 keyboard=x bypass=1 AWS_ACCESS_KEY_ID=x',
    '<nvpair name="migration-passive" value="x"/>',
  ])('%s stays', (text) => {
    expect(maskSecrets(text)).toBe(text)
  })

  test('takes no time, whatever it is given', () => {
    const begun = cpuMs()
    const parts = [
      ...['password', 'password=', "password='", '://a:', ' ', 'secret = ', '\\', 'scram_', "password=''"],
      ...[
        '--password ',
        '-',
        'password $a$',
        'password $',
        '"password":',
        '\\n',
        "\\'",
        "''",
        'password=\\n',
      ],
    ]
    for (const part of parts) {
      maskSecrets(part.repeat(8000))
      maskSecrets(`password${part.repeat(8000)}`)
      maskSecrets(`password='${part.repeat(8000)}`)
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

test('in an object: its names, and all that stands under a name of a password', () => {
  const value = { 'password=s3cret x': 1, password: ['s3cret', { a: 's3cret', b: null }, 5, ''], none: [] }
  expect(withoutSecrets(value)).toEqual({
    'password=*** x': 1,
    password: ['***', { a: '***', b: null }, '***', ''],
    none: [],
  })
})

test.each([
  ['WALG_PASS', true],
  ['aws_session_token', true],
  ['AWS_ACCESS_KEY_ID', false],
  ['token', false],
  ['bypass', false],
  ['monitor_password', true],
  ['oauth_client_secret', true],
  ['passwd', true],
  ['passwordFile', false],
  ['passfile', false],
  ['sslkey', false],
])('%s is secret: %s', (name, secret) => {
  expect(isSecretName(name)).toBe(secret)
})
