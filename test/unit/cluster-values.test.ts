/** Values that a CIB has in several sets, by rule, in templates and by reference: what pacemaker would take. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { readConfiguration } from '../../lib/cluster/configuration'
import { resourceEnvironmentFrom } from '../../lib/cluster/resource-environment'

const onNode = (id: string, node: string): string =>
  `<rule id="${id}" score="0"><expression id="${id}-e" attribute="#uname" operation="eq" value="${node}"/></rule>`

const set = (
  kind: string,
  id: string,
  values: Readonly<Record<string, string>>,
  more = '',
  score = '',
): string =>
  `<${kind} id="${id}"${score && ` score="${score}"`}>${more}${Object.entries(values)
    .map(([name, value]) => `<nvpair id="${id}-${name}" name="${name}" value="${value}"/>`)
    .join('')}</${kind}>`

const PARAMS = 'instance_attributes'

function cib(resources: string, more = ''): string {
  return `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0">
<configuration><crm_config/><nodes><node id="1" uname="a">${set(PARAMS, 'na', { site: 'north' })}</node><node id="2" uname="b"/></nodes>
<resources>${resources}</resources><constraints/>${more}</configuration><status/></cib>`
}

const primitive = (content: string, how = 'class="ocf" provider="ts" type="IPaddr2"'): string =>
  `<primitive id="vip" ${how}>${content}</primitive>`

/** What a node is given of the parameter `nic`, and of others. */
const given = (xml: string, node: string, name = 'nic'): string | undefined => {
  const value = resourceEnvironmentFrom(xml, 'vip', node)[`OCF_RESKEY_${name}`]
  expect(readConfiguration(xml, node).primitives[0]?.parameters[name]).toBe(value)
  return value
}

