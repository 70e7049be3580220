/**
 * The document's `pgsql.crm` (chapter 4.8), with the provider and the paths filled in. Two words of it are gone
 * because today's pacemaker and crmsh complain of them: `crmd-transition-delay` is called `transition-delay`
 * now, and a group's `ordered="false"` is deprecated.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** `ts`: this project's agents; `heartbeat`: the shell agents (whose `ping` is pacemaker's). */
export type Provider = 'ts' | 'heartbeat'

export interface CrmTextOptions {
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
  return Object.entries(options.pgsqlParams ?? {}).reduce(setPgsqlParam, filled)
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
