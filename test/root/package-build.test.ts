/** What scripts/package makes: the same every time, both packages with the same files, and nothing to complain of. */
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { agentNames, REPOSITORY, temporaryDirectory } from '../unit/support/built-agents'
import { makePackages, must, type Packages } from './support/packages'

jest.setTimeout(180_000)

const directory = temporaryDirectory()
let packages: Packages
/** The Debian package's files, laid out. */
const files = join(directory.path, 'files')

beforeAll(() => {
  packages = makePackages(join(directory.path, 'packages'))
  must('dpkg-deb', ['--extract', packages.deb, files])
}, 120_000)
afterAll(directory.remove)

const version = (JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as { version: string })
  .version

/** Mode, owner and path of what a package installs, without directories. */
function contentOfDeb(): readonly string[] {
  return must('dpkg-deb', ['--contents', packages.deb])
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('d'))
    .map((line) => {
      const [mode = '', owner = '', , , , path = ''] = line.split(/\s+/)
      return `${mode} ${owner.replace('/', ' ')} ${path.slice(1)}`
    })
    .sort()
}

function contentOfRpm(): readonly string[] {
  return must('rpm', [
    ...['--query', '--package', packages.rpm],
    ...['--queryformat', '[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILENAMES}\\n]'],
  ])
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('d'))
    .sort()
}

test('the names say the version', () => {
  expect(readdirSync(join(directory.path, 'packages')).sort()).toEqual([
    `ocf-ts-${version}-1.noarch.rpm`,
    `ocf-ts_${version}_all.deb`,
  ])
})

test("agents, tool, script for heartbeat, completion, man pages, changelog and licence are in it; all of it is root's", () => {
  const content = contentOfDeb()
  const program = (path: string): string => `-rwxr-xr-x root root ${path}`
  const text = (path: string): string => `-rw-r--r-- root root ${path}`
  expect(content).toEqual(
    expect.arrayContaining([
      ...agentNames.flatMap((name) => [
        program(`/usr/lib/ocf/resource.d/ts/${name}`),
        text(`/usr/share/man/man7/ocf_ts_${name}.7.gz`),
      ]),
      program('/usr/sbin/ocf-ts'),
      program('/usr/share/ocf-ts/heartbeat/ocf-ts'),
      'lrwxrwxrwx root root /etc/ha.d/resource.d/ocf-ts',
      text('/usr/share/bash-completion/completions/ocf-ts'),
      text('/usr/share/zsh/vendor-completions/_ocf-ts'),
      text('/usr/share/man/man8/ocf-ts.8.gz'),
      text('/usr/share/man/man8/ocf-ts-switchover.8.gz'),
      text('/usr/share/doc/ocf-ts/changelog.gz'),
      text('/usr/share/doc/ocf-ts/copyright'),
    ]),
  )
  expect(content.filter((line) => !/^(-rwxr-xr-x|-rw-r--r--|lrwxrwxrwx) root root /.test(line))).toEqual([])
})

test('the package for rpm has the same, where other distributions have it', () => {
  expect(contentOfRpm()).toEqual(
    contentOfDeb()
      .map((line) => line.replace('zsh/vendor-completions', 'zsh/site-functions'))
      .sort(),
  )
})

test('the agents are run by the Node of the distribution, and the packages ask for it', () => {
  for (const name of agentNames) {
    const [, , third = ''] = readFileSync(join(files, `usr/lib/ocf/resource.d/ts/${name}`), 'utf8').split(
      '\n',
    )
    expect(third).toContain(' exec /usr/bin/node --v8-pool-size=1 --preserve-symlinks-main "$@"')
  }
  expect(readFileSync(join(files, 'usr/sbin/ocf-ts'), 'utf8')).toMatch(/^#!\/usr\/bin\/node\n/)
  expect(must('dpkg-deb', ['--field', packages.deb, 'Depends'])).toBe('nodejs (>= 18.19)\n')
  expect(must('rpm', ['--query', '--requires', '--package', packages.rpm])).toMatch(/^nodejs >= 18\.19$/m)
})

test('the licences of what is built in are told', () => {
  const text = readFileSync(join(files, 'usr/share/doc/ocf-ts/copyright'), 'utf8')
  expect(text).toMatch(/^Copyright \(c\) \d+ the ocf-ts authors$/m)
  expect(text).toMatch(/^pg \d.* \(MIT\)$/m)
  expect(text).toMatch(/^commander \d.* \(MIT\)$/m)
})

test('lintian finds no errors and no warnings', () => {
  const { stdout } = {
    stdout: must('bash', [
      '-c',
      `LC_ALL=C.UTF-8 lintian --allow-root -X shell/non-posix/bash-centric "$1" 2>&1 || true`,
      'bash',
      packages.deb,
    ]),
  }
  expect(stdout).toBe('')
})

describe('the man pages', () => {
  const pages = (): readonly string[] =>
    ['man7', 'man8'].flatMap((part) =>
      readdirSync(join(files, 'usr/share/man', part)).map((name) => join(files, 'usr/share/man', part, name)),
    )

  test('mandoc has nothing to say of them', () => {
    const plain = join(directory.path, 'pages')
    mkdirSync(plain)
    must('bash', ['-euc', 'for page; do zcat "$page" >"$0/$(basename "$page" .gz)"; done', plain, ...pages()])
    expect(must('bash', ['-c', 'mandoc -Tlint "$0"/* 2>&1 || true', plain])).toBe('')
  })

  test('man has nothing to say of them, and finds their names', () => {
    const script = `for page; do man --warnings --local-file "$page" 2>&1 >/dev/null; lexgrog "$page" >/dev/null; done`
    expect(
      must('bash', ['-euc', script, 'bash', ...pages()], {
        ...process.env,
        MANWIDTH: '80',
        LC_ALL: 'C.UTF-8',
      }),
    ).toBe('')
  })

  test('they lead to pages that there are', () => {
    const here = new Set(pages().map((path) => /([^/]+)\.(\d)\.gz$/.exec(path)?.slice(1).join(' ')))
    const referred = must('bash', ['-c', 'zcat "$@"', 'bash', ...pages()]).matchAll(/^\.BR (\S+) \((\d)\)/gm)
    const names = new Set(
      [...referred].map(([, name = '', number = '']) => `${name.replaceAll('\\-', '-')} ${number}`),
    )
    const elsewhere = [...names].filter((name) => !here.has(name))
    expect(elsewhere.sort()).toEqual(['crm 8', 'pacemakerd 8'])
  })
})

test('made again, elsewhere and with another umask, they are the same, byte for byte', () => {
  const elsewhere = join(directory.path, 'elsewhere')
  mkdirSync(elsewhere)
  const umask = process.umask(0o077)
  const again = makePackages(join(directory.path, 'again'), {
    TMPDIR: elsewhere,
    TZ: 'Asia/Tokyo',
    LC_ALL: 'C',
  })
  process.umask(umask)
  const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
  expect([digest(again.deb), digest(again.rpm)]).toEqual([digest(packages.deb), digest(packages.rpm)])
})
