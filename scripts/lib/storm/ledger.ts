/**
 * Compares what was acknowledged with what the primary has, and the acknowledgements with one another.
 *
 * What a server acknowledged that a person had promoted without the cluster is not the cluster's: such rows are
 * counted, and missed by nobody. In async mode, losing what was not yet sent is what was agreed: such rows are counted.
 */
import { type LabNode } from '../../../test/cluster/lab'
import { type Book } from './book'
import { type StormOptions } from './options'
import { overlaps, type Reign, reigns } from './reigns'
import { type AcknowledgedRow, isOutside, missingRows, parsePresent } from './rows'
import { type Violation } from './violation'
import { PRESENT } from './writers'

export class Ledger {
  /** Acknowledged rows that are gone, and must not be. */
  readonly lost: AcknowledgedRow[] = []
  /** Gone as agreed: see above. */
  readonly given: AcknowledgedRow[] = []
  private readonly missing = new Set<string>()
  private readonly told = new Set<string>()
  private readonly byHand: { readonly node: string; readonly fromMs: number }[] = []

  constructor(
    private readonly book: Book,
    private readonly mode: StormOptions['mode'],
  ) {}

  /** A person promotes the server of this node now. */
  expectByHand(node: string, fromMs: number): void {
    this.byHand.push({ node, fromMs })
  }

  /** What is new since the last check. */
  async check(primary: LabNode): Promise<readonly Omit<Violation, 'index'>[]> {
    // First what was acknowledged, then what is there: a row that is acknowledged between the two is not missing.
    this.book.read()
    const rows = [...this.book.rows]
    const present = parsePresent(await primary.sql(PRESENT))
    const gone = missingRows(rows, present).filter((row) => !this.missing.has(keyOf(row)))
    for (const row of gone) this.missing.add(keyOf(row))
    const all = reigns(rows)
    const byHand = new Set(all.filter((reign) => this.isByHand(reign)).map(nameOf))
    const agreed = (row: AcknowledgedRow): boolean => this.mode === 'async' || byHand.has(nameOf(row))
    this.given.push(...gone.filter(agreed))
    const lost = gone.filter((row) => !agreed(row))
    this.lost.push(...lost)
    return [...(lost.length > 0 ? [describeLost(lost, primary.name)] : []), ...this.checkReigns(all, byHand)]
  }

  /** Every reign so far, for the report. */
  reigns(): readonly Reign[] {
    return reigns(this.book.rows)
  }

  private checkReigns(
    all: readonly Reign[],
    byHand: ReadonlySet<string>,
  ): readonly Omit<Violation, 'index'>[] {
    return overlaps(all.filter((reign) => !byHand.has(nameOf(reign)))).flatMap(({ one, other, rows }) => {
      const key = `${nameOf(one)} ${nameOf(other)}`
      if (this.told.has(key)) return []
      this.told.add(key)
      const times = rows.flatMap(({ beganMs, endedMs }) => [beganMs, endedMs])
      return [
        {
          kind: 'two primaries' as const,
          text: `${nameOf(one)} and ${nameOf(other)} both acknowledged: ${rows.length} rows of one in the time of the other`,
          details: [],
          fromMs: Math.min(...times),
          toMs: Math.max(...times),
        },
      ]
    })
  }

  /** A reign on this node that began after a person's promotion, and before anything else could have promoted it. */
  private isByHand({ server, earliestMs }: Reign): boolean {
    return this.byHand.some(({ node, fromMs }) => {
      const sinceMs = earliestMs - fromMs
      return node === server && sinceMs >= 0 && sinceMs < 30_000
    })
  }
}

const keyOf = ({ writer, id }: AcknowledgedRow): string => `${writer} ${id}`
const nameOf = ({ server, timeline }: Pick<Reign, 'server' | 'timeline'>): string =>
  `${server} on timeline ${timeline}`

function describeLost(rows: readonly AcknowledgedRow[], primary: string): Omit<Violation, 'index'> {
  const groups = new Map<string, AcknowledgedRow[]>()
  for (const row of rows) {
    const key = `acknowledged by ${nameOf(row)} ${isOutside(row) ? 'through the address' : 'on the node itself'}`
    const group = groups.get(key)
    if (group) group.push(row)
    else groups.set(key, [row])
  }
  const ended = rows.map(({ endedMs }) => endedMs)
  return {
    kind: 'lost rows',
    text: `${rows.length} acknowledged rows are not on the primary ${primary}`,
    details: [...groups].map(([key, group]) => {
      const ids = group.map(({ id }) => id)
      return `${group.length} ${key}: ${group[0]?.writer ?? ''} ${Math.min(...ids)} to ${Math.max(...ids)}`
    }),
    fromMs: ended.reduce((a, b) => Math.min(a, b), Infinity),
    toMs: ended.reduce((a, b) => Math.max(a, b), -Infinity),
  }
}
