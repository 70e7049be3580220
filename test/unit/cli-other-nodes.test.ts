/** What comes from another node through ssh is read with care: here ssh is a program that answers as it likes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { cloneOnOther } from '../../cli/clone/run'
import { Cluster } from '../../cli/drill/cluster'
import { faultOn } from '../../cli/drill/fault'
import { gatherAddresses } from '../../cli/maintenance/addresses'
import { askTool, eachLine, reasonIn, words } from '../../cli/nodes/answer'
import { type ClusterView } from '../../cli/cluster/view'
import { CommandError } from '../../cli/exit'
import { Watcher } from '../../cli/switchover/watcher'
import { type Primitive } from '../../lib/cluster/configuration'
import { messageOf } from '../../lib/ocf'

jest.setTimeout(60_000)

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'ocf-ts-other-nodes-'))
})
afterAll(() => {
  delete process.env['OCF_TS_SSH']
  rmSync(directory, { recursive: true, force: true })
})

/** The other node answers with this. */
function answers(text: string, code = 0, complaint = ''): void {
  const [out, err] = [join(directory, 'out'), join(directory, 'err')]
  writeFileSync(out, text)
  writeFileSync(err, complaint)
  const program = join(directory, 'ssh')
  writeFileSync(program, `#!/bin/sh\ncat '${out}'\ncat '${err}' >&2\nexit ${code}\n`, { mode: 0o755 })
  process.env['OCF_TS_SSH'] = program
}

const view = { local: 'node1' } as ClusterView
const database = { id: 'pgsql' } as Primitive

describe.each([
  '',
  'null',
  '5',
  '{}',
  '[5]',
  '"x"',
  '{"writes":1}',
  'Welcome!',
  '[[[[',
  '{"done":"kill","processes":-1}',
])('the answer %s', (text) => {
  const odd = (command: string): RegExp => new RegExp(`node2: 'ocf-ts ${command}' there gave an answer that`)

  test('to a drill: the state of the cluster', async () => {
    answers(text)
    const cluster = await Cluster.reach(['node2'])
    await expect(cluster.report()).rejects.toThrow(odd('status --json'))
  })

  test('to a drill: a fault', async () => {
    answers(text)
    const cluster = await Cluster.reach(['node2'])
    const work = faultOn({ cluster, database, node: 'node2' }, 'kill')
    await expect(work).rejects.toThrow(odd('node-fault'))
    await work.catch((error: unknown) => {
      expect(error instanceof CommandError && error.advice).toContain(
        'install the same version on every node',
      )
    })
  })

  test('to resume: the addresses', async () => {
    answers(text)
    const [found] = await gatherAddresses(view, ['node2'])
    expect(found).toMatchObject({ addresses: undefined, why: expect.stringMatching(odd('node-addresses')) })
  })

  test('to a switchover: whether it serves', async () => {
    answers(`${text}\n`)
    const { watcher, unwatched } = await Watcher.start(view, 'pgsql', [], ['node2'])
    await watcher.end()
    expect(unwatched).toEqual([expect.stringMatching(odd('watch-primary'))])
    expect(watcher.sightings).toEqual([])
  })
})

describe('a clone there', () => {
  const spec = { variables: {}, replace: false, from: '', maxRate: 0 }
  const progress = { event: 'progress', percent: 10, totalBytes: 5 }

  test('tells how far it is, and how it ended; what a shell says is none of it', async () => {
    const shown: unknown[] = []
    answers(
      `Welcome!\n${JSON.stringify(progress)}\n{"event":"refused","reason":"not empty","advice":"empty it"}\n`,
    )
    const end = await cloneOnOther(view, 'node2', spec, (event) => shown.push(event))
    expect(end).toEqual({ event: 'refused', reason: 'not empty', advice: 'empty it' })
    expect(shown).toEqual([progress])
  })

  test.each(['{"event":"progress","percent":"x"}', '{"event":5}', '{'])(
    'is ended at once, when it says %s',
    async (line) => {
      answers('')
      writeFileSync(
        join(directory, 'ssh'),
        `#!/bin/sh\ntrap 'exit 255' TERM\necho '${line}'\nsleep 50 & wait\n`,
        { mode: 0o755 },
      )
      const end = cloneOnOther(view, 'node2', spec, () => undefined)
      await expect(end).rejects.toThrow(/node2: 'ocf-ts node-clone' there gave an answer that/)
    },
  )
})

const question = { args: ['node-facts'], form: words, timeoutMs: 10_000 } as const
const failure = async (): Promise<string> => {
  try {
    return `answered ${await askTool({ local: 'node1' }, 'node2', question)}`
  } catch (error) {
    return messageOf(error)
  }
}

describe('a tool on another node', () => {
  test('answers', async () => {
    answers('"yes"')
    expect(await failure()).toBe('answered yes')
  })

  test('fails: with its own reason, and not with what is to be done, or what a shell says', async () => {
    answers('', 1, 'bash: warning: setlocale\nocf-ts: there is no pgsql\n  do: name another\n')
    expect(await failure()).toBe('ocf-ts node-facts on node2 failed: there is no pgsql')
    answers('', 3)
    expect(await failure()).toBe('ocf-ts node-facts on node2 failed: exit code 3')
  })

  test('is not there', async () => {
    answers('', 127, 'sh: 1: ocf-ts: not found\n')
    expect(await failure()).toBe('ocf-ts is not installed on node2')
  })

  test('prints without an end', async () => {
    answers('')
    writeFileSync(join(directory, 'ssh'), '#!/bin/sh\nexec yes 11111111111111111111111111111111\n', {
      mode: 0o755,
    })
    expect(await failure()).toMatch(/printed more than \d+ characters and was ended$/)
  })
})

test.each([
  ['ocf-ts: a\n  do: b', 'a'],
  ['x\ny', 'y'],
  ['', ''],
])('the reason in %j', (text, expected) => {
  expect(reasonIn(text)).toBe(expected)
})

test('lines that come in pieces; one that never ends is taken as it is', () => {
  const lines: string[] = []
  const take = eachLine((line) => lines.push(line))
  take('a')
  take('b\nc')
  take('\n\nd')
  expect(lines).toEqual(['ab', 'c', ''])
  take('e'.repeat(2_000_000))
  expect(lines.at(-1)).toHaveLength(2_000_001)
  take('f\n')
  expect(lines.at(-1)).toBe('f')
})
