/** Checking a configuration before anybody relies on it: on a CIB in a file, with the programs that the cluster has. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Deadline } from '../../lib/ocf'
import { findProgram } from '../../lib/system/find-program'
import { describeFailure, runProgram } from '../../lib/system/run-program'
import { CommandError, Exit } from '../exit'
import { DIALECTS, isInstalled } from './dialects'
import { type Format } from './formats'
import { type Model } from './model'

const TIMEOUT_MS = 20_000

/** Runs `work` with a directory of its own, which is gone afterwards. */
export async function withScratchDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'ocf-ts-configure-'))
  try {
    return await work(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Runs one of pacemaker's programs, which must succeed. */
export async function pacemaker(program: string, args: readonly string[]): Promise<string> {
  const result = await runProgram(program, args, { deadline: new Deadline(TIMEOUT_MS) })
  if (result.code === 0) return result.stdout
  throw new CommandError(Exit.TROUBLE, describeFailure(program, result))
}

/**
 * Has pacemaker check a CIB in a file: the schema, and whether it makes sense.
 *
 * @throws CommandError TROUBLE with what is wrong
 */
export async function verify(cib: string): Promise<void> {
  const args = ['--xml-file', cib, '--verbose']
  const result = await runProgram('crm_verify', args, { deadline: new Deadline(TIMEOUT_MS) })
  if (result.code === 0) return
  const said = result.stderr
    .split('\n')
    .filter((line) => /error:/.test(line))
    .map((line) => line.replace(/^.*error:\s*/, '').trim())
  const why = said.length > 0 ? said.join('; ') : describeFailure('crm_verify', result)
  throw new CommandError(Exit.TROUBLE, `pacemaker does not take the configuration: ${why}`)
}

/** Fencing with nothing that fences is an error. The device belongs to the cluster, not to a plan: here, a watchdog. */
const WATCHDOG =
  '<crm_config><cluster_property_set id="cib-bootstrap-options"><nvpair id="cib-bootstrap-options-have-watchdog" name="have-watchdog" value="true"/></cluster_property_set></crm_config>'

/** Where the cluster looks for an agent, `ocf:PROVIDER:TYPE`. */
function agentPath(agent: string): string {
  const [, provider = '', type = ''] = agent.split(':')
  return join(process.env['OCF_ROOT'] ?? '/usr/lib/ocf', 'resource.d', provider, type)
}

/** The last pacemaker that cuts values, see lib/cluster/cib-text.ts. */
const LAST_CUTTING = [2, 1, 7]

/**
 * A value that the pacemaker of this node cannot keep: it is cut where its daemons pass it on.
 *
 * @throws CommandError USAGE when there is one
 */
export async function refuseCutValues({ primitives }: Model): Promise<void> {
  const cut = primitives
    .flatMap(({ parameters }) => Object.entries(parameters))
    .find(([, value]) => /[^\0-\x7f][^]*["<>&]/.test(value))
  if (cut === undefined) return
  const said = await pacemaker('cibadmin', ['--version'])
  const version = (/(\d+)\.(\d+)\.(\d+)/.exec(said) ?? []).slice(1).map(Number)
  const differs = LAST_CUTTING.findIndex((number, index) => version[index] !== number)
  if (differs >= 0 && (version[differs] ?? 0) > (LAST_CUTTING[differs] ?? 0)) return
  throw new CommandError(
    Exit.USAGE,
    `${cut[0]}: pacemaker ${version.join('.')} cuts a value at the first ", <, > or & behind a character beyond ASCII`,
    'write it without those, or in ASCII (a command can be put into a script of its own)',
  )
}

/** What a check found, or why there was none. */
export type Checked =
  { readonly by: readonly string[]; readonly warnings: readonly string[] } | { readonly skipped: string }

/**
 * Loads the configuration into an empty CIB in a file, and has pacemaker verify what becomes of it. Needs no cluster.
 *
 * @throws CommandError TROUBLE when either refuses
 */
export async function checkModel(model: Model, format: Format): Promise<Checked> {
  const { program, load } = DIALECTS[format]
  if (findProgram('cibadmin') !== undefined) await refuseCutValues(model)
  if (!isInstalled(format)) return { skipped: `${program} is not installed here` }
  for (const needed of ['cibadmin', 'crm_verify']) {
    if (findProgram(needed) === undefined) return { skipped: `${needed} (pacemaker) is not installed here` }
  }
  const missing = model.primitives.map(({ agent }) => agentPath(agent)).find((path) => !existsSync(path))
  if (missing !== undefined) return { skipped: `${missing} is missing: run scripts/install` }
  return withScratchDirectory(async (directory) => {
    const cib = join(directory, 'cib.xml')
    // It is the configuration that is looked at, not a cluster that has no quorum.
    const empty = (await pacemaker('cibadmin', ['--empty'])).replace(/<cib\b/, '<cib have-quorum="1"')
    const fenced = model.properties['stonith-enabled'] === 'true'
    writeFileSync(cib, fenced ? empty.replace('<crm_config/>', WATCHDOG) : empty, { mode: 0o600 })
    const warnings = await load(model, cib, directory)
    await verify(cib)
    return { by: [program, 'crm_verify'], warnings }
  })
}
