/** Are the agents there, may they run, and do they? */
import { sameNode } from '../../../lib/cluster/snapshot'
import { MIN_NODE } from '../minimum'
import { type Check, type Trouble } from '../finding'
import { type Examination, knownNodes } from '../examination'
import { type AgentFacts, type PrivateFile } from '../facts'

const OPEN = 0o022
const ROOT = 0

/** Each agent on each node that answered; nothing where none is configured. */
function everywhere(
  examination: Examination,
  judge: (agent: AgentFacts, node: string) => readonly Trouble[],
): readonly Trouble[] | undefined {
  const found = knownNodes(examination).flatMap(({ name, facts }) =>
    facts.agents.map((agent) => ({ agent, node: name })),
  )
  return found.length === 0 ? undefined : found.flatMap(({ agent, node }) => judge(agent, node))
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0')

/** Where an agent comes from. */
function install(agent: string): string {
  return agent.startsWith('ocf:ts:')
    ? 'run scripts/install there'
    : 'install the package resource-agents (or pacemaker) there, or copy the agent from a node that has it'
}

const nodes: Check = {
  id: 'node-unreachable',
  theme: 'installation',
  wellWhen: 'every node answers, with the same ocf-ts',
  examine: (examination) => {
    const versions = knownNodes(examination).map(({ name, facts }) => ({ name, version: facts.version }))
    const isOffline = (name: string): boolean =>
      examination.status?.nodes.some((node) => sameNode(node.name, name) && !node.online) === true
    const own = versions.find(({ name }) => name === examination.local)?.version
    const unreachable = examination.nodes.flatMap(({ name, facts, why }): readonly Trouble[] =>
      facts !== undefined
        ? []
        : [
            {
              severity: 'unknown',
              node: name,
              finding: `${name} could not be asked: nothing is known of what only it can see`,
              evidence: [why ?? 'no answer'],
              advice: isOffline(name)
                ? `bring ${name} back first`
                : `let root log in from here to ${name} without a password (ssh ${name} true), and install ocf-ts there`,
            },
          ],
    )
    const others = versions.flatMap(({ name, version }): readonly Trouble[] =>
      own === undefined || version === own
        ? []
        : [
            {
              severity: 'warning',
              node: name,
              finding: `${name} has another version of ocf-ts than ${examination.local}`,
              evidence: [`${name}: ${version}, ${examination.local}: ${own}`],
              advice: 'run the same scripts/install on every node',
            },
          ],
    )
    return [...unreachable, ...others]
  },
}

const unseen: Check = {
  id: 'not-seen',
  theme: 'installation',
  wellWhen: 'every node could tell all that it was asked',
  examine: (examination) =>
    knownNodes(examination).flatMap(({ name, facts }): readonly Trouble[] => {
      const what = [
        ...facts.unknown,
        ...facts.databases.flatMap(({ resource, node }) => node.unknown.map((why) => `${resource}: ${why}`)),
      ]
      if (what.length === 0) return []
      return [
        {
          severity: 'unknown',
          node: name,
          finding: `${name} could not tell all that it was asked`,
          evidence: what,
          advice: 'what is said above may be the reason; otherwise advice this, and look again',
        },
      ]
    }),
}

const present: Check = {
  id: 'agent-missing',
  theme: 'installation',
  wellWhen: 'every configured agent is installed on every node',
  examine: (examination) =>
    everywhere(examination, ({ agent, path, file }, node) =>
      file !== null
        ? []
        : [
            {
              severity: 'error',
              node,
              finding: `${agent} is not installed on ${node}`,
              evidence: [`there is no ${path}`],
              advice: install(agent),
            },
          ],
    ),
}

function describeAccess({ path, mode, owner }: PrivateFile): string {
  return `${path}: mode ${octal(mode)}, owner ${owner === ROOT ? 'root' : `uid ${owner}`}`
}

const permissions: Check = {
  id: 'agent-permissions',
  theme: 'installation',
  wellWhen: 'the agents can be executed, belong to root, and can be written to by nobody else',
  examine: (examination) => {
    const all = everywhere(examination, ({ agent, path, file, openDirectory }, node) => {
      if (file === null) return []
      const wrong = (finding: string, what: PrivateFile, ...argv: [string, ...string[]]): Trouble => ({
        severity: 'error',
        node,
        finding: `${finding}, and root runs what is in it`,
        evidence: [describeAccess(what)],
        advice: argv.join(' '),
        fix: { node, argv },
      })
      const own = { path, ...file }
      const mine = `${agent} on ${node}`
      const around = `the directory ${openDirectory?.path ?? ''} on ${node}`
      return [
        ...(file.owner === ROOT
          ? []
          : [wrong(`${mine} does not belong to root`, own, 'chown', 'root:root', '--', path)]),
        ...(file.executable
          ? []
          : [
              {
                ...wrong('', own, 'chmod', '755', '--', path),
                finding: `${mine} cannot be executed`,
              },
            ]),
        ...(file.executable && (file.mode & OPEN) !== 0
          ? [wrong(`${mine} can be written to by others than root`, own, 'chmod', 'go-w', '--', path)]
          : []),
        ...(openDirectory !== null && openDirectory.owner !== ROOT
          ? [
              wrong(
                `${around} does not belong to root`,
                openDirectory,
                'chown',
                'root:root',
                '--',
                openDirectory.path,
              ),
            ]
          : []),
        ...(openDirectory !== null && (openDirectory.mode & OPEN) !== 0
          ? [
              wrong(
                `${around} can be written to by others than root`,
                openDirectory,
                'chmod',
                'go-w',
                '--',
                openDirectory.path,
              ),
            ]
          : []),
      ]
    })
    // Several agents lie in one directory.
    const same = (a: Trouble, b: Trouble): boolean => a.node === b.node && a.finding === b.finding
    return all?.filter((one, index) => all.findIndex((other) => same(one, other)) === index)
  },
}

function isOlder(version: string, oldest: string): boolean {
  const [a, b] = [version, oldest].map((text) => text.split('.').map(Number))
  const [major = 0, minor = 0] = a ?? []
  const [oldMajor = 0, oldMinor = 0] = b ?? []
  return major < oldMajor || (major === oldMajor && minor < oldMinor)
}

const interpreter: Check = {
  id: 'agent-interpreter',
  theme: 'installation',
  wellWhen: 'the programs that run the agents are there and new enough',
  examine: (examination) =>
    everywhere(examination, ({ agent, path, interpreters }, node) =>
      interpreters.flatMap(({ program, path: found, version }): readonly Trouble[] => {
        if (found === null) {
          return [
            {
              severity: 'error',
              node,
              finding: `${agent} on ${node} cannot run: its interpreter ${program} is not there`,
              evidence: [`${path} is started by ${program}, which pacemaker's agents cannot find`],
              advice: `install it on ${node}; for an agent of ocf-ts, run scripts/install --node PATH there`,
            },
          ]
        }
        if (version === null || !isOlder(version, MIN_NODE)) return []
        return [
          {
            severity: 'error',
            node,
            finding: `${agent} on ${node} is run by Node ${version}, which is too old`,
            evidence: [`${found} --version: ${version}; ${MIN_NODE} is needed`],
            advice: `install Node ${MIN_NODE} or newer on ${node}, and run scripts/install --node PATH there`,
          },
        ]
      }),
    ),
}

/** What the shell agents' own files are missing, by what they complain of. */
function adviceFor({ agent, complaint }: AgentFacts): string {
  const said = complaint ?? ''
  if (/EACCES|Permission denied/i.test(said)) return 'make it executable (chmod 755), see its permissions'
  if (/@OCF_ROOT_DIR@/.test(said)) {
    return 'the shell library is an unfinished file of the sources: install ocf-shellfuncs from the package resource-agents'
  }
  const [, missing] = /(\/\S+\/ocf-\w+)['":]*\s*No such file/i.exec(said) ?? []
  if (missing !== undefined) return `put ${missing} there: it comes with the package resource-agents`
  return agent.startsWith('ocf:ts:')
    ? 'run it by hand (with the argument usage), and scripts/install there'
    : 'run it by hand: OCF_ROOT=/usr/lib/ocf PATH-OF-AGENT meta-data'
}

const metadata: Check = {
  id: 'agent-metadata',
  theme: 'installation',
  wellWhen: 'every configured agent runs, and tells its meta-data',
  examine: (examination) =>
    everywhere(examination, (agent, node) =>
      agent.file === null || (agent.metadata !== null && agent.complaint === null)
        ? []
        : [
            {
              severity: 'error',
              node,
              finding:
                agent.metadata === null
                  ? `${agent.agent} on ${node} does not tell its meta-data: it cannot run`
                  : `${agent.agent} on ${node} tells its meta-data and cannot run`,
              evidence: [agent.complaint ?? 'it said nothing'],
              advice: adviceFor(agent),
            },
          ],
    ),
}

export const installation: readonly Check[] = [nodes, unseen, present, permissions, interpreter, metadata]
