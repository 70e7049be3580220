/**
 * The packages on fresh systems: installed, upgraded, removed. On Debian 13 always; on Debian 12, too, with
 * OCF_TS_TEST_ALL, or where its file system has been made already: to make one takes a minute.
 */
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { agentNames, REPOSITORY, temporaryDirectory } from '../unit/support/built-agents'
import { commandsIn, readmeBlock } from '../unit/support/readme-blocks'
import { isRootMade, makeRoot, onFreshRoot, rootOf, type Suite } from './support/fresh-root'
import { makeOlderDeb, makePackages, must, OLDER, type Packages } from './support/packages'

jest.setTimeout(180_000)

const directory = temporaryDirectory()
let packages: Packages

beforeAll(() => {
  packages = makePackages(directory.path)
  makeOlderDeb(packages.deb, directory.path)
}, 120_000)
afterAll(directory.remove)

const INSTALL = 'apt-get install --yes --no-install-recommends'
const OLD = `/packages/ocf-ts_${OLDER}_all.deb`

/** Everything on the system but what apt and dpkg keep of their own. */
const LIST = `list() {
  find / -xdev \\( -path /packages -o -path /proc -o -path /tmp -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache \\
    -o -path /var/log \\) -prune -o -printf '%p %m %u %l\\n' | sort
}
`
/** What is printed by \`list\` at two times must be the same. */
const sameAfter = (commands: string): string =>
  `${LIST}list >/tmp/before\n${commands}\nlist >/tmp/after\ndiff /tmp/before /tmp/after`

const suites: readonly Suite[] = (['bookworm', 'trixie'] as const).filter(
  (suite) => suite === 'trixie' || process.env['OCF_TS_TEST_ALL'] || isRootMade(suite),
)

describe.each(suites)('on a fresh %s', (suite) => {
  beforeAll(() => {
    makeRoot(suite)
  }, 10 * 60_000)

  const type = (commands: string): string =>
    onFreshRoot(
      suite,
      directory.path,
      `new=/packages/${basename(packages.deb)}
${commands}`,
    )

  test("installed, as README says: the tool and the agents run, by the system's own Node", () => {
    const [make, install = '', man = ''] = commandsIn(readmeBlock('as-a-package/1'))
    expect([make, man]).toEqual(['scripts/package', 'man ocf-ts'])
    const printed = type(`
      cd /packages
      ${install.replace('apt-get install', INSTALL)} >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
      ocf-ts --version
      for agent in ${agentNames.join(' ')}; do
        /usr/lib/ocf/resource.d/ts/$agent meta-data | grep '<resource-agent'
        /usr/lib/ocf/resource.d/ts/$agent usage
      done
      readlink -f /etc/ha.d/resource.d/ocf-ts
      dpkg --verify ocf-ts`)
    expect(printed).toMatch(/^\d+\.\d+\.\d+\n/)
    for (const name of agentNames) {
      expect(printed).toContain(`<resource-agent name="${name}"`)
      expect(printed).toContain(`usage: ${name} {start|`)
    }
    expect(printed).toMatch(/\n\/usr\/share\/ocf-ts\/heartbeat\/ocf-ts\n$/)
  })

  test('upgraded from the version before, with new files and not the old ones rewritten; then removed: nothing is left', () => {
    const printed = type(
      sameAfter(`{
        ${INSTALL} ${OLD}
        program=/usr/lib/ocf/resource.d/ts/pgsql
        sed -n 2p $program >/tmp/old; exec 5<$program
        ${INSTALL} "$new"
        sed -n 2p $program >/tmp/new
        # An action that still runs reads on in its own file.
        sed -n 2p <&5 >/tmp/still; exec 5<&-
        apt-get remove --yes ocf-ts
        # Nothing of it is kept for a purge.
        ! dpkg --status ocf-ts
      } >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
      cat /tmp/old /tmp/still /tmp/new`),
    )
    const [old = '', still, fresh] = printed.split('\n')
    expect(old).toContain(`ocf-ts ${OLDER}: ocf:ts:pgsql`)
    expect(still).toBe(old)
    expect(fresh).toMatch(/ocf-ts \d+\.\d+\.\d+: ocf:ts:pgsql/)
    expect(fresh).not.toBe(old)
  })

  test('scripts/install leaves the files of the package alone', () => {
    must('bash', [
      '-euc',
      'mkdir -p "$1"; cp -r "$0"/scripts/{install,lib} "$1"',
      REPOSITORY,
      join(directory.path, 'scripts'),
    ])
    const printed = type(
      sameAfter(`dpkg --install "$new" >/dev/null
      for option in --uninstall ''; do /packages/scripts/install $option 2>&1 || echo "exit code $?"; done
      dpkg --remove ocf-ts >/dev/null`),
    )
    const said =
      'scripts/install: the package ocf-ts has installed /usr/sbin/ocf-ts: upgrade or remove that by apt-get or dnf. Nothing was changed\nexit code 1\n'
    expect(printed).toBe(said + said)
  })

  test("the files of scripts/install become the package's", () => {
    expect(
      type(
        sameAfter(`{
          target=/usr/lib/ocf/resource.d/ts
          mkdir -p $target /etc/ha.d/resource.d
          for file in $target/ping /usr/sbin/ocf-ts /etc/ha.d/resource.d/ocf-ts; do
            printf '#!/bin/sh\\n# ocf-ts: of before\\n' >$file; chmod 755 $file
          done
          ${INSTALL} "$new"
          ! grep -l 'of before' $target/ping /usr/sbin/ocf-ts /etc/ha.d/resource.d/ocf-ts
          apt-get purge --yes ocf-ts
        } >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }`),
      ),
    ).toBe('')
  })

  test('it is not removed while the cluster has resources of ocf:ts; an upgrade is never held up', () => {
    const printed = type(`
      dpkg --install ${OLD} >/dev/null
      for code in 0 124 102; do
        printf '#!/bin/sh\\nexit %s\\n' $code >/usr/sbin/cibadmin; chmod 755 /usr/sbin/cibadmin
        dpkg --install "$new" >/dev/null
        dpkg --remove ocf-ts 2>&1 | sed -n 's/^ocf-ts: /refused: /p' || true
        if [[ -e /usr/lib/ocf/resource.d/ts/pgsql ]]; then echo "$code kept"; else echo "$code removed"; fi
      done`)
    expect(printed.trimEnd().split('\n')).toEqual([
      'refused: the cluster on this node has resources of ocf:ts, which could not be stopped without their agents.',
      '0 kept',
      'refused: cannot find out whether the cluster on this node has resources of ocf:ts (cibadmin: exit code 124).',
      '124 kept',
      '102 removed',
    ])
  })
})

