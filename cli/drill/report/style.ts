/** How the report looks: light, dark, and on paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --card: #f5f6f8; --ink: #1c2128; --quiet: #59636e; --line: #d5dae0;
  --rows: #2f6fb2; --rows-fill: #c9dcf1; --outage: #fbe3df; --outage-ink: #a3261b;
  --good: #1a6b34; --good-fill: #e3f4e8; --bad: #a3261b; --bad-fill: #fbe3df; --mark: #59636e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181d; --card: #1d232a; --ink: #e4e8ec; --quiet: #9aa5b1; --line: #353d47;
    --rows: #78b0ee; --rows-fill: #24425f; --outage: #4a2522; --outage-ink: #ffa198;
    --good: #7ddc97; --good-fill: #1a3524; --bad: #ffa198; --bad-fill: #4a2522; --mark: #9aa5b1;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 62rem;
  background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", Arial, sans-serif;
}
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 2rem 0 .6rem; font-size: 1.15rem; }
.subtitle { margin: .2rem 0 1rem; color: var(--quiet); }
.verdict { margin: 0 0 1rem; padding: .7rem .9rem; border-left: 4px solid; border-radius: 3px; }
.verdict.good { color: var(--good); background: var(--good-fill); }
.verdict.bad { color: var(--bad); background: var(--bad-fill); }
.verdict p { margin: 0; font-weight: 600; }
.verdict ul { margin: .4rem 0 0; padding-left: 1.2rem; }
.headline { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .7rem; margin: 0; }
.headline div { padding: .6rem .9rem; background: var(--card); border: 1px solid var(--line); border-radius: 6px; }
.headline dt { color: var(--quiet); font-size: .85rem; }
.headline dd { margin: 0; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.headline dd.bad { color: var(--bad); }
figure { margin: 0; }
figcaption { color: var(--quiet); font-size: .85rem; }
.scroll { overflow-x: auto; }
svg { display: block; width: 100%; min-width: 40rem; height: auto; font: 12px Arial, "Liberation Sans", "DejaVu Sans", sans-serif; }
svg text { fill: var(--ink); }
svg .tick { fill: var(--quiet); font-size: 11px; }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .axis { stroke: var(--quiet); stroke-width: 1; }
svg .rows { fill: var(--rows-fill); stroke: var(--rows); stroke-width: 1.25; stroke-linejoin: round; }
svg .outage { fill: var(--outage); }
svg .outage-text { fill: var(--outage-ink); font-weight: 600; stroke: var(--outage); stroke-width: 5; paint-order: stroke; }
svg .event line { stroke: var(--mark); stroke-width: 1; stroke-dasharray: 3 3; }
svg .event.fault line, svg .event.failed line { stroke: var(--bad); stroke-dasharray: none; stroke-width: 1.5; }
svg .event.fault text, svg .event.failed text { fill: var(--bad); font-weight: 600; }
svg .event.write line, svg .event.back line { stroke: var(--good); stroke-dasharray: none; stroke-width: 1.5; }
svg .event.write text, svg .event.back text { fill: var(--good); font-weight: 600; }
table { width: 100%; border-collapse: collapse; }
th, td { padding: .3rem 1rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th[scope=row] { width: 30%; font-weight: 400; color: var(--quiet); }
thead th { color: var(--quiet); font-size: .85rem; font-weight: 600; }
.when { width: 1%; padding-right: 1.6rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
.count { width: 5rem; text-align: right; font-variant-numeric: tabular-nums; }
code, .did li { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: .85rem; overflow-wrap: anywhere; }
footer { margin-top: 2.5rem; color: var(--quiet); font-size: .85rem; }
@media (max-width: 40rem) {
  th, td { padding-right: .6rem; }
  .when { padding-right: .8rem; }
}
@page { size: A4; margin: 15mm; }
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --card: #fff; --ink: #000; --quiet: #333; --line: #bbb;
    --rows: #000; --rows-fill: #d0d0d0; --outage: #f0f0f0; --outage-ink: #000;
    --good: #000; --good-fill: #fff; --bad: #000; --bad-fill: #fff; --mark: #333;
  }
  body { max-width: none; padding: 0; font-size: 10pt; }
  svg { min-width: 0; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .scroll { overflow: visible; }
  .verdict { border: 1px solid #000; border-left-width: 4px; }
  .headline { grid-template-columns: repeat(4, 1fr); }
  .headline dd { font-size: 13pt; }
  figure, tr, .verdict, .headline, li { break-inside: avoid; }
  h2 { break-after: avoid; }
}
`
