/** `ocf-ts new-agent`: a project with an agent that works. */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { CommandError, Exit } from '../exit'
import { type Terminal } from '../terminal'
import { filesFor } from './files'
import { checkNames } from './names'

export interface NewAgentFlags {
  readonly directory?: string
  readonly provider: string
  readonly promotable?: boolean
  readonly from?: string
}

/** The tarball is named from the project's directory on, and by its whole path: it may be given from elsewhere. */
function sourceOf(from: string | undefined): string | undefined {
  if (from === undefined || !/\.(tgz|tar\.gz)$/.test(from)) return from
  const tarball = resolve(from.replace(/^file:/, ''))
  if (existsSync(tarball)) return `file:${tarball}`
  throw new CommandError(
    Exit.USAGE,
    `there is no ${tarball}`,
    'make it with npm pack in a checkout of ocf-ts',
  )
}

function mustBeFree(directory: string): void {
  if (!existsSync(directory)) return
  if (statSync(directory).isDirectory() && readdirSync(directory).length === 0) return
  throw new CommandError(
    Exit.REFUSED,
    `${directory} is there already, and was left as it is`,
    'choose another directory with --directory, or move that one away',
  )
}

export function newAgent(terminal: Terminal, name: string, flags: NewAgentFlags): Exit {
  const { provider, promotable } = flags
  checkNames(name, provider)
  const from = sourceOf(flags.from)
  const directory = resolve(flags.directory ?? name)
  mustBeFree(directory)
  const files = filesFor({ name, provider, promotable, from })
  for (const [path, text] of Object.entries(files)) {
    const file = join(directory, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text, { flag: 'wx' })
  }
  const { bold } = terminal.colours
  terminal.line(`ocf:${provider}:${name} is in ${directory}: ${Object.keys(files).length} files.`)
  terminal.line()
  terminal.line(bold('Next:'))
  const steps = [
    [`cd ${relative(process.cwd(), directory) || '.'}`, ''],
    [
      'npm install',
      from === undefined ? 'asks the registry for ocf-ts; with a tarball: --from FILE.tgz' : '',
    ],
    ['npm test', `builds dist/${name}, and calls it as pacemaker would`],
    ['npm run install-agent', 'as root, on every node'],
    [`crm ra info ocf:${provider}:${name}`, ''],
  ] as const
  for (const [command, remark] of steps) {
    terminal.line(`  ${remark === '' ? command : `${command.padEnd(36)}# ${remark}`}`)
  }
  terminal.line()
  terminal.line('It runs a program; src/ is yours to make it run what you have: README.md there says where.')
  return Exit.OK
}