test(
  'by rpm: not removed while the cluster has resources of ocf:ts',
  () => {
    makeRoot('trixie')
    // rpm is this machine's, which runs what the package does before its removal in the other system.
    const script = `
    root=/mnt/system
    mount -t tmpfs none /mnt
    mkdir /mnt/upper /mnt/work $root
    mount -t overlay overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" $root
    rpm() { command rpm --root $root --dbpath /rpmdb --nodeps "$@" 2>&1; }
    rpm --install "$2" >/dev/null
    for code in 0 124 105; do
      printf '#!/bin/sh\nexit %s\n' $code >$root/usr/sbin/cibadmin
      chmod 755 $root/usr/sbin/cibadmin
      rpm --erase ocf-ts | grep -o 'ocf-ts: the cluster.*\\|ocf-ts: cannot.*' || true
      if [[ -e $root/usr/sbin/ocf-ts ]]; then echo "$code kept"; else echo "$code removed"; fi
    done`
    const arguments_ = ['-euo', 'pipefail', '-c', script, 'bash', rootOf('trixie'), packages.rpm]
    expect(
      must('unshare', ['--mount', 'bash', ...arguments_])
        .trimEnd()
        .split('\n'),
    ).toEqual([
      'ocf-ts: the cluster on this node has resources of ocf:ts, which could not be stopped without their agents.',
      '0 kept',
      'ocf-ts: cannot find out whether the cluster on this node has resources of ocf:ts (cibadmin: exit code 124).',
      '124 kept',
      '105 removed',
    ])
  },
  10 * 60_000,
)

test('by rpm, in an empty root: installed, as it was made, and removed without a trace', () => {
  const root = join(directory.path, 'empty')
  const rpm = (...args: readonly string[]): string =>
    must('rpm', ['--root', root, '--dbpath', '/rpmdb', ...args])
  // Directories that are of every system stay; in an empty one they are nobody's.
  const left = (): string =>
    must('find', [
      root,
      '-path',
      `${root}/rpmdb`,
      '-prune',
      '-o',
      '(',
      '-not',
      '-type',
      'd',
      '-o',
      '-name',
      '*ocf*',
      ')',
      '-print',
    ])
  must('mkdir', [root])
  // There is no Node in it.
  rpm('--install', '--nodeps', packages.rpm)
  expect(rpm('--verify', '--nodeps', 'ocf-ts')).toBe('')
  expect(must('sed', ['-n', '2p', join(root, 'usr/sbin/ocf-ts')])).toMatch(
    /^\/\/ ocf-ts \S+: the operator's tool$/m,
  )
  rpm('--erase', 'ocf-ts')
  expect(left()).toBe('')
})
