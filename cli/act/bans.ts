/** Constraints that keep a resource, or its primary role, off nodes for a while: made, and taken back. */
import { readConfiguration } from '../../lib/cluster/configuration'
import { queryOwnCib, runTool } from '../cluster/change'

/**
 * How the cluster's schema writes the role: up to pacemaker 2.0 (schema 3.6) `Master`, and the new word alone from
 * schema 4 on.
 *
 * @param xml - the CIB
 */
export function promotedRole(xml: string): 'Promoted' | 'Master' {
  const [, major = NaN, minor = NaN] = (/\bvalidate-with="pacemaker-(\d+)\.(\d+)"/.exec(xml) ?? []).map(
    Number,
  )
  return major < 3 || (major === 3 && minor < 7) ? 'Master' : 'Promoted'
}

const escape = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')

/** A constraint that ends by itself. */
export interface Ban {
  readonly id: string
  /** The time at which it ends, as in the CIB. */
  readonly until: string
  /** The element. */
  readonly text: string
}

/**
 * The name that crm_resource would give it, so that `crm_resource --clear` knows it. Where that is taken, perhaps by a
 * person's constraint, with a number behind it: what is there is neither changed nor taken back.
 */
function freeId(xml: string, clone: string, node: string): string {
  const taken = new Set(readConfiguration(xml).constraints.map(({ id }) => id))
  const usual = `cli-ban-${clone}-on-${node}`
  let [id, number] = [usual, 2]
  while (taken.has(id)) id = `${usual}-${number++}`
  return id
}

/**
 * What keeps the primary role, and nothing else of a promotable clone, off a node until `end`; without a role, all of
 * the clone. It is made without crm_resource: pacemaker takes a rule's role from the rule alone, and
 * `crm_resource --ban --promoted --lifetime` writes it beside it, which keeps all of the clone off the node (seen with
 * 2.1.5).
 *
 * @param xml - the CIB
 */
export function makeBan(
  xml: string,
  { clone, node, role }: { readonly clone: string; readonly node: string; readonly role?: string },
  end: Date,
): Ban {
  const plainId = freeId(xml, clone, node)
  const id = escape(plainId)
  const until = end.toISOString().replace(/\.\d+Z$/, 'Z')
  const text = [
    `<rsc_location id="${id}" rsc="${escape(clone)}">`,
    `<rule id="${id}-rule" score="-INFINITY" boolean-op="and"${role === undefined ? '' : ` role="${role}"`}>`,
    `<expression id="${id}-expr" attribute="#uname" operation="eq" value="${escape(node)}" type="string"/>`,
    `<date_expression id="${id}-lifetime" operation="lt" end="${until}"/>`,
    '</rule></rsc_location>',
  ].join('')
  return { id: plainId, until, text }
}

/** Whether the CIB has this very constraint, and not somebody else's of the same name. */
export function hasBan(xml: string, { id, until }: Ban): boolean {
  const dates = xml.match(/<date_expression\b[^>]*>/g) ?? []
  return dates.some(
    (date) => date.includes(` id="${escape(id)}-lifetime"`) && date.includes(` end="${until}"`),
  )
}

type Argv = readonly [string, ...string[]]

/** Makes it, and fails where there is one of its name. */
export function createCommand({ text }: Ban): Argv {
  return ['cibadmin', '--create', '--scope=constraints', `--xml-text=${text}`]
}

export function deleteCommand({ id }: Pick<Ban, 'id'>): Argv {
  return ['cibadmin', '--delete', '--scope=constraints', `--xml-text=<rsc_location id="${escape(id)}"/>`]
}

/** Keeps a clone, or its primary role, off nodes. */
export class TemporaryBans {
  readonly #made: Ban[] = []

  constructor(
    private readonly clone: string,
    /** As `promotedRole` says; nothing for all of the clone. */
    private readonly role: string | undefined,
    /** After this many seconds they end by themselves, should nobody take them back. */
    private readonly seconds: number,
  ) {}

  async add(node: string): Promise<void> {
    const { clone, role } = this
    const end = new Date(Date.now() + this.seconds * 1000)
    const ban = makeBan(await queryOwnCib(), { clone, node, ...(role !== undefined && { role }) }, end)
    // Before, so that it is taken back also where the answer does not come any more.
    this.#made.push(ban)
    await runTool(...createCommand(ban))
  }

  /** Those that are there, by id. */
  async left(): Promise<readonly string[]> {
    if (this.#made.length === 0) return []
    const xml = await queryOwnCib()
    return this.#made.filter((ban) => hasBan(xml, ban)).map(({ id }) => id)
  }

  /** @throws CommandError TROUBLE when pacemaker does not take it */
  async takeBack(): Promise<void> {
    for (const id of await this.left()) await runTool(...deleteCommand({ id }))
  }
}
