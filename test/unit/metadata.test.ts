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
      isArray: (tag) => ['parameter', 'action', 'option'].includes(tag),
    }).parse(xml) as Xml
  )['resource-agent']

/** What xmllint has against the document; nothing when it is content. */
function schemaErrors(xml: string): string {
  // Debian 12's schema is that of OCF 1.0 with some of 1.1: it knows neither of these two attributes of <parameter>,
  // which 1.1 defines and newer tools read.
  const older = xml
    .replace(/(<parameter\b[^>]*?) unique-group="[^"]*"/g, '$1')
    .replace(/(<parameter\b[^>]*?) reloadable="[^"]*"/g, '$1')
  const { status, stderr, error } = spawnSync('xmllint', ['--noout', '--nonet', '--relaxng', SCHEMA, '-'], {
    input: older,
    encoding: 'utf8',
  })
  if (error) throw error
  return status === 0 ? '' : stderr
}

/** Not every machine that runs `npm test` has Debian's schema; scripts/setup installs it. */
const withSchema = existsSync(SCHEMA) ? test : test.skip

describe('of a sample agent', () => {
  const xml = metadataXml(sampleAgent())
  const document = parse(xml)

  withSchema('is valid', () => {
    expect(schemaErrors(xml)).toBe('')
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
      { '@name': 'methods', '@timeout': '5s' },
      { '@name': 'usage', '@timeout': '5s' },
    ])
  })
})

describe.each(names)('of %s', (name) => {
  test('is committed as its definition says (npm run build brings it in line)', async () => {
    expect(readFileSync(join(REPOSITORY, 'metadata', `${name}.xml`), 'utf8')).toBe(
      metadataXml(await loadAgent(name)),
    )
  })

  withSchema('is valid', async () => {
    expect(schemaErrors(metadataXml(await loadAgent(name)))).toBe('')
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
