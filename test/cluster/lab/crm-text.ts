/**
 * The document's `pgsql.crm` (chapter 4.8), with the provider and the paths filled in. Two words of it are gone
 * because today's pacemaker and crmsh complain of them: `crmd-transition-delay` is called `transition-delay`
 * now, and a group's `ordered="false"` is deprecated.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** `ts`: this project's agents; `heartbeat`: the shell agents (whose `ping` is pacemaker's). */
export type Provider = 'ts' | 'heartbeat'

/** `document`: the document's own; `today`: those that pacemaker 2.1 and 3.0, crmsh 4 and 5 all take. */
export type Words = 'document' | 'today'

export interface CrmTextOptions {
  /** Default: the document's. */
  readonly words?: Words
  readonly provider: Provider
  readonly nodes: readonly string[]
  readonly pgBin: string
  readonly pgData: string
  /** Parameters of `pgsql` to change or add; null leaves one of the document's out. */
  readonly pgsqlParams?: Readonly<Record<string, string | null>>
}

/** The configuration as text for `crm configure load update`. */
export function crmText(options: CrmTextOptions): string {
  const values: Readonly<Record<string, string>> = {
    provider: options.provider,
    ping_provider: options.provider === 'heartbeat' ? 'pacemaker' : options.provider,
    clone_max: String(options.nodes.length),
    node_list: options.nodes.join(' '),
    pgbin: options.pgBin,
    pgdata: options.pgData,
  }
  const template = readFileSync(join(__dirname, 'pgsql.crm'), 'utf8')
  const filled = template.replace(/\{(\w+)\}/g, (placeholder, name: string) => values[name] ?? placeholder)
  const text = Object.entries(options.pgsqlParams ?? {}).reduce(setPgsqlParam, filled)
  return options.words === 'today' ? inTodaysWords(text) : text
}

/** The same configuration without what pacemaker 3.0 and crmsh 5 refuse. */
export function inTodaysWords(text: string): string {
  return (
    text
      .replace(
        /^ms (\w+) (\w+) \\\n( +)meta \\\n( +)/m,
        'clone $1 $2 \\\n$3meta \\\n$4promotable="true" \\\n$4',
      )
      .replaceAll('master-max=', 'promoted-max=')
      .replaceAll('master-node-max=', 'promoted-node-max=')
      .replaceAll('role="Master"', 'role="Promoted"')
      .replaceAll('msPostgresql:Master', 'msPostgresql:Promoted')
      // A location constraint has one rule: of several, each becomes a constraint.
      .replace(
        /^location (\S+) (\S+)((?: \\\n +rule .*?(?=$| \\$)){2,})/gm,
        (_, id: string, resource: string, rules: string) =>
          rules
            .split(' \\\n')
            .slice(1)
            .map((rule, index) => `location ${id}-${index + 1} ${resource} ${rule.trim()}`)
            .join('\n'),
      )
  )
}

function setPgsqlParam(text: string, [name, value]: readonly [string, string | null]): string {
  const line = value === null ? '' : `        ${name}="${value.replaceAll('"', '\\"')}" \\\n`
  const start = text.indexOf('primitive pgsql ')
  const head = text.slice(0, start)
  const body = text.slice(start)
  const existing = new RegExp(`^ +${name}=".*" \\\\\n`, 'm')
  return (
    head +
    (existing.test(body)
      ? body.replace(existing, () => line)
      : body.replace(/ +params \\\n/, (params) => params + line))
  )
}
