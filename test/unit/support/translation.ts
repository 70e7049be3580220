/** Where a translated README is not what the original is. */
import { anchorsOf, type Section } from './markdown'

export const REQUIRED = { english: '_required_', chinese: '_必填_' }

const isAnchor = (target: string): boolean => target.startsWith('#')
const isRelative = (target: string): boolean => !isAnchor(target) && !/^[a-z]+:/i.test(target)

function missing(from: readonly string[], inThese: readonly string[]): string[] {
  const left = [...inThese]
  return from.filter((one) => {
    const at = left.indexOf(one)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

/** What tells two lists apart, in words; nothing where they are the same but for their order. */
function setApart(what: string, original: readonly string[], translated: readonly string[]): string[] {
  return [
    ...missing(original, translated).map((one) => `${what} is missing: ${one}`),
    ...missing(translated, original).map((one) => `${what} is not in the original: ${one}`),
  ]
}

function sameInOrder(what: string, original: readonly string[], translated: readonly string[]): string[] {
  const length = Math.max(original.length, translated.length)
  for (let i = 0; i < length; i++)
    if (original[i] !== translated[i])
      return [
        `${what} ${String(i + 1)} is «${translated[i] ?? 'none'}», in the original «${original[i] ?? 'none'}»`,
      ]
  return []
}

/** A parameter's name and default: the first two columns of a table that build.ts made. */
function parametersOf({ tables }: Section): string[] {
  return tables
    .filter(([head]) => head?.length === 3 && ['default', '默认值'].includes(head[1] ?? ''))
    .flatMap(([, ...rows]) =>
      rows.map(([name = '', value = '']) =>
        `${name} ${value.replace(REQUIRED.chinese, REQUIRED.english)}`.trim(),
      ),
    )
}

/** The relative links, those between the two READMEs left out: each of them links to the other. */
const filesLinkedFrom = ({ links }: Section, readmes: readonly string[]): string[] =>
  links.map(({ target }) => target).filter((target) => isRelative(target) && !readmes.includes(target))

function differencesOf(original: Section, translated: Section, readmes: readonly string[]): string[] {
  const anchors = ({ links }: Section): string =>
    String(links.filter(({ target }) => isAnchor(target)).length)
  return [
    ...sameInOrder('the level', [String(original.level)], [String(translated.level)]),
    ...sameInOrder('part', original.shape, translated.shape),
    ...sameInOrder('code block', original.codeBlocks, translated.codeBlocks),
    ...sameInOrder('parameter', parametersOf(original), parametersOf(translated)),
    ...setApart('code span', original.codeSpans, translated.codeSpans),
    ...sameInOrder('relative link', filesLinkedFrom(original, readmes), filesLinkedFrom(translated, readmes)),
    ...sameInOrder('the number of links within the document:', [anchors(original)], [anchors(translated)]),
  ].map((difference) => `${original.title}: ${difference}`)
}

/** Everything in which the translation is not what the original is; `readmes` are their file names. */
export function differences(
  original: readonly Section[],
  translated: readonly Section[],
  readmes: readonly string[],
): string[] {
  const levels = (sections: readonly Section[]): string[] => sections.map(({ level }) => String(level))
  const headings = sameInOrder('the level of heading', levels(original), levels(translated))
  if (headings.length > 0) return headings
  return original.flatMap((section, i) => {
    const other = translated[i]
    return other ? differencesOf(section, other, readmes) : []
  })
}

/** The links that lead nowhere: anchors that no heading has, files that `exists` does not find. */
export function deadLinks(sections: readonly Section[], exists: (path: string) => boolean): string[] {
  const anchors = anchorsOf(sections.map(({ title }) => title)).map((anchor) => `#${anchor}`)
  const targets = sections.flatMap(({ links }) => links.map(({ target }) => target))
  return targets.filter((target) =>
    isAnchor(target) ? !anchors.includes(target) : isRelative(target) && !exists(target),
  )
}
