/** `ocf-ts new-agent`: what is written, and what is refused. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { CommandError, Exit } from '../../cli/exit'
import { filesFor } from '../../cli/new-agent/files'
import { checkNames } from '../../cli/new-agent/names'
import { newAgent, type NewAgentFlags } from '../../cli/new-agent/run'
import { Terminal } from '../../cli/terminal'
import { type Directory, temporaryDirectory } from './support/built-agents'
import { outputOf } from './support/output'

describe('names', () => {
  test.each<[string, string]>([
    ['flag', 'local'],
    ['My_Daemon-2', 'acme'],
    ['a', 'b'],
    ['a'.repeat(64), 'local'],
  ])('%s of %s', (name, provider) => {
    expect(() => {
      checkNames(name, provider)
    }).not.toThrow()
  })

  test.each<[string, string, RegExp]>([
    ['', 'local', /^'' cannot be the name of an agent$/],
    ['a:b', 'local', /'a:b' cannot/],
    ['../etc', 'local', /cannot be the name of an agent/],
    ['.hidden', 'local', /cannot/],
    ['2nd', 'local', /cannot/],
    ['a b', 'local', /cannot/],
    ['a'.repeat(65), 'local', /cannot/],
    ['flag', 'a/b', /'a\/b' cannot be the name of a provider/],
    ['flag', '', /'' cannot be the name of a provider/],
    ['flag', 'ts', /the provider 'ts' belongs to a package/],
    ['flag', 'heartbeat', /the provider 'heartbeat' belongs/],
  ])('not %s of %s', (name, provider, message) => {
    const refusal = caught(() => {
      checkNames(name, provider)
    })
    expect(refusal.message).toMatch(message)
    expect(refusal.exit).toBe(Exit.USAGE)
    expect(refusal.advice).toMatch(/^take a /)
  })
})

function caught(work: () => unknown): CommandError {
  try {
    work()
  } catch (error) {
    if (error instanceof CommandError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

describe.each([false, true])('files, promotable: %s', (promotable) => {
  const files = filesFor({ name: 'My-Flag', provider: 'acme', promotable, from: 'file:/tmp/a "b".tgz' })

  test('roles only where they were asked for', () => {
    expect('src/promote.ts' in files).toBe(promotable)
    expect(files['src/agent.ts']?.includes('promote:')).toBe(promotable)
  })

  test('no word of the templates is left', () => {
    for (const [path, text] of Object.entries(files)) {
      expect([path, /@(NAME|PROVIDER|VERSION)@/.exec(text)?.[0]]).toEqual([path, undefined])
      expect(path).not.toContain('template')
    }
    expect(Object.keys(files)).toEqual(expect.arrayContaining(['.gitignore', 'package.json', 'src/agent.ts']))
  })

  test('package.json can be read by npm: a package has no capitals, an agent may', () => {
    const { name, devDependencies } = JSON.parse(files['package.json'] ?? '') as {
      name: string
      devDependencies: Record<string, string>
    }
    expect(name).toBe('my-flag')
    expect(devDependencies['ocf-ts']).toBe('file:/tmp/a "b".tgz')
    expect(files['src/agent.ts']).toContain("name: 'My-Flag'")
    expect(files['scripts/build.ts']).toContain("provider: 'acme'")
  })

  test('the packages are those that ocf-ts itself is made with', () => {
    const read = (text: string) =>
      JSON.parse(text) as { dependencies?: Record<string, string>; devDependencies: Record<string, string> }
    const theirs = read(files['package.json'] ?? '').devDependencies
    const ours = read(readFileSync(join(__dirname, '../../package.json'), 'utf8'))
    for (const name of ['@types/node', 'tsx', 'typescript']) {
      expect(theirs[name]).toBe(ours.devDependencies[name])
    }
  })
})

describe('a directory', () => {
  let place: Directory
  beforeEach(() => {
    place = temporaryDirectory()
  })
  afterEach(() => {
    place.remove()
  })

  const make = (name: string, flags: Partial<NewAgentFlags>) =>
    outputOf(() => Promise.resolve(newAgent(new Terminal(), name, { provider: 'local', ...flags })))

  test('that is not there, or is empty, is filled, and the next steps are told', async () => {
    const empty = join(place.path, 'empty')
    mkdirSync(empty)
    for (const directory of [empty, join(place.path, 'deep/new')]) {
      const { result, stdout } = await make('flag', { directory })
      expect(result).toBe(Exit.OK)
      expect(stdout).toContain('ocf:local:flag')
      expect(stdout).toContain('npm install')
      expect(readdirSync(directory).sort()).toEqual(
        ['.gitignore', 'README.md', 'package.json', 'scripts', 'src', 'test', 'tsconfig.json'].sort(),
      )
    }
  })

  test('that holds something is left as it is', async () => {
    writeFileSync(join(place.path, 'mine'), '')
    await expect(make('flag', { directory: place.path })).rejects.toMatchObject({
      exit: Exit.REFUSED,
      message: `${place.path} is there already, and was left as it is`,
    })
    expect(readdirSync(place.path)).toEqual(['mine'])
  })

  test('nothing is written for a name that cannot be, or a tarball that is not there', async () => {
    const directory = join(place.path, 'new')
    await expect(make('a/b', { directory })).rejects.toMatchObject({ exit: Exit.USAGE })
    const from = join(place.path, 'nosuch.tgz')
    await expect(make('flag', { directory, from })).rejects.toMatchObject({
      exit: Exit.USAGE,
      message: `there is no ${from}`,
    })
    expect(readdirSync(place.path)).toEqual([])
  })
})
