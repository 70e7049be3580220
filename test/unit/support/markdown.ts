/** What a README is made of, as far as two of them in different languages must have it in common. */

export interface Link {
  readonly text: string
  readonly target: string
}

/** A heading and what stands below it, up to the next heading of any level. */
export interface Section {
  readonly level: number
  readonly title: string
  /** What follows what: `p` a paragraph, `-` and `1.` an item of a list, `code`, `table of 3 × 2`. */
  readonly shape: readonly string[]
  /** Each with its fences and as it is indented. */
  readonly codeBlocks: readonly string[]
  /** Rows of cells, the heading's first, without the line below it. */
  readonly tables: readonly (readonly (readonly string[])[])[]
  /** The lines outside of code blocks, without their indentation; the title first. */
  readonly prose: readonly string[]
  /** The `code spans` of its prose, tables and title. */
  readonly codeSpans: readonly string[]
  readonly links: readonly Link[]
}

const FENCE = /^\s*```/
const HEADING = /^(#{1,6}) (.+)$/

const cellsOf = (row: string): string[] =>
  row
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim())

/** The lines of a section, those of a code block together in one element. */
function elementsOf(lines: readonly string[]): string[] {
  const elements: string[] = []
  let block: string[] | undefined
  for (const line of lines) {
    if (block) {
      block.push(line)
      if (FENCE.test(line)) {
        elements.push(block.join('\n'))
        block = undefined
      }
    } else if (FENCE.test(line)) block = [line]
    else elements.push(line)
  }
  if (block) throw new Error(`a code block has no end: ${block[0] ?? ''}`)
  return elements
}

function sectionOf(level: number, title: string, elements: readonly string[]): Section {
  const shape: string[] = []
  const codeBlocks: string[] = []
  const tables: string[][][] = []
  const prose = [title]
  let before: 'nothing' | 'text' | 'table' = 'nothing'
  for (const element of elements) {
    if (FENCE.test(element)) {
      shape.push('code')
      codeBlocks.push(element)
      before = 'nothing'
      continue
    }
    const line = element.trim()
    if (line === '' || line.startsWith('<!--')) {
      before = 'nothing'
      continue
    }
    prose.push(line)
    const item = /^(-|\d+\.) /.exec(line)
    if (line.startsWith('|')) {
      if (before !== 'table') tables.push([])
      if (!/^[|\s:-]+$/.test(line)) tables.at(-1)?.push(cellsOf(line))
      if (before !== 'table') shape.push('table')
      before = 'table'
    } else {
      if (item) shape.push(item[1] === '-' ? '-' : '1.')
      else if (before !== 'text') shape.push('p')
      before = 'text'
    }
  }
  let table = 0
  const measured = shape.map((kind) => {
    if (kind !== 'table') return kind
    const rows = tables[table++] ?? []
    return `table of ${String(rows.length)} × ${[...new Set(rows.map((row) => row.length))].join(', ')}`
  })
  const text = prose.join('\n')
  const withoutCode = text.replaceAll(/`[^`]*`/g, '``')
  return {
    level,
    title,
    shape: measured,
    codeBlocks,
    tables,
    prose,
    codeSpans: [...text.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span),
    links: [...withoutCode.matchAll(/\[([^\]]*)\]\(([^)\s]+)\)/g)].map(([, name = '', target = '']) => ({
      text: name,
      target,
    })),
  }
}

/** The sections of a document, in order. What stands before the first heading is not allowed. */
export function sectionsOf(markdown: string): readonly Section[] {
  const found: { level: number; title: string; elements: string[] }[] = []
  for (const element of elementsOf(markdown.split('\n'))) {
    const [, marks, title] = HEADING.exec(element) ?? []
    if (marks !== undefined && title !== undefined) found.push({ level: marks.length, title, elements: [] })
    else if (found.length > 0) found.at(-1)?.elements.push(element)
    else if (element.trim() !== '') throw new Error(`text before the first heading: ${element}`)
  }
  return found.map(({ level, title, elements }) => sectionOf(level, title, elements))
}

/** The anchors that GitHub gives to these headings, in order. A heading that was there before gets a number. */
export function anchorsOf(titles: readonly string[]): readonly string[] {
  const given = new Set<string>()
  return titles.map((title) => {
    const slug = title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
      .replaceAll(' ', '-')
    let anchor = slug
    for (let number = 1; given.has(anchor); number++) anchor = `${slug}-${String(number)}`
    given.add(anchor)
    return anchor
  })
}
