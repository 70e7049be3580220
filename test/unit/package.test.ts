/** The packages' texts: man pages from the definitions, the changelog, what Debian packages are for. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { makeProgram } from '../../cli/program'
import { Terminal } from '../../cli/terminal'
import { agentNames, loadAgent } from '../../scripts/build/agents'
import { REPOSITORY } from '../../scripts/build/repository'
import { noticesIn } from '../../scripts/build/licences'
import { debianChangelog, readReleases, releases, rpmChangelog } from '../../scripts/lib/package/changelog'
import { manPages } from '../../scripts/lib/package/content'
import { readHelpText } from '../../scripts/lib/package/help-text'
import { escape, literal, pageText, paragraphs, tagged } from '../../scripts/lib/package/roff'
import { version } from '../../package.json'

const edition = { project: 'ocf-ts', version: '1.2.3', date: '2026-11-30' }

describe('text in a man page', () => {
  test.each([
    ['--to node', '\\-\\-to node'],
    ['a\\b', 'a\\eb'],
    [`'it' "is" ~\`^`, '\\(aqit\\(aq \\(dqis\\(dq \\(ti\\(ga\\(ha'],
    ['one … two × three', 'one ... two \\[u00D7] three'],
  ])('%s', (text, escaped) => {
    expect(escape(text)).toBe(escaped)
  })

  test('no line begins as a request by chance, nor is too long; a sentence begins a line', () => {
    const text = paragraphs(`${'word '.repeat(15)}.pgpass is read. It is\nshort.\n\nMore.`)
    expect(text.split('\n')).toEqual([
      'word '.repeat(15).trim(),
      '\\&.pgpass is read.',
      'It is short.',
      '.PP',
      'More.',
    ])
    expect(literal(['.hidden', '', '  two'])).toBe('.EX\n\\&.hidden\n\\&\n  two\n.EE')
    expect(tagged('\\fBa\\fR', 'One.\n\nTwo.')).toBe('.TP\n\\fBa\\fR\nOne.\n.IP\nTwo.')
  })
})

test('the text behind the options of --help is read as notes and blocks', () => {
  expect(
    readHelpText(`
A line: with more.
And more.

Kinds:
  kill   one
  two    (with --box only)

Examples:
  ocf-ts status
      --more

Last.
`),
  ).toEqual({
    notes: 'A line: with more.\nAnd more.\n\nLast.',
    blocks: [
      { title: 'Kinds', lines: ['kill   one', 'two    (with --box only)'] },
      { title: 'Examples', lines: ['ocf-ts status', '    --more'] },
    ],
  })
})

describe('the man pages', () => {
  const textOf = async (name: string): Promise<string> => {
    const page = (await manPages()).find((one) => one.name === name)
    return page === undefined ? `no page ${name}` : pageText(page, edition)
  }
  const program = makeProgram({ terminal: new Terminal(), run: () => Promise.resolve() })
  const offered = program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help')

  test.each(offered.map((command) => [command.name(), command] as const))(
    'of ocf-ts %s has its description, options and examples',
    async (name, command) => {
      const page = await textOf(`ocf-ts-${name}`)
      expect(page).toContain(`.TH "OCF-TS-${name.toUpperCase()}" "8" "2026-11-30" "ocf-ts 1.2.3" "ocf-ts"`)
      for (const { long } of command.options.filter((option) => !option.hidden)) {
        expect(page).toContain(`\\fB${escape(long ?? '')}\\fR`)
      }
      for (const { description } of command.registeredArguments) {
        expect(page.replaceAll('\n', ' ')).toContain(escape(description))
      }
      expect(page).toContain(`.SH EXAMPLES\n.EX\n`)
      expect(await textOf('ocf-ts')).toContain(`\\fB${escape(name)}\\fR`)
    },
  )

  test('of ocf-ts has no command that only the tool itself calls, and tells the exit codes', async () => {
    const page = await textOf('ocf-ts')
    expect(page).not.toContain('node\\-facts')
    expect(page).toMatch(/\.SH EXIT STATUS\n\.TP\n0\nDone, all is well\.\n/)
    expect(await textOf('ocf-ts-node-facts')).toBe('no page ocf-ts-node-facts')
  })

  test.each(agentNames())('of %s has every parameter with its default, and every action', async (name) => {
    const agent = await loadAgent(name)
    const page = await textOf(`ocf_ts_${name}`)
    for (const [parameter, { required, type }] of Object.entries(agent.parameters)) {
      const [, traits = ''] = page.split(`.TP\n\\fB${escape(parameter)}\\fR (`)
      expect([parameter, traits.split(')')[0]]).toEqual([
        parameter,
        expect.stringMatching(required === true ? /^required; / : /^(default|not set)/),
      ])
      expect(traits.split('\n')[0]).toContain(type === 'select' ? 'one of ' : type)
    }
    for (const [action, { internal }] of Object.entries(agent.actions)) {
      expect(page.includes(`.TP\n\\fB${escape(action)}\\fR\nTimeout `)).toBe(internal !== true)
    }
  })
})

describe('the changelog', () => {
  test('begins with the version of package.json', () => {
    expect(releases()[0]?.version).toBe(version)
  })

  const text = `# Changes

## 1.10.0 (2026-02-03)

- One change, which is so long that it does not fit into one line of a changelog of Debian.
- \`two\` of
  two lines, 100 %

## 1.9.0 (2025-12-31)

- First.
`
  test('as Debian and rpm want it', () => {
    expect(debianChangelog(readReleases(text))).toBe(`ocf-ts (1.10.0) unstable; urgency=medium

  * One change, which is so long that it does not fit into one line of a
    changelog of Debian.
  * two of two lines, 100 %

 -- The ocf-ts project <no-reply@example.invalid>  Tue, 03 Feb 2026 12:00:00 +0000

ocf-ts (1.9.0) unstable; urgency=medium

  * First.

 -- The ocf-ts project <no-reply@example.invalid>  Wed, 31 Dec 2025 12:00:00 +0000
`)
    expect(rpmChangelog(readReleases(text))).toContain(
      '* Tue Feb 03 2026 The ocf-ts project <no-reply@example.invalid> - 1.10.0-1\n- One change',
    )
    expect(rpmChangelog(readReleases(text))).toContain('\n- two of two lines, 100 %%\n')
  })

  test.each(['## 1.0\n\n- No date.\n', '## 1.0 (2026-01-01)\n\nNo list.\n'])('%j is refused', (part) => {
    expect(() => readReleases(part)).toThrow(/CHANGELOG.md: '1\.0.*' is no '## VERSION \(DATE\)'/)
  })
})

test('the notices of an executable are read from its end', () => {
  expect(noticesIn('code /* a comment */')).toEqual([])
  expect(
    noticesIn(
      'code\n/*\nThis file contains the following packages.\n\n----\n\na 1 (MIT)\n\n----\n\nb 2 (ISC)\n*/\n',
    ),
  ).toEqual(['a 1 (MIT)', 'b 2 (ISC)'])
})

test('each Debian package says what it is for, and the demo needs nothing that only tests do', () => {
  const lines = readFileSync(join(REPOSITORY, 'scripts/lib/debian-packages'), 'utf8')
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.split(/[@\s]+/))
  const purposes = ['lab', 'demo', 'package', 'tests']
  expect(lines.filter(([, purpose = '']) => !purposes.includes(purpose))).toEqual([])
  const names = lines.map(([name = '']) => name)
  expect(names).toEqual([...names].sort())
  const demo = lines.filter(([, purpose]) => purpose === 'demo').map(([name]) => name)
  expect(demo).toEqual(expect.arrayContaining(['corosync', 'pacemaker']))
  for (const name of ['chromium-headless-shell', 'zsh', 'pcs', 'heartbeat']) expect(demo).not.toContain(name)
})
