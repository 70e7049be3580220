/** The files of the packages. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { makeProgram } from '../../../cli/program'
import { completionScriptOf } from '../../../cli/completion/run'
import { Terminal } from '../../../cli/terminal'
import { VERSION } from '../../../lib/version'
import { agentNames, loadAgent } from '../../build/agents'
import { bundleAgent, bundleTool } from '../../build/bundle'
import { noticesIn } from '../../build/licences'
import { driftOf } from '../../build/metadata'
import { REPOSITORY } from '../../build/repository'
import { startedBy } from '../../build/shortcut'
import { agentPage, agentPageName } from './agent-page'
import { debianChangelog, type Release } from './changelog'
import { NAME, NODE } from './facts'
import { type Edition, type Page, pageText } from './roff'
import { toolPages } from './tool-pages'

export type Entry =
  | { readonly path: string; readonly mode: number; readonly contents: string | Buffer }
  | { readonly path: string; readonly link: string }

const program = (path: string, contents: string): Entry => ({ path, mode: 0o755, contents })
const text = (path: string, contents: string): Entry => ({ path, mode: 0o644, contents })
/** The same from the same text, whatever the time. */
const packed = (path: string, contents: string): Entry => ({
  path: `${path}.gz`,
  mode: 0o644,
  contents: gzipSync(contents, { level: 9 }),
})

const file = (path: string): string => readFileSync(join(REPOSITORY, path), 'utf8')

/** The man pages: of the tool, of its commands, of the agents. */
export async function manPages(): Promise<readonly Page[]> {
  const agents = await Promise.all(agentNames().map(loadAgent))
  const setting = { terminal: new Terminal(), run: () => Promise.resolve() }
  const references = agents.map(({ name }) => `${agentPageName(name)}(7)`)
  return [...toolPages(makeProgram(setting), references), ...agents.map(agentPage)]
}

/** Our own licence, and the notices of what is built into the programs. */
function copyright(programs: readonly string[]): string {
  const notices = [...new Set(programs.flatMap(noticesIn))].sort()
  return `${NAME} ${VERSION}

${file('LICENSE').trim()}

The programs contain the following npm packages, with these notices:

${notices.join('\n\n----\n\n')}
`
}

/**
 * Everything that a package installs, by its absolute path.
 *
 * @param releases - of the changelog, the newest first
 * @throws Error where the meta-data in `metadata/` are not those of the definitions
 */
export async function packageContent(releases: readonly Release[]): Promise<readonly Entry[]> {
  const names = agentNames()
  const drifted = await driftOf(names)
  if (drifted.length > 0) {
    throw new Error(`${drifted.join(', ')}: not what the definitions say: run npm run build, and commit it`)
  }
  const agents = await Promise.all(names.map(bundleAgent))
  const tool = await bundleTool()
  const edition: Edition = { project: NAME, version: VERSION, date: releases[0]?.date ?? '' }
  const heartbeat = '/usr/share/ocf-ts/heartbeat/ocf-ts'
  const documents = `/usr/share/doc/${NAME}`
  const entries: readonly Entry[] = [
    ...agents.map(({ name, contents }) =>
      program(`/usr/lib/ocf/resource.d/ts/${name}`, startedBy(contents, NODE)),
    ),
    program('/usr/sbin/ocf-ts', startedBy(tool.contents, NODE)),
    program(heartbeat, file('scripts/lib/heartbeat/ocf-ts')),
    // A link, and no copy: what dpkg finds changed in /etc it asks about, and what it finds there it leaves behind.
    { path: '/etc/ha.d/resource.d/ocf-ts', link: heartbeat },
    text('/usr/share/bash-completion/completions/ocf-ts', completionScriptOf('bash')),
    text('/usr/share/zsh/vendor-completions/_ocf-ts', completionScriptOf('zsh')),
    ...(await manPages()).map((page) =>
      packed(`/usr/share/man/man${page.number}/${page.name}.${page.number}`, pageText(page, edition)),
    ),
    text(`${documents}/copyright`, copyright([...agents, tool].map(({ contents }) => contents))),
    packed(`${documents}/changelog`, debianChangelog(releases)),
    packed(`${documents}/README.md`, file('README.md')),
    packed(`${documents}/README.zh-CN.md`, file('README.zh-CN.md')),
    // README leads there.
    ...readdirSync(join(REPOSITORY, 'docs')).map((name) =>
      packed(`${documents}/docs/${name}`, file(join('docs', name))),
    ),
  ]
  return [...entries].sort((one, other) => (one.path < other.path ? -1 : 1))
}
