/** The report: one HTML file that asks for nothing beside itself. */
import { VERSION } from '../../../lib/version'
import { type DrillResult } from '../result'
import { renderChart } from './chart'
import { escape, jsonForScript } from './escape'
import { makeReportModel, type ReportModel } from './model'
import { STYLE } from './style'

const cell = (text: string | number, attributes = ''): string =>
  `<td${attributes}>${escape(String(text))}</td>`
const head = (text: string, attributes = ''): string => `<th scope="col"${attributes}>${escape(text)}</th>`

function table(columns: readonly string[], rows: readonly string[]): string {
  return `<table>
<thead><tr>${columns.join('')}</tr></thead>
<tbody>
${rows.map((row) => `<tr>${row}</tr>`).join('\n')}
</tbody>
</table>`
}

/** Names and what they are. */
function pairs(
  names: readonly [string, string],
  rows: readonly (readonly [string, string | number])[],
): string {
  return table(
    names.map((name) => head(name)),
    rows.map(([name, value]) => `<th scope="row">${escape(name)}</th>${cell(value)}`),
  )
}

function section(heading: string, content: string): string {
  return `<section>\n<h2>${escape(heading)}</h2>\n${content}\n</section>`
}

function renderVerdict({ verdict, isWell, problems }: ReportModel): string {
  const list = problems.map((problem) => `<li>${escape(problem)}</li>`).join('')
  return `<div class="verdict ${isWell ? 'good' : 'bad'}"><p>${isWell ? 'Passed' : 'Not passed'}: ${escape(verdict)}.</p>${
    list === '' ? '' : `<ul>${list}</ul>`
  }</div>`
}

function renderHeadline({ headline }: ReportModel): string {
  const figures = headline.map(
    ({ name, value, isBad }) =>
      `<div><dt>${escape(name)}</dt><dd${isBad ? ' class="bad"' : ''}>${escape(value)}</dd></div>`,
  )
  return `<dl class="headline">\n${figures.join('\n')}\n</dl>`
}

function renderSections(model: ReportModel): readonly string[] {
  return [
    ...model.charts.map(({ heading, caption, chart }) =>
      section(
        heading,
        `<figure>\n<figcaption>${escape(caption)}</figcaption>\n<div class="scroll">${renderChart(chart)}</div>\n</figure>`,
      ),
    ),
    section(
      'Timeline',
      table(
        [head('Since the fault', ' class="when"'), head('UTC', ' class="when"'), head('What happened')],
        model.timeline.map(
          ({ when, clock, text }) => cell(when, ' class="when"') + cell(clock, ' class="when"') + cell(text),
        ),
      ),
    ),
    section('Figures', pairs(['Figure', 'Value'], model.figures)),
    section(
      'Nodes',
      table(
        [head('Node'), head('Before'), head('After')],
        model.members.map(
          ({ node, before, after }) => `<th scope="row">${escape(node)}</th>${cell(before)}${cell(after)}`,
        ),
      ),
    ),
    section('Parameters', pairs(['Parameter', 'Value'], model.parameters)),
    section('Versions', pairs(['Of', 'Version'], model.versions)),
    section(
      'What the drill did',
      `<ol class="did">\n${model.did.map((what) => `<li>${escape(what)}</li>`).join('\n')}\n</ol>`,
    ),
    ...(model.errors.length === 0
      ? []
      : [
          section(
            'What the writer met',
            table(
              [head('Error'), head('Times', ' class="count"')],
              model.errors.map(([message, count]) => cell(message) + cell(count, ' class="count"')),
            ),
          ),
        ]),
  ]
}

/** @returns the file's contents */
export function renderReport(result: DrillResult): string {
  const model = makeReportModel(result)
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="generator" content="ocf-ts ${escape(VERSION)}">
<link rel="icon" href="data:,">
<title>${escape(`${model.title}: ${model.subtitle}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${escape(model.title)}</h1>
<p class="subtitle">${escape(model.subtitle)}</p>
</header>
<main>
${renderVerdict(model)}
${renderHeadline(model)}
${renderSections(model).join('\n')}
</main>
<footer>Made by ocf-ts ${escape(VERSION)}. The data behind this page is in it, as JSON: the element with the id <code>drill</code>.</footer>
<script type="application/json" id="drill">${jsonForScript(result)}</script>
</body>
</html>
`
}
