/**
 * The first of README's two commands on a machine that has nothing: what it needs is installed, and no more. It takes
 * minutes and the network, so only with OCF_TS_TEST_ALL.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { makeRoot, onFreshRoot } from '../../root/support/fresh-root'
import { commandsIn, readmeBlock } from '../../unit/support/readme-blocks'
import { REPOSITORY, temporaryDirectory } from '../../unit/support/built-agents'

const MINUTE = 60_000
const all = process.env['OCF_TS_TEST_ALL'] ? test : test.skip

const directory = temporaryDirectory()
afterAll(directory.remove)

beforeAll(() => {
  if (!process.env['OCF_TS_TEST_ALL']) return
  makeRoot('bookworm')
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

all(
  'the demo on a fresh Debian 12: a line for each step of the installation, and no row is lost',
  () => {
    const [demo = ''] = commandsIn(readmeBlock('two-commands/1'))
    const printed = onFreshRoot(
      'bookworm',
      directory.path,
      `mkdir checkout; cd checkout; tar --extract --file /packages/checkout.tar
       apt-get -q --yes --auto-remove purge nodejs >/tmp/log 2>&1 || { cat /tmp/log; exit 1; }
       ${demo}
       for package in chromium-headless-shell heartbeat pcs rpm zsh; do
         ! dpkg-query --show --showformat '\${Status}\\n' $package 2>/dev/null | grep -q ' installed$' || echo "has $package"
       done
       wc -l setup.log`,
      { network: true, timeoutMs: 15 * MINUTE },
    )
    const lines = printed.split('\n')
    expect(lines[0]).toMatch(
      /^First, what is missing here is installed: about \d+ \w+, and then the demo takes a minute\.$/,
    )
    expect(lines[1]).toMatch(/^- install \d+ packages of Debian and what they need \.\.\. \d+ s$/)
    expect(lines[2]).toMatch(/^- install the npm packages of checkout \.\.\. \d+ s$/)
    expect(lines[3]).toMatch(/^- build the agents/)
    expect(printed).toMatch(/^\d+ acknowledged rows, 0 lost\.$/m)
    expect(printed).not.toMatch(/^has /m)
    expect(printed).toMatch(/^\d{3,} setup\.log$/m)
  },
  16 * MINUTE,
)
