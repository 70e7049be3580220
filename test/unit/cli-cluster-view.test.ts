/** What pacemaker's programs print and nobody can read is an error that names the node. */
import { expect, test } from '@jest/globals'
import { readConfigurationIn, readOn } from '../../cli/cluster/view'
import { CommandError, Exit } from '../../cli/exit'
import { parseStatus } from '../../lib/cluster/status'

/** As pacemaker 2.1.5 prints what it escapes no more. */
const UNREADABLE = `<cib crm_feature_set="3.16.1">
  <nvpair id="a" name="n" wert="é"/>
</cib>`

test.each<readonly [string, () => unknown, string, string | undefined]>([
  [
    'a CIB without escapes',
    () => readOn('node1', 'cibadmin', () => readConfigurationIn(UNREADABLE)),
    "node1: what cibadmin prints there cannot be read: an attribute of a 'nvpair' in the CIB cannot be read",
    'write it without quotes',
  ],
  [
    'no CIB',
    () => readOn('node1', 'cibadmin', () => readConfigurationIn('motd\n')),
    'node1: what cibadmin prints there cannot be read: it is no CIB',
    undefined,
  ],
  [
    "no XML of crm_mon's",
    () => readOn('node2', 'crm_mon', () => parseStatus('node2', '{}')),
    'node2: what crm_mon prints there cannot be read: it is not its XML',
    undefined,
  ],
])('%s', (_, read, message, advice) => {
  let thrown: unknown
  try {
    read()
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(CommandError)
  const { exit, message: said, advice: advised } = thrown as CommandError
  expect([exit, said.startsWith(message)]).toEqual([Exit.UNREACHABLE, true])
  if (advice !== undefined) expect(advised).toContain(advice)
})
