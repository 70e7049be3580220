/** The cluster's state as a table: a column a node, so that it fits into 80 characters. */
import Table from 'cli-table3'
import { type ClusterStatus } from '../../../test/cluster/lab'

const VIPS = ['vip-master', 'vip-rep', 'vip-slave']
const NOTHING = '-'

const ROLES: Readonly<Record<string, string>> = {
  Promoted: 'primary (Promoted)',
  Unpromoted: 'standby (Unpromoted)',
}

type Row = readonly [title: string, value: (status: ClusterStatus, node: string) => string | undefined]

const ROWS: readonly Row[] = [
  ['online', (status, node) => (status.online.includes(node) ? 'yes' : 'no')],
  ['role of PostgreSQL', (status, node) => ROLES[status.role('pgsql', node)] ?? status.role('pgsql', node)],
  ['pgsql-status', (status, node) => status.attribute(node, 'pgsql-status')],
  ['pgsql-data-status', (status, node) => status.attribute(node, 'pgsql-data-status')],
  ['promotion score', (status, node) => status.attribute(node, 'master-pgsql')],
  ['promoted at (LSN)', (status, node) => status.attribute(node, 'pgsql-master-baseline')],
  ['addresses', (status, node) => VIPS.filter((vip) => status.nodeOf(vip) === node).join('\n')],
]

/** The table, with a line break at its end. */
export function stateTable(status: ClusterStatus): string {
  const nodes = status.nodes.map(({ name }) => name).sort()
  const table = new Table({
    head: ['node', ...nodes],
    // The width of the longest value, so that the tables of one run look alike.
    colWidths: [null, ...nodes.map(() => 24)],
    style: { head: [], border: [], compact: true },
  })
  for (const [title, value] of ROWS) {
    table.push([title, ...nodes.map((node) => value(status, node) || NOTHING)])
  }
  return `${table.toString()}\n`
}
