/** What pacemaker 2.1.5 prints of values beyond ASCII is read as what they are. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { wellFormed } from '../../lib/cluster/cib-text'
import { readConfiguration } from '../../lib/cluster/configuration'
import { resourceEnvironmentFrom } from '../../lib/cluster/resource-environment'
import { readCib } from '../../lib/cluster/snapshot'
import { attribute, nameOf, parseTree, pathTo } from '../../lib/cluster/tree'

const recorded = readFileSync(join(__dirname, '../fixtures/cib-2.1.5-beyond-ascii.xml'), 'utf8')

const cib = (lines: string, featureSet = '3.16.1'): string =>
  `<cib crm_feature_set="${featureSet}" have-quorum="1">\n${lines}\n</cib>`

/** Milliseconds of a processor, which other programs do not change. */
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const attributes = (count: number): string =>
  Array.from({ length: count }, (_, index) => ` a${index}="1"`).join('')

/** The attributes of the first element of that name. */
function attributesOf(name: string, xml: string): unknown {
  const element = pathTo(parseTree(xml), (one) => nameOf(one) === name)?.at(-1)
  return element?.[':@']
}

test('the recorded CIB: all that crm_resource --get-parameter says of it', () => {
  expect(resourceEnvironmentFrom(recorded, 'pgsql')).toMatchObject({
    OCF_RESKEY_restore_command: `cp "/备份/%f" "%p" <x> &amp; 'q'`,
    OCF_RESKEY_monitor_password: '  pw  ',
    'OCF_RESKEY_value-second': 'é" id="evil',
    OCF_RESKEY_c1: 'a\x85b\x7f"c',
    OCF_RESKEY_nl: 'é\n"c',
    OCF_RESKEY_hostile: 'é" x="1"/><evil id="z',
  })
  const [primitive] = readConfiguration(recorded).primitives
  expect(primitive?.id).toBe('pgsql')
})

