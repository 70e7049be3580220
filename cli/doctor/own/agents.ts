/** The agents that the configuration names, as they lie on this node. */
import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { type Configuration } from '../../../lib/cluster/configuration'
import { attribute, childrenOf, nameOf, parseAnyXml, pathTo } from '../../../lib/cluster/tree'
import { type Deadline, messageOf } from '../../../lib/ocf'
import { ownFiles } from '../../../lib/system/files'
import { findProgram } from '../../../lib/system/find-program'
import { programDirectories } from '../../../lib/system/program-environment'
import { readPart } from '../../../lib/system/regular-file'
import { describeFailure, runProgram } from '../../../lib/system/run-program'
import { type AgentFacts, type Interpreter } from '../facts'
import { processesNamed, variableOf } from './processes'

const OCF_ROOT = '/usr/lib/ocf'
const METADATA_MS = 5000
/** Others than root may write. */
const OPEN = 0o022

/** The directories in which pacemaker's executor finds programs: agents run with its environment. */
function executorsPath(): readonly string[] {
  const [executor] = processesNamed('pacemaker-execd', 'lrmd')
  const path = executor === undefined ? undefined : variableOf(executor, 'PATH')
  return path === undefined
    ? programDirectories()
    : path.split(':').filter((directory) => directory.startsWith('/'))
}

/** The programs that start a script: that of its first line, and Node where a line of shell starts that. */
export function interpretersIn(text: string): readonly string[] {
  const [first = '', ...others] = text.split('\n').slice(0, 4)
  const [program, ...words] = /^#!\s*(.*)/.exec(first)?.[1]?.split(/\s+/) ?? []
  if (program === undefined || program === '') return []
  // Of env, options (-S) and variables come before the program.
  const started = basename(program) === 'env' ? words.find((word) => !/^-|=/.test(word)) : program
  const later = others
    .map((line) => /\bexec\s+(?:\S*\/env\s+)?(\S*node)(?:\s+-\S+)*\s+"\$[0@]"/.exec(line)?.[1])
    .find((found) => found !== undefined)
  return [started, later].flatMap((found) => (found === undefined || found === '' ? [] : [found]))
}

function head(path: string): string {
  const found = readPart(ownFiles, path, () => ({ position: 0, length: 8192 }), { links: true })
  return found?.content.toString('utf8') ?? ''
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

async function findInterpreter(
  name: string,
  directories: readonly string[],
  deadline: Deadline,
): Promise<Interpreter> {
  const path = name.startsWith('/') ? (isExecutable(name) ? name : undefined) : findProgram(name, directories)
  if (path === undefined) return { program: name, path: null, version: null }
  if (!/^node/.test(basename(name))) return { program: name, path, version: null }
  const said = await runProgram(path, ['--version'], { deadline }).catch(() => undefined)
  const [, version] = /^v(\d+\.\d+\.\d+)/.exec(said?.stdout ?? '') ?? []
  return { program: name, path, version: version ?? null }
}

/** What the checks need of an agent's meta-data; nothing when it is none. */
export function readMetadata(xml: string): AgentFacts['metadata'] {
  let agent
  try {
    agent = pathTo(parseAnyXml(xml), (element) => nameOf(element) === 'resource-agent')?.at(-1)
  } catch {
    return null
  }
  if (agent === undefined) return null
  const text = (element: Parameters<typeof attribute>[0], name: string): string =>
    attribute(element, name) ?? ''
  return {
    parameters: childrenOf(agent, 'parameters').flatMap((set) =>
      childrenOf(set, 'parameter').map((one) => text(one, 'name')),
    ),
    actions: childrenOf(agent, 'actions').flatMap((set) =>
      childrenOf(set, 'action').map((one) => ({
        name: text(one, 'name'),
        timeout: text(one, 'timeout'),
        interval: text(one, 'interval'),
        role: text(one, 'role'),
      })),
    ),
  }
}

type Answer = Pick<AgentFacts, 'metadata' | 'complaint'>

/** Asks the agent for its meta-data, in the environment in which pacemaker does. */
async function askMetadata(
  path: string,
  ask: (action: string) => ReturnType<typeof runProgram>,
): Promise<Answer> {
  try {
    const result = await ask('meta-data')
    const metadata = result.code === 0 ? readMetadata(result.stdout) : null
    if (metadata !== null) return { metadata, complaint: null }
    const said =
      result.code === 0 ? 'what it printed is no meta-data' : describeFailure(basename(path), result)
    return { metadata: null, complaint: said }
  } catch (error) {
    return { metadata: null, complaint: messageOf(error) }
  }
}

/** Asks an agent that begins in the shell, which may tell the meta-data by itself, for something that Node has to say. */
async function askNode(
  path: string,
  ask: (action: string) => ReturnType<typeof runProgram>,
): Promise<string | null> {
  try {
    const result = await ask('usage')
    return result.code === 0 ? null : describeFailure(basename(path), result)
  } catch (error) {
    return messageOf(error)
  }
}

async function askAgent(
  path: string,
  interpreters: readonly string[],
  directories: readonly string[],
  deadline: Deadline,
): Promise<Answer> {
  const env = { OCF_ROOT, OCF_RA_VERSION_MAJOR: '1', OCF_RA_VERSION_MINOR: '1', PATH: directories.join(':') }
  const ask = (action: string) => runProgram(path, [action], { deadline: deadline.within(METADATA_MS), env })
  const [{ metadata, complaint }, ofNode] = await Promise.all([
    askMetadata(path, ask),
    interpreters.length > 1 ? askNode(path, ask) : null,
  ])
  return { metadata, complaint: (complaint ?? ofNode)?.slice(0, 500) ?? null }
}

async function examineAgent(
  agent: string,
  directories: readonly string[],
  deadline: Deadline,
): Promise<AgentFacts> {
  const [, provider = '', type = ''] = agent.split(':')
  const path = `${OCF_ROOT}/resource.d/${provider}/${type}`
  const nothing = {
    agent,
    path,
    file: null,
    openDirectory: null,
    interpreters: [],
    metadata: null,
    complaint: null,
  }
  let real: string
  try {
    real = realpathSync(path)
  } catch {
    return nothing
  }
  const { mode, uid } = statSync(real)
  const directory = dirname(real)
  const around = statSync(directory)
  const programs = interpretersIn(head(real))
  const [interpreters, said] = await Promise.all([
    Promise.all(programs.map((name) => findInterpreter(name, directories, deadline))),
    askAgent(path, programs, directories, deadline),
  ])
  return {
    ...nothing,
    file: { mode: mode & 0o7777, owner: uid, executable: isExecutable(real) },
    openDirectory:
      around.uid !== 0 || (around.mode & OPEN) !== 0
        ? { path: directory, mode: around.mode & 0o777, owner: around.uid }
        : null,
    interpreters,
    ...said,
  }
}

export function examineAgents(
  { primitives }: Configuration,
  deadline: Deadline,
): Promise<readonly AgentFacts[]> {
  const agents = [...new Set(primitives.map(({ agent }) => agent))].filter((agent) => /^ocf:/.test(agent))
  const directories = executorsPath()
  return Promise.all(agents.map((agent) => examineAgent(agent, directories, deadline)))
}
