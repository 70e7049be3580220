/** Every agent's meta-data: what the definitions say, and what other programs can read. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { XMLParser } from 'fast-xml-parser'
import { type Agent } from '../../lib/ocf'
import { metadataXml } from '../../lib/ocf/metadata'
import { sampleAgent } from './support/sample-agent'

const REPOSITORY = join(__dirname, '../..')
/** The schema that Debian's package resource-agents brings. */
const SCHEMA = '/usr/share/resource-agents/metadata.rng'
/** The schema of OCF 1.1 as the standard has it, which Debian's package pcs brings. */
const STANDARD = '/usr/share/pcs/data/ocf-1.1.rng'

const names = readdirSync(join(REPOSITORY, 'agents')).filter((name) =>
  existsSync(join(REPOSITORY, 'agents', name, 'agent.ts')),
)
const loadAgent = async (name: string): Promise<Agent> =>
  ((await import(join(REPOSITORY, 'agents', name, 'agent.ts'))) as { agent: Agent }).agent

interface Xml {
  'resource-agent': {
    '@name': string
    version: string
    parameters: { parameter: Record<string, unknown>[] }
    actions: { action: Record<string, string>[] }
  }
}

const parse = (xml: string): Xml['resource-agent'] =>
  (
    new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: '@',
      parseTagValue: false,
      htmlEntities: true,
      isArray: (tag) => ['parameter', 'action', 'option'].includes(tag),
    }).parse(xml) as Xml
  )['resource-agent']

/** What xmllint has against the document by a schema; nothing when it is content. */
function schemaErrors(xml: string, schema: string): string {
  const { status, stderr, error } = spawnSync('xmllint', ['--noout', '--nonet', '--relaxng', schema, '-'], {
    input: xml,
    encoding: 'utf8',
  })
  if (error) throw error
  return status === 0 ? '' : stderr
}

/**
 * Debian 12's schema is that of OCF 1.0 with some of 1.1: it knows neither of these two attributes of <parameter>, which
 * 1.1 defines and newer tools read.
 */
const inOlderWords = (xml: string): string =>
  xml
    .replace(/(<parameter\b[^>]*?) unique-group="[^"]*"/g, '$1')
    .replace(/(<parameter\b[^>]*?) reloadable="[^"]*"/g, '$1')

/** Not every machine that runs `npm test` has Debian's schemas; scripts/setup installs them. */
const withSchema = existsSync(SCHEMA) ? test : test.skip
const withStandard = existsSync(STANDARD) ? test : test.skip

describe('of a sample agent', () => {
  const xml = metadataXml(sampleAgent())
  const document = parse(xml)

  withSchema('is valid', () => {
    expect(schemaErrors(inOlderWords(xml), SCHEMA)).toBe('')
  })

  withStandard('is valid by OCF 1.1', () => {
    expect(schemaErrors(xml, STANDARD)).toBe('')
  })

  withStandard('is not valid by OCF 1.1 with an attribute that nobody knows', () => {
    expect(schemaErrors(xml.replace('<parameter name', '<parameter nosuch="1" name'), STANDARD)).toContain(
      'nosuch',
    )
  })

  test('escapes what has a meaning in XML', () => {
    expect(xml).toContain('Does nothing, &lt;well&gt; &amp; ')
    expect(xml).not.toMatch(/<(none|well)>/)
  })

  test('says all there is to say about a parameter', () => {
    const byName = new Map(document.parameters.parameter.map((one) => [one['@name'], one]))
    expect(byName.get('path')).toMatchObject({
      '@unique': '1',
      '@unique-group': 'place',
      '@required': '1',
      content: { '@type': 'string' },
    })
    expect(byName.get('path')?.['content']).not.toHaveProperty('@default')
    expect(byName.get('port')).toMatchObject({
      '@unique': '0',
      '@required': '0',
      longdesc: { '@lang': 'en', '#text': 'Port' },
      shortdesc: { '@lang': 'en', '#text': 'Port' },
      content: { '@type': 'integer', '@default': '5432' },
    })
    expect(byName.get('port')).not.toHaveProperty('@reloadable')
    expect(byName.get('wait')).toMatchObject({
      '@reloadable': '1',
      content: { '@type': 'string', '@default': '5' },
    })
    expect(byName.get('mode')).toMatchObject({
      content: {
        '@type': 'select',
        '@default': 'none',
        option: [{ '@value': 'none' }, { '@value': 'sync' }],
      },
    })
    expect(byName.get('quick')).toMatchObject({ content: { '@type': 'boolean', '@default': 'false' } })
  })

  test('advertises every action with its times', () => {
    expect(document.actions.action).toEqual([
      { '@name': 'start', '@timeout': '20s' },
      { '@name': 'stop', '@timeout': '20s' },
      { '@name': 'monitor', '@depth': '0', '@timeout': '20s', '@interval': '10s' },
      { '@name': 'monitor', '@timeout': '20s', '@interval': '5s', '@role': 'Promoted' },
      { '@name': 'promote', '@timeout': '20s' },
      { '@name': 'meta-data', '@timeout': '5s' },
      { '@name': 'validate-all', '@timeout': '5s' },
    ])
  })
})

test('stands in a program, whatever its texts hold', () => {
  const longdesc = 'Für /srv/*/data: \u4e3b\u5e93 × 2 \u{1f418} */'
  const xml = metadataXml({ ...sampleAgent(), longdesc })
  expect(xml).toMatch(/^[\n -~]*$/)
  expect(xml).not.toContain('*/')
  expect(parse(xml)).toMatchObject({ longdesc: { '#text': longdesc } })
})

describe.each(names)('of %s', (name) => {
  test('is committed as its definition says (npm run build brings it in line)', async () => {
    expect(readFileSync(join(REPOSITORY, 'metadata', `${name}.xml`), 'utf8')).toBe(
      metadataXml(await loadAgent(name)),
    )
  })

  withSchema('is valid', async () => {
    expect(schemaErrors(inOlderWords(metadataXml(await loadAgent(name))), SCHEMA)).toBe('')
  })

  withStandard('is valid by OCF 1.1', async () => {
    expect(schemaErrors(metadataXml(await loadAgent(name)), STANDARD)).toBe('')
  })

  test('follows OCF 1.1, with a text, a type and a default for every parameter', async () => {
    const document = parse(metadataXml(await loadAgent(name)))
    expect(document).toMatchObject({ '@name': name, version: '1.1' })
    for (const parameter of document.parameters.parameter) {
      expect(parameter).toMatchObject({
        '@name': expect.stringMatching(/^\w+$/),
        longdesc: { '@lang': 'en', '#text': expect.stringMatching(/\S/) },
        shortdesc: { '@lang': 'en', '#text': expect.stringMatching(/^[^\n]*[^.\n]$/) },
        content: { '@type': expect.stringMatching(/^(string|integer|boolean|select)$/) },
      })
    }
  })
})
