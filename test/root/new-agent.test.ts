/** `ocf-ts new-agent`, the package and its library, as who writes an agent of their own meets them in README.md. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { NO_ROLES, ocfTester, passed } from './support/ocf-tester'
import { makeProject, type Project, told } from './support/project'

jest.setTimeout(180_000)

const REPOSITORY = join(__dirname, '../..')
const NODE_18 = join(REPOSITORY, `test/nodes/node_modules/node18-${process.arch}/bin`)

let project: Project

beforeAll(() => {
  project = makeProject()
}, 120_000)
afterAll(() => {
  project.remove()
})

test('the commands of README.md make the project, and its own tests pass', () => {
  expect(project.said).toContain('ocf:local:my-daemon is in ')
  expect(project.said).toMatch(/^. fail 0$/m)
  expect(project.said).toMatch(/^. pass 9$/m)
})

test('its tests pass on Node 18, and so does its build', () => {
  const path = `${NODE_18}:${process.env['PATH'] ?? ''}`
  expect(project.run('node --version', { PATH: path })).toMatch(/^v18\./)
  expect(project.run('npm test', { PATH: path })).toMatch(/^. fail 0$/m)
})

describe('the package', () => {
  test('has the tool, the library, the meta-data and the licence, and nothing of the tests', () => {
    const files = execFileSync('tar', ['-tzf', join(project.path, '../ocf-ts-0.1.0.tgz')], {
      encoding: 'utf8',
    }).split('\n')
    expect(files).toEqual(
      expect.arrayContaining([
        'package/LICENSE',
        'package/README.md',
        'package/package.json',
        'package/dist/bin/ocf-ts',
        'package/dist/library/lib/ocf/index.js',
        'package/dist/library/lib/ocf/index.d.ts',
        'package/metadata/pgsql.xml',
      ]),
    )
    expect(files.filter((file) => /\btest|(?<!\.d)\.ts$|node_modules/.test(file))).toEqual([])
  })

  test('has the tool where npx finds it', () => {
    const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
      version: string
    }
    expect(project.run('npx --no-install ocf-ts --version')).toBe(`${version}\n`)
  })

  const USE = `import { defineAgent, ExitCode, type Plan, text } from 'ocf-ts'
import { changePromotionScore } from 'ocf-ts/cluster'
import { startTime } from 'ocf-ts/processes'
import { runProgram } from 'ocf-ts/programs'
import { buildAgent } from 'ocf-ts/build'
export const parameters = { path: text({ shortdesc: 'Path' }) }
export const used = [defineAgent, changePromotionScore, startTime, runProgram, buildAgent]
export const plan: Plan<'one'> = { exit: ExitCode.SUCCESS, steps: ['one'] }
// @ts-expect-error: were the types not there, nothing would be wrong here
export const wrong: Plan<'one'> = { exit: ExitCode.SUCCESS, steps: ['two'] }
`
  test.each<[string, string, readonly string[]]>([
    ['NodeNext', 'NodeNext', ['mts', 'cts']],
    ['Node16', 'Node16', ['mts', 'cts']],
    ['Preserve', 'Bundler', ['ts']],
  ])('has types for module %s and resolution %s', (module, resolution, suffixes) => {
    const names = suffixes.map((suffix) => `use-${module}.${suffix}`)
    for (const name of names) writeFileSync(join(project.path, name), USE)
    const options = `--noEmit --strict --types node --target ES2022 --module ${module} --moduleResolution ${resolution}`
    expect(project.run(`node_modules/.bin/tsc ${options} ${names.join(' ')}`)).toBe('')
  })

  test('can be required and imported', () => {
    const parts = ['', '/processes', '/programs', '/cluster', '/build'].map((part) => `'ocf-ts${part}'`)
    const look =
      'const wanted = ["defineAgent", "startTime", "runProgram", "changePromotionScore", "buildAgent"]; console.log(...new Set(wanted.map((name, index) => typeof parts[index][name])))'
    for (const [type, load] of [
      ['module', `const parts = await Promise.all([${parts.join()}].map((part) => import(part)))`],
      ['commonjs', `const parts = [${parts.join()}].map(require)`],
    ]) {
      const script = `${load}; ${look}`
      expect(project.run(`node --input-type=${type} -e "$SCRIPT"`, { SCRIPT: script })).toBe('function\n')
    }
  })
})

describe('the agent', () => {
  const agent = (): string => join(project.ocfRoot, 'resource.d/local/my-daemon')

  beforeAll(() => {
    project.run(told.install)
  })

  test('is installed with the whole path of Node in the line that starts it', () => {
    const [first, second, third] = readFileSync(agent(), 'utf8').split('\n')
    expect([first, second]).toEqual(['#!/bin/sh', "':' // my-daemon 0.1.0: ocf:local:my-daemon"])
    expect(third).toContain(` exec ${process.execPath} --v8-pool-size=1 --preserve-symlinks-main "$@"`)
  })

  test('carries the licences of what is in it', () => {
    const text = readFileSync(agent(), 'utf8')
    expect(text).toMatch(/^ocf-ts \d.* \(MIT\)$/m)
    expect(text).toMatch(/^commander \d.* \(MIT\)$/m)
  })

  test('passes ocf-tester, which holds its meta-data against the schema of OCF 1.1', async () => {
    const params = { program: '/bin/sleep', arguments: '1000' }
    expect(await ocfTester('current', agent(), params)).toEqual({
      code: 0,
      output: passed(agent(), ...NO_ROLES, 'the reload action'),
    })
  })

  test('loads no package for an action of the cluster, and starts no program for a monitor', () => {
    const hook = join(project.path, 'hook.cjs')
    writeFileSync(
      hook,
      `const vm = require('node:vm'), compile = vm.compileFunction
       vm.compileFunction = (...args) => (console.error('compiled'), compile(...args))
       process.on('exit', () => console.error(process.moduleLoadList.includes('NativeModule child_process')))`,
    )
    const { stderr } = spawnSync(process.execPath, ['--require', hook, agent(), 'monitor'], {
      encoding: 'utf8',
      env: { OCF_RESKEY_program: '/bin/sleep', OCF_RESKEY_pidfile: '/nowhere/pid' },
    })
    expect(stderr).toBe('false\n')
  })

  test('is not replaced by one that does not run', () => {
    const before = readFileSync(agent(), 'utf8')
    writeFileSync(join(project.path, 'dist/my-daemon-broken'), '#!/usr/bin/env node\nprocess.exit(1)\n')
    project.run('mkdir -p broken && mv dist/my-daemon-broken broken/my-daemon')
    expect(() => project.run('npm run --silent install-agent -- broken/my-daemon')).toThrow(
      /broken\/my-daemon does not run here, and was not installed/,
    )
    expect(readFileSync(agent(), 'utf8')).toBe(before)
  })
})

test('--promotable: its own tests pass, and it passes ocf-tester, promotion and all', async () => {
  expect(project.addPromotable('pair')).toMatch(/^. fail 0$/m)
  const agent = join(project.ocfRoot, 'resource.d/local/pair')
  expect(await ocfTester('current', agent, { program: '/bin/sleep', arguments: '1000' })).toEqual({
    code: 0,
    output: passed(agent, 'the reload action'),
  })
})

test('the agent in one file, as README.md has it, goes through its types, its build and its life', () => {
  const source = `${told.flag}\n`
  writeFileSync(join(project.path, 'src/flag.ts'), source)
  expect(project.run('npm run --silent typecheck')).toBe('')
  const file = join(project.path, 'flag-is-up')
  const commands = told.runFlag.replaceAll('/tmp/flag', file)
  expect(commands.split('\n').filter((line) => line.includes(file))).toHaveLength(3)
  project.run(commands)
  expect(() => project.run(`dist/flag monitor --set path=${file}`)).toThrow()
})
