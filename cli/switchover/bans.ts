/** The constraints by which the primary is moved: made for a while, and taken back. */
import { readConfiguration } from '../../lib/cluster/configuration'
import { runTool } from '../cluster/change'
import { queryOwnCib } from '../cluster/change'

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

/**
 * What keeps the primary role, and nothing else of a promotable clone, off a node until `end`. Under the name that
 * crm_resource gives it, so that `crm_resource --clear` knows it; but made without it: pacemaker takes a rule's role
 * from the rule alone, and `crm_resource --ban --promoted --lifetime` writes it beside it, which keeps all of the clone
 * off the node (seen with 2.1.5).
 */
export function banText(clone: string, node: string, role: string, end: Date): string {
  const id = escape(`cli-ban-${clone}-on-${node}`)
  const until = end.toISOString().replace(/\.\d+Z$/, 'Z')
  return [
    `<rsc_location id="${id}" rsc="${escape(clone)}">`,
    `<rule id="${id}-rule" score="-INFINITY" boolean-op="and" role="${role}">`,
    `<expression id="${id}-expr" attribute="#uname" operation="eq" value="${escape(node)}" type="string"/>`,
    `<date_expression id="${id}-lifetime" operation="lt" end="${until}"/>`,
    '</rule></rsc_location>',
  ].join('')
}

/** Keeps the primary role off nodes. */
export class RoleBans {
  readonly #made: string[] = []

  constructor(
    private readonly clone: string,
    private readonly role: string,
    /** After this many seconds they end by themselves, should nobody take them back. */
    private readonly seconds: number,
  ) {}

  async add(node: string): Promise<void> {
    // Before, so that it is taken back also where the answer does not come any more.
    this.#made.push(`cli-ban-${this.clone}-on-${node}`)
    const text = banText(this.clone, node, this.role, new Date(Date.now() + this.seconds * 1000))
    await runTool('cibadmin', '--modify', '--allow-create', '--scope=constraints', `--xml-text=${text}`)
  }

  /** Those that are there. */
  async left(): Promise<readonly string[]> {
    const { constraints } = readConfiguration(await queryOwnCib())
    return constraints.map(({ id }) => id).filter((id) => this.#made.includes(id))
  }

  /** @throws CommandError TROUBLE when pacemaker does not take it */
  async takeBack(): Promise<void> {
    for (const id of await this.left()) {
      await runTool(
        'cibadmin',
        '--delete',
        '--scope=constraints',
        `--xml-text=<rsc_location id="${escape(id)}"/>`,
      )
    }
  }
}
