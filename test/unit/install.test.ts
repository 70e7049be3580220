/** scripts/install into a directory of the user's own, as for a package. */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { agentNames, buildInto, type Directory, REPOSITORY, temporaryDirectory } from './support/built-agents'

// A copy of what the script needs, so that the repository's own dist/ plays no part.
const repository = temporaryDirectory()
let destination: Directory

beforeAll(() => {
  mkdirSync(join(repository.path, 'scripts'))
  symlinkSync(join(REPOSITORY, 'scripts/lib'), join(repository.path, 'scripts/lib'))
  for (const file of ['scripts/install', 'package.json']) {
    writeFileSync(join(repository.path, file), readFileSync(join(REPOSITORY, file)))
  }
  buildInto(join(repository.path, 'dist/ocf/ts'), join(repository.path, 'dist/bin'))
}, 60_000)
afterAll(repository.remove)
beforeEach(() => {
  destination = temporaryDirectory()
})
afterEach(() => {
  destination.remove()
})

const target = (): string => join(destination.path, 'usr/lib/ocf/resource.d/ts')
const tool = (): string => join(destination.path, 'usr/sbin/ocf-ts')

function install(args: readonly string[] = [], env: Record<string, string> = {}, from = repository.path) {
  const { status, stdout, stderr } = spawnSync('bash', [join(from, 'scripts/install'), ...args], {
    encoding: 'utf8',
    env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, DESTDIR: destination.path, ...env },
  })
  return { status, stdout, stderr }
}

/** A program that says it is Node of some version. */
function fakeNode(version: string, directory = destination.path): string {
  const path = join(directory, 'node')
  mkdirSync(directory, { recursive: true })
  writeFileSync(
    path,
    `#!/bin/bash
if [[ $1 == --version ]]; then echo v${version}; exit; fi
if [[ $1 == -p ]]; then echo '${path}'; exit; fi
if [[ $1 == -e ]]; then exec '${process.execPath}' -e "Object.defineProperty(process.versions, 'node', { value: '${version}' });$2" "\${@:3}"; fi
exec '${process.execPath}' "$@"
`,
  )
  chmodSync(path, 0o755)
  return path
}

test('puts every agent in its place, to be run by the Node that was found', () => {
  const { status, stdout, stderr } = install()
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(readdirSync(target()).sort()).toEqual([...agentNames].sort())
  for (const name of agentNames) {
    const file = join(target(), name)
    const [first, second, third] = readFileSync(file, 'utf8').split('\n')
    expect(first).toBe('#!/bin/sh')
    expect(second).toContain(`ocf:ts:${name}`)
    expect(third).toMatch(
      / start\(\) \{ unset .*; exec \/\S+ --v8-pool-size=1 --preserve-symlinks-main "\$@"; \}; .* start "\$0" "\$@"; fi$/,
    )
    expect(statSync(file).mode & 0o7777).toBe(0o755)
    expect(stdout).toContain(`installed ${file}\n`)
    // pacemaker's PATH has no Node.
    expect(spawnSync(file, ['methods'], { env: { PATH: '/nowhere' } }).status).toBe(0)
  }
})

