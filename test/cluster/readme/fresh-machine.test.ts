/**
 * README's two commands on machines that have nothing: what they need is installed, and no more. It takes minutes and the
 * network, so only with OCF_TS_TEST_ALL.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { makeRoot, onFreshRoot, type Suite } from '../../root/support/fresh-root'
import { commandsIn, readmeBlock } from '../../unit/support/readme-blocks'
import { REPOSITORY, temporaryDirectory } from '../../unit/support/built-agents'

const MINUTE = 60_000
const all = process.env['OCF_TS_TEST_ALL'] ? test : test.skip

const directory = temporaryDirectory()
afterAll(directory.remove)

beforeAll(() => {
  if (!process.env['OCF_TS_TEST_ALL']) return
  makeRoot('bookworm')
  makeRoot('trixie')
  const pack =
    'git ls-files --cached --others --exclude-standard -z | tar --create --null --files-from - --file "$0"'
  const { status, stderr } = spawnSync(
    'bash',
    ['-euo', 'pipefail', '-c', pack, join(directory.path, 'checkout.tar')],
    {
      cwd: REPOSITORY,
      encoding: 'utf8',
    },
  )
  if (status !== 0) throw new Error(stderr)
}, 10 * MINUTE)

/** What commands print in the checkout, on a system without even Node.js; then each package that is there, as `has NAME`. */
const onFreshMachine = (suite: Suite, commands: string): string =>
  onFreshRoot(
    suite,
    directory.path,
    `mkdir checkout; cd checkout; tar --extract --file /packages/checkout.tar
     apt-get -q --yes --auto-remove purge nodejs >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
     ${commands}
     dpkg-query --show --showformat '\${Status} \${Package}\\n' | sed -n 's/^install ok installed /has /p'
     wc -l setup.log`,
    { network: true, timeoutMs: 20 * MINUTE },
  )

const [demo = '', tests = ''] = commandsIn(readmeBlock('two-commands/1'))
const ONLY_TESTS = ['chromium-headless-shell', 'heartbeat', 'pcs', 'rpm', 'zsh']
const NODES = ['corosync', 'crmsh', 'pacemaker']
const PACKAGES = /^- install \d+ packages of Debian and what they need \.\.\. \d+ s$/
const NPM = /^- install the npm packages of checkout \.\.\. \d+ s$/
const BUILD = /^- build the agents/
const ROOT = [
  /^- install debootstrap \.\.\. \d+ s$/,
  /^- make a root file system of trixie, \/var\/cache\/ocf-ts\/debian13-demo-[0-9a-f]+ \.\.\. \d+ s$/,
  /^- install \d+ packages in it and what they need \.\.\. \d+ s$/,
]

describe('the demo: a line for each step of the installation, and no row is lost', () => {
  all.each([
    { on: 'bookworm', command: demo, steps: [PACKAGES, NPM, BUILD], not: ONLY_TESTS },
    { on: 'trixie', command: demo, steps: [PACKAGES, NPM, BUILD], not: ONLY_TESTS },
    {
      on: 'bookworm',
      command: `${demo} --system debian13`,
      steps: [PACKAGES, NPM, ...ROOT, BUILD],
      not: [...ONLY_TESTS, ...NODES, 'postgresql-15'],
    },
  ] as const)(
    '$command on a fresh $on',
    ({ on, command, steps, not }) => {
      const printed = onFreshMachine(on, command)
      const [first, ...lines] = printed.split('\n')
      expect(first).toMatch(
        /^First, what is missing here is installed: about \d+ \w+, and then the demo takes a minute\.$/,
      )
      for (const [index, step] of steps.entries()) expect(lines[index]).toMatch(step)
      expect(printed).toMatch(/^\d+ acknowledged rows, 0 lost\.$/m)
      expect(not.filter((name) => lines.includes(`has ${name}`))).toEqual([])
      expect(printed).toMatch(/^\d{3,} setup\.log$/m)
    },
    21 * MINUTE,
  )
})

all(
  'the tests on a fresh Debian 13: what they need is installed, and those of a part and of a cluster pass',
  () => {
    const printed = onFreshMachine(
      'trixie',
      `${tests} unit test/unit/package.test.ts 2>&1; ${tests} cluster test/cluster/virtual-address.test.ts 2>&1`,
    )
    expect(printed).toMatch(/^First, what is missing here is installed: about \d+ \w+\.$/m)
    expect(printed.match(/^Tests: +\d+ passed, \d+ total$/gm)).toHaveLength(2)
    for (const name of [...ONLY_TESTS, ...NODES, 'postgresql-17']) expect(printed).toContain(`has ${name}\n`)
  },
  21 * MINUTE,
)