describe('parameters', () => {
  const byNode = cib(
    primitive(
      set(PARAMS, 'of-a', { nic: 'eth0', ip: '10.0.0.5' }, onNode('ra', 'a'), '10') +
        set(PARAMS, 'of-b', { nic: 'ens3' }, onNode('rb', 'b'), '10') +
        set(PARAMS, 'all', { nic: 'lan0', cidr_netmask: '24' }),
    ),
  )

  test.each([
    ['a', 'nic', 'eth0'],
    ['a', 'ip', '10.0.0.5'],
    ['b', 'nic', 'ens3'],
    ['b', 'ip', undefined],
    ['c', 'nic', 'lan0'],
    ['b', 'cidr_netmask', '24'],
  ])('by rule: node %s has %s=%s', (node, name, value) => {
    expect(given(byNode, node, name)).toBe(value)
  })

  test('the set with the higher score wins, of equal ones the last', () => {
    const sets = (score: string): string =>
      cib(primitive(set(PARAMS, 'x', { nic: 'first' }) + set(PARAMS, 'y', { nic: 'second' }, '', score)))
    expect(given(sets(''), 'a')).toBe('second')
    expect(given(sets('1'), 'a')).toBe('second')
    expect(given(sets('-INFINITY'), 'a')).toBe('first')
  })

  test.each([
    [
      '<rule id="r"><expression id="e" attribute="site" operation="eq" value="north"/></rule>',
      'eth9',
      'eth0',
    ],
    ['<rule id="r"><expression id="e" attribute="site" operation="not_defined"/></rule>', 'eth0', 'eth9'],
    ['<rule id="r"><date_expression id="e" operation="gt" start="2020-01-01"/></rule>', 'eth9', 'eth9'],
    [
      '<rule id="r"><date_expression id="e" operation="in_range" end="2020-01-01 10:00:00"/></rule>',
      'eth0',
      'eth0',
    ],
    [
      '<rule id="r"><date_expression id="e" operation="date_spec"><date_spec id="s" hours="0-23" years="2020-"/></date_expression></rule>',
      'eth9',
      'eth9',
    ],
    [
      '<rule id="r" boolean-op="or"><expression id="e" attribute="#uname" operation="eq" value="b"/><rule id="r2"><expression id="e2" attribute="site" operation="ne" value="south"/></rule></rule>',
      'eth9',
      'eth9',
    ],
  ])('%s', (rule, onA, onB) => {
    const xml = cib(
      primitive(set(PARAMS, 'x', { nic: 'eth9' }, rule, '5') + set(PARAMS, 'y', { nic: 'eth0' })),
    )
    expect([given(xml, 'a'), given(xml, 'b')]).toEqual([onA, onB])
  })

  test('sets, pairs and rules by reference', () => {
    const other = `<primitive id="other" class="ocf" provider="ts" type="IPaddr2">${set(PARAMS, 'shared', { nic: 'eth0' }, onNode('shared-rule', 'a'))}${set(PARAMS, 'rest', { cidr_netmask: '24' })}</primitive>`
    const xml = cib(
      primitive(
        `<${PARAMS} id-ref="shared"/><${PARAMS} id="own"><rule id-ref="shared-rule"/><nvpair id-ref="rest-cidr_netmask"/></${PARAMS}>`,
      ) + other,
    )
    expect([given(xml, 'a'), given(xml, 'b')]).toEqual(['eth0', undefined])
    expect([given(xml, 'a', 'cidr_netmask'), given(xml, 'b', 'cidr_netmask')]).toEqual(['24', undefined])
  })

  test('crm_resource says the same, where it knows', () => {
    const directory = mkdtempSync(join(tmpdir(), 'ocf-ts-cib-'))
    const file = join(directory, 'cib.xml')
    try {
      for (const [xml, value] of [
        [
          cib(primitive(set(PARAMS, 'x', { nic: 'first' }) + set(PARAMS, 'y', { nic: 'second' }, '', '1'))),
          'second',
        ],
        [cib(primitive(set(PARAMS, 'x', { nic: 'first' }) + set(PARAMS, 'y', { nic: 'second' }))), 'second'],
        [
          cib(primitive(set(PARAMS, 'x', { nic: 'first' }) + set(PARAMS, 'y', { nic: 'second' }, '', '-1'))),
          'first',
        ],
        [byNode, 'lan0'],
        [cib(TEMPLATE + primitive(set(PARAMS, 'own', { ip: '10.0.0.9' }), 'template="t"')), 'eth0'],
      ] as const) {
        writeFileSync(file, xml)
        const { stdout, error } = spawnSync('crm_resource', ['-r', 'vip', '-g', 'nic'], {
          encoding: 'utf8',
          env: { ...process.env, CIB_file: file },
        })
        // Not every machine that runs the unit tests has pacemaker.
        if (error) return
        expect([stdout.trim(), given(xml, 'nobody')]).toEqual([value, value])
      }
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})

const TEMPLATE = `<template id="t" class="ocf" provider="ts" type="IPaddr2">${set(PARAMS, 't-p', { nic: 'eth0', ip: '10.0.0.5' })}${set('meta_attributes', 't-m', { 'migration-threshold': '3' })}<operations><op id="t-1" name="monitor" interval="10s" timeout="30s"/><op id="t-2" name="stop" interval="0" on-fail="block"/></operations></template>`

test('a template: parameters, meta attributes and operations, of which the resource has its own', () => {
  const own = `<operations><op id="v-1" name="monitor" interval="10s" timeout="44s"/></operations>`
  const xml = cib(TEMPLATE + primitive(set(PARAMS, 'own', { ip: '10.0.0.9' }) + own, 'template="t"'))
  expect([given(xml, 'a'), given(xml, 'a', 'ip')]).toEqual(['eth0', '10.0.0.9'])
  expect(resourceEnvironmentFrom(xml, 'vip', 'a')['OCF_RESKEY_CRM_meta_migration_threshold']).toBe('3')
  const [vip] = readConfiguration(xml, 'a').primitives
  expect(vip?.agent).toBe('ocf:ts:IPaddr2')
  expect(vip?.meta['migration-threshold']).toBe('3')
  expect(vip?.operations.map(({ name, timeout, onFail }) => [name, timeout, onFail])).toEqual([
    ['stop', undefined, 'block'],
    ['monitor', '44s', undefined],
  ])
})

test('defaults for resources and operations, by rule', () => {
  const forType = (type: string): string =>
    `<rule id="r-${type}"><rsc_expression id="re-${type}" class="ocf" provider="ts" type="${type}"/></rule>`
  const forStop = '<rule id="ro"><op_expression id="oe" name="stop"/></rule>'
  const more =
    `<rsc_defaults>${set('meta_attributes', 'd1', { 'resource-stickiness': '7' }, forType('IPaddr2'), '2')}${set('meta_attributes', 'd2', { 'resource-stickiness': '9' }, forType('pgsql'), '3')}${set('meta_attributes', 'd3', { 'resource-stickiness': '1' })}</rsc_defaults>` +
    `<op_defaults>${set('meta_attributes', 'o1', { 'on-fail': 'fence', timeout: '90s' }, forStop, '2')}${set('meta_attributes', 'o2', { timeout: '50s' })}</op_defaults>`
  const operations =
    '<operations><op id="1" name="stop" interval="0"/><op id="2" name="monitor" interval="10s"><meta_attributes id="m"><nvpair id="mt" name="timeout" value="33s"/></meta_attributes></op><op id="3" name="start" interval="0"/></operations>'
  const [vip] = readConfiguration(cib(primitive(operations), more), 'a').primitives
  expect(vip?.meta['resource-stickiness']).toBe('7')
  expect(vip?.operations.map(({ name, timeout, onFail }) => [name, timeout, onFail])).toEqual([
    ['stop', '90s', 'fence'],
    ['monitor', '33s', undefined],
    ['start', '50s', undefined],
  ])
})