test("puts the operator's tool into PATH, to be run by the same Node", () => {
  const { stdout } = install()
  expect(stdout).toContain(`installed ${tool()}\n`)
  const [first, second] = readFileSync(tool(), 'utf8').split('\n')
  const [, , started] = readFileSync(join(target(), 'ping'), 'utf8').split('\n')
  expect(started).toContain(
    ` exec ${first?.slice(2) ?? 'nothing'} --v8-pool-size=1 --preserve-symlinks-main "$@"`,
  )
  expect(second).toMatch(/^\/\/ ocf-ts \S+: the operator's tool$/)
  expect(statSync(tool()).mode & 0o7777).toBe(0o755)
  expect(readdirSync(dirname(tool()))).toEqual(['ocf-ts'])
  const { status, stdout: help } = spawnSync(tool(), ['--help'], {
    encoding: 'utf8',
    env: { PATH: '/nowhere' },
  })
  expect({ status, help }).toEqual({ status: 0, help: expect.stringContaining('Usage: ocf-ts') })
})

test('package.json names the tool, for npm', () => {
  const { bin } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as { bin: unknown }
  expect(bin).toEqual({ 'ocf-ts': 'dist/bin/ocf-ts' })
})

test('OCF_ROOT says where the cluster looks for agents', () => {
  expect(install([], { OCF_ROOT: '/opt/ocf' }).status).toBe(0)
  expect(readdirSync(join(destination.path, 'opt/ocf/resource.d/ts')).sort()).toEqual([...agentNames].sort())
})

test('again, over an older one: a new file, not the old one rewritten under a running cluster', () => {
  install()
  const [name = ''] = agentNames
  const numbers = (): readonly number[] => [join(target(), name), tool()].map((file) => statSync(file).ino)
  const before = numbers()
  expect(install().status).toBe(0)
  numbers().forEach((number, index) => {
    expect(number).not.toBe(before[index])
  })
  expect(readdirSync(target()).length).toBe(agentNames.length)
})

describe('where heartbeat is installed', () => {
  const script = (): string => join(destination.path, 'etc/ha.d/resource.d/ocf-ts')
  beforeEach(() => {
    mkdirSync(dirname(script()), { recursive: true })
  })

  test('its script for haresources comes too, and goes with the agents', () => {
    const { status, stdout, stderr } = install()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain(`installed ${script()}\n`)
    expect(readFileSync(script(), 'utf8')).toBe(
      readFileSync(join(REPOSITORY, 'scripts/lib/heartbeat/ocf-ts'), 'utf8'),
    )
    expect(statSync(script()).mode & 0o7777).toBe(0o755)
    expect(install().status).toBe(0)
    expect(readdirSync(dirname(script()))).toEqual(['ocf-ts'])
    expect(install(['--uninstall']).stdout).toContain(`removed ${script()}\n`)
    expect(readdirSync(dirname(script()))).toEqual([])
  })

  test("somebody else's script of that name stays", () => {
    writeFileSync(script(), '#!/bin/sh\nexit 0\n')
    const { status, stderr } = install()
    expect(status).toBe(1)
    expect(stderr).toContain(`${script()} is not of ocf-ts, and was left as it is`)
    install(['--uninstall'])
    expect(readFileSync(script(), 'utf8')).toBe('#!/bin/sh\nexit 0\n')
  })
})

describe('--uninstall', () => {
  test('removes the agents and their directory, and the tool', () => {
    install()
    const { status, stdout } = install(['--uninstall'])
    expect(status).toBe(0)
    for (const name of agentNames) expect(stdout).toContain(`removed ${join(target(), name)}\n`)
    expect(existsSync(target())).toBe(false)
    expect(stdout).toContain(`removed ${tool()}\n`)
    expect(existsSync(tool())).toBe(false)
  })

  test("leaves what is somebody else's", () => {
    install()
    for (const file of [join(target(), 'own'), tool()]) writeFileSync(file, '#!/bin/sh\nexit 0\n')
    expect(install(['--uninstall']).status).toBe(0)
    expect(readdirSync(target())).toEqual(['own'])
    expect(existsSync(tool())).toBe(true)
  })

  test('says when there is nothing', () => {
    const { status, stdout } = install(['--uninstall'])
    expect(status).toBe(0)
    expect(stdout).toContain('nothing to remove')
  })
})

describe('refuses, and leaves everything as it was', () => {
  const refusal = (result: ReturnType<typeof install>): string => {
    expect(result.status).toBe(1)
    expect(existsSync(target()) ? readdirSync(target()) : []).toEqual([])
    return result.stderr
  }

  test.each([
    [
      'file',
      () => {
        writeFileSync(tool(), '#!/bin/sh\nexit 0\n')
      },
    ],
    [
      'link',
      () => {
        symlinkSync('/nowhere', tool())
      },
    ],
  ])("a %s of the tool's name that is somebody else's", (_, make) => {
    mkdirSync(dirname(tool()), { recursive: true })
    make()
    expect(refusal(install())).toContain(`${tool()} is not of ocf-ts, and was left as it is`)
    expect(readdirSync(dirname(tool()))).toEqual(['ocf-ts'])
  })

  test.each(['12.22.9', '16.20.2', '18.18.2'])('Node %s, which is too old', (version) => {
    expect(refusal(install(['--node', fakeNode(version)]))).toMatch(
      new RegExp(
        `^scripts/install: \\S+/node is v${version.replaceAll('.', '\\.')}, which is too old: Node >=18.19 is needed\n$`,
      ),
    )
  })

  test('a path to Node with a blank', () => {
    expect(refusal(install(['--node', fakeNode('20.0.0', join(destination.path, 'a b'))]))).toContain(
      'has a blank',
    )
  })

  test('a path to Node that is longer than the first line of a script may be', () => {
    const long = join(destination.path, 'x'.repeat(60), 'y'.repeat(60))
    expect(refusal(install(['--node', fakeNode('20.0.0', long)]))).toContain('more than 125 characters')
  })

  test('a Node that is not there', () => {
    expect(refusal(install(['--node', '/nowhere/node']))).toContain('/nowhere/node is not a program')
    expect(refusal(install([], { PATH: pathWithoutNode() }))).toContain('no node in PATH')
  })

  test('when nothing is built', () => {
    const empty = temporaryDirectory()
    try {
      mkdirSync(join(empty.path, 'scripts'))
      symlinkSync(join(REPOSITORY, 'scripts/lib'), join(empty.path, 'scripts/lib'))
      for (const file of ['scripts/install', 'package.json']) {
        writeFileSync(join(empty.path, file), readFileSync(join(REPOSITORY, file)))
      }
      expect(refusal(install([], {}, empty.path))).toContain('nothing is built in')
    } finally {
      empty.remove()
    }
  })

  test('an option that is not there', () => {
    expect(refusal(install(['--uninstal']))).toContain("there is no option '--uninstal'; see --help")
  })

  test('a place where the agents would not run: below a package.json that makes every script an ES module', () => {
    writeFileSync(join(destination.path, 'package.json'), '{ "type": "module" }')
    expect(refusal(install())).toMatch(/does not run with \S+, and was not installed\. It said: /)
  })
})

test('an agent that does not run does not take the place of one that does', () => {
  install()
  const [name = ''] = agentNames
  const working = readFileSync(join(target(), name), 'utf8')
  writeFileSync(join(destination.path, 'package.json'), '{ "type": "module" }')
  expect(install().status).toBe(1)
  expect(readFileSync(join(target(), name), 'utf8')).toBe(working)
  expect(readdirSync(target()).length).toBe(agentNames.length)
})

test('a tool that does not run does not take the place of one that does', () => {
  const broken = temporaryDirectory()
  try {
    install()
    const working = readFileSync(tool(), 'utf8')
    const { status } = spawnSync('cp', ['-rL', '--', `${repository.path}/.`, broken.path])
    expect(status).toBe(0)
    const built = join(broken.path, 'dist/bin/ocf-ts')
    writeFileSync(
      built,
      readFileSync(built, 'utf8').replace(/\n(?!\/\/ ocf-ts)/, '\nthrow new Error("broken")\n'),
    )
    const { status: code, stderr } = install([], {}, broken.path)
    expect(code).toBe(1)
    expect(stderr).toMatch(/ocf-ts does not run with \S+, and was not installed\. It said: [^]*broken/)
    expect(readFileSync(tool(), 'utf8')).toBe(working)
    expect(readdirSync(dirname(tool()))).toEqual(['ocf-ts'])
  } finally {
    broken.remove()
  }
})

test('--help', () => {
  const { status, stdout } = install(['--help'])
  expect(status).toBe(0)
  expect(stdout).toContain('Usage: scripts/install')
})

/** A PATH with the usual programs and no Node. */
function pathWithoutNode(): string {
  const directory = join(destination.path, 'programs')
  mkdirSync(directory)
  for (const program of ['bash', 'dirname', 'readlink', 'basename', 'sed']) {
    symlinkSync(join('/usr/bin', program), join(directory, program))
  }
  return directory
}
