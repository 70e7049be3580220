/** The text format in which Prometheus reads metrics (prometheus.io, "Exposition formats"). */
import { printable } from '../../lib/ocf/printable'

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export interface Metric {
  /** In Prometheus's manner: base units, `_total` for what only grows. */
  readonly name: string
  readonly help: string
  readonly type: 'gauge' | 'counter'
  readonly samples: readonly Sample[]
}

// A label of a control character is legal, and of no use to anybody.
const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
const escapeLabel = (text: string): string => escapeHelp(printable(text)).replaceAll('"', '\\"')

function writeSample(name: string, { labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`)
  const number = value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${number}`
}

/** The text, with a line break at its end. A metric without samples is left out. */
export function writeMetrics(metrics: readonly Metric[]): string {
  return metrics
    .filter(({ samples }) => samples.length > 0)
    .map(
      ({ name, help, type, samples }) =>
        `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${samples
          .map((sample) => `${writeSample(name, sample)}\n`)
          .join('')}`,
    )
    .join('')
}