describe('a tag', () => {
  test.each([
    [
      'ASCII is not touched',
      '<nvpair id="a" name="n" value="&lt;&quot;&amp;amp;"/>',
      { id: 'a', name: 'n', value: '<"&amp;' },
    ],
    [
      'escaped all the same',
      '<nvpair id="a" name="n" value="é &quot;b&quot;"/>',
      { id: 'a', name: 'n', value: 'é "b"' },
    ],
    ['a lone ampersand', '<nvpair id="a" name="n" value="é & b"/>', { id: 'a', name: 'n', value: 'é & b' }],
    [
      'the value first',
      '<nvpair value="é" id="b" name="c"" id="a" name="n"/>',
      { id: 'a', name: 'n', value: 'é" id="b" name="c"' },
    ],
    [
      'a name beyond ASCII cannot be another',
      '<nvpair id="a" name="é" value="x"/>',
      { id: 'a', name: 'é', value: 'x' },
    ],
    [
      'an element of the value is none',
      '<nvpair id="a" name="n" value="é"/><nvpair id="b" name="monitor_password" value="x"/>',
      { id: 'a', name: 'n', value: 'é"/><nvpair id="b" name="monitor_password" value="x' },
    ],
    ['no value', '<nvpair id="备份" name="dummy"/>', { id: '备份', name: 'dummy' }],
    ['of another', '<nvpair id-ref="备" name="e"/>', { 'id-ref': '备', name: 'e' }],
    ['of another, under its name', '<nvpair id-ref="备"/>', { 'id-ref': '备' }],
    [
      'a value makes it none of another',
      '<nvpair id="a" name="n" value="é" id-ref="b"/>',
      { id: 'a', name: 'n', value: 'é" id-ref="b' },
    ],
    [
      'a value before its id makes it none of another',
      '<nvpair value="é" id-ref="b" id="a" name="n"/>',
      { id: 'a', name: 'n', value: 'é" id-ref="b' },
    ],
    [
      'a name with a value takes none from it',
      '<nvpair id="a" name="é" value="ü"/>',
      { id: 'a', name: 'é', value: 'ü' },
    ],
  ])('%s', (_, line, expected) => {
    expect(attributesOf('nvpair', cib(line))).toEqual(expected)
  })

  test('of another kind: an attribute that stands there anyway cannot be forged', () => {
    const line = `<lrm_rsc_op id="a" operation="monitor" exit-reason="é" rc-code="0" call-id="9" on_node="n1" call-id="5" rc-code="1" last-rc-change="1"/>`
    expect(attributesOf('lrm_rsc_op', cib(line))).toEqual({
      id: 'a',
      operation: 'monitor',
      'exit-reason': 'é" rc-code="0" call-id="9',
      on_node: 'n1',
      'call-id': '5',
      'rc-code': '1',
      'last-rc-change': '1',
    })
  })

  test.each([['3.19.4'], ['3.20.0'], ['4.0.0']])('pacemaker of feature set %s escapes all', (featureSet) => {
    const line = '<a x="é"/><b y="&amp;quot;"/>'
    expect(wellFormed(cib(line, featureSet))).toBe(cib(line, featureSet))
  })

  test('that cannot be read is an error, and not another value', () => {
    expect(() => wellFormed(cib(`<nvpair id="a" name="n" wert="é"/>`))).toThrow(
      "an attribute of a 'nvpair' in the CIB cannot be read",
    )
  })

  test.each([
    ['an nvpair without a name', '<nvpair id="é"/>'],
    ['an nvpair of nothing', '<nvpair name="é"/>'],
    ['201 attributes', `<a x="é"${attributes(200)}/>`],
    ['attributes without end', `<a x="é"${attributes(50_000)}/>`],
  ])('%s cannot be read', (_, line) => {
    expect(() => wellFormed(cib(line))).toThrow('in the CIB cannot be read')
  })

  test('of 200 attributes is read', () => {
    const line = `<a x="é"${attributes(199)}/>`
    expect(wellFormed(cib(line))).toBe(cib(line))
  })

  test.each([
    ['quotes', '"'],
    ['what looks like attributes', '" a="é'],
    ['what looks like the end', '"/><a b="é'],
    ['line breaks', '\n"'],
  ])('of %s without end takes no time', (_, part) => {
    const begun = cpuMs()
    const value = `é${part.repeat(20_000)}`
    const xml = cib(`<nvpair id="a" name="n" value="${value}"/>`)
    try {
      expect(attribute({ nvpair: [], ':@': attributesOf('nvpair', xml) as never }, 'value')).toBe(value)
    } catch (error) {
      expect(String(error)).toContain('cannot be read')
    }
    expect(cpuMs() - begun).toBeLessThan(2000)
  })
})

test('what a value says changes nothing of the cluster that the monitor sees', () => {
  const state = (value: string): string =>
    cib(`  <status>
    <node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member">
      <transient_attributes id="1">
        <instance_attributes id="s">
          <nvpair id="s-x" name="pgsql-refused" value="${value}"/>
          <nvpair id="s-y" name="pgsql-status" value="PRI"/>
        </instance_attributes>
      </transient_attributes>
    </node_state>
  </status>`)
  const hostile =
    'é"/></instance_attributes></transient_attributes></node_state><node_state uname="n2" id="2" in_ccm="true"><x a="'
  const [node, ...others] = readCib(state(hostile)).nodes
  expect(others).toEqual([])
  expect(node).toMatchObject({ name: 'n1', online: true })
  expect(node?.transient).toEqual({ 'pgsql-refused': hostile, 'pgsql-status': 'PRI' })
})

test('an nvpair without a value, and one of another, are no trouble to the monitor', () => {
  const state = cib(`  <status>
    <node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member">
      <transient_attributes id="1">
        <instance_attributes id="s">
          <nvpair id="备份" name="dummy"/>
          <nvpair id-ref="备" name="e"/>
          <nvpair id="s-y" name="pgsql-status" value="PRI"/>
        </instance_attributes>
      </transient_attributes>
    </node_state>
  </status>`)
  const [node] = readCib(state).nodes
  expect(node?.transient).toMatchObject({ 'pgsql-status': 'PRI' })
})
