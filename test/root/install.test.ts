/** The agents as the cluster's tools see them, once they are installed; in a mount namespace of its own. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { agentNames, buildInto, REPOSITORY, temporaryDirectory } from '../unit/support/built-agents'

const PROVIDERS = '/usr/lib/ocf/resource.d'
const repository = temporaryDirectory()

beforeAll(() => {
  buildInto(join(repository.path, 'dist/ocf/ts'), join(repository.path, 'dist/bin'))
  for (const command of [
    'mkdir scripts',
    'cp -r "$1/scripts/install" "$1/scripts/lib" scripts',
    'cp "$1/package.json" .',
  ]) {
    const { status, stderr } = spawnSync('bash', ['-c', command, 'bash', REPOSITORY], {
      cwd: repository.path,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(stderr)
  }
}, 180_000)
afterAll(repository.remove)

/** What is installed into /usr/sbin is gone with the namespace. */
const ownSbin = `over=$(mktemp -d /run/ocf-ts-XXXXXX)
mount -t tmpfs none "$over"
mkdir "$over/upper" "$over/work"
mount -t overlay overlay -o "lowerdir=/usr/sbin,upperdir=$over/upper,workdir=$over/work" /usr/sbin
umount --lazy "$over"; rmdir "$over"`

/** Runs commands where the machine's own agents are hidden by an empty directory, after scripts/install. */
function afterInstall(commands: string): string {
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    [
      '--mount',
      'bash',
      '-euc',
      `for hidden in ${PROVIDERS} /etc/ha.d/resource.d; do mount -t tmpfs none $hidden; done
${ownSbin}
"$0/scripts/install" >/dev/null\n${commands}`,
      repository.path,
    ],
    {
      encoding: 'utf8',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8', TERM: 'dumb' },
    },
  )
  if (status !== 0) throw new Error(`${commands}: exit code ${String(status)}: ${stdout}${stderr}`)
  return stdout
}

test('the files belong to root, and nobody else may write them', () => {
  const files = afterInstall(`stat -c '%n %U:%G %a' ${PROVIDERS}/ts/*`).trimEnd().split('\n')
  expect(files).toEqual([...agentNames].sort().map((name) => `${PROVIDERS}/ts/${name} root:root 755`))
})

test("the operator's tool is in root's PATH, and root's", () => {
  expect(afterInstall('stat -c "%U:%G %a" "$(command -v ocf-ts)"; ocf-ts --version')).toMatch(
    /^root:root 755\n\d+\.\d+\.\d+\n$/,
  )
  expect(afterInstall('"$0/scripts/install" --uninstall; ls -A /usr/sbin/ocf-ts || true')).toContain(
    'removed /usr/sbin/ocf-ts\n',
  )
})

test('heartbeat, which is on this machine, gets its script', () => {
  const listed = afterInstall(`stat -c '%n %U:%G %a' /etc/ha.d/resource.d/*`)
  expect(listed).toBe('/etc/ha.d/resource.d/ocf-ts root:root 755\n')
})

test('crm ra list ocf ts', () => {
  expect(afterInstall('crm ra list ocf ts').split(/\s+/).filter(Boolean).sort()).toEqual(
    [...agentNames].sort(),
  )
})

test('crm_resource --list-agents', () => {
  expect(afterInstall('crm_resource --list-agents ocf:ts').split(/\s+/).filter(Boolean).sort()).toEqual(
    [...agentNames].sort(),
  )
})

describe.each(agentNames)('ocf:ts:%s', (name) => {
  test('crm ra info', () => {
    const info = afterInstall(`crm ra info ocf:ts:${name} </dev/null`)
    expect(info).toContain(`ocf:ts:${name}`)
    expect(info).toContain('Parameters (*: required, []: default):')
    expect(info).toMatch(/Operations' defaults \(advisory minimum\):[^]*\bstart\s+timeout=\d+/)
  })

  test('crm_resource --show-metadata', () => {
    expect(afterInstall(`crm_resource --show-metadata ocf:ts:${name}`)).toContain(
      `<resource-agent name="${name}"`,
    )
  })

  const withPcs = existsSync('/usr/sbin/pcs') ? test : test.skip
  withPcs('pcs resource describe', () => {
    const described = afterInstall(`pcs resource describe ocf:ts:${name} </dev/null`)
    expect(described).toContain(`ocf:ts:${name}`)
    expect(described).toContain('Resource options:')
  })
})

test('without root it says so', () => {
  chmodSync(repository.path, 0o755)
  const install = join(repository.path, 'scripts/install')
  const { status, stderr } = spawnSync('runuser', ['-u', 'nobody', '--', 'bash', install], {
    encoding: 'utf8',
    cwd: '/',
  })
  expect(status).toBe(1)
  expect(stderr).toContain('cannot write to /usr/lib/ocf/resource.d/ts: run it as root, or set DESTDIR')
})
