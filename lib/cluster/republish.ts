/**
 * Attributes that the attribute daemon has and the CIB has lost. When parts of a cluster meet again, the controller that
 * has just seen the others leave deletes their attributes from the CIB, also where that comes after the attribute daemon
 * has written them again (seen with pacemaker 2.1.5). The daemon writes changes only: an attribute that stays the same
 * stays away, and with it all that a rule makes depend on it.
 */
import { type Deadline } from '../ocf'
import { runProgram } from '../system/run-program'
import { queryCib } from './query-cib'

/** What the tool ends with where nothing in the CIB matches (pacemaker's CRM_EX_NOSUCH). */
const NO_SUCH = 105

/**
 * Whether the CIB is known to lack an attribute of a node that lives until the node leaves.
 *
 * @returns `false` also where it cannot be told
 */
export async function isMissing(node: string, name: string, deadline: Deadline): Promise<boolean> {
  // There is no escaping in XPath.
  if (/['"]/.test(node + name)) return false
  const xpath = `//node_state[@uname='${node}']/transient_attributes//nvpair[@name='${name}']`
  const { code } = await queryCib(deadline, `--xpath=${xpath}`)
  return code === NO_SUCH
}

/** Has the attribute daemon write all attributes that it has into the CIB again. */
export async function republishAll(deadline: Deadline): Promise<void> {
  await runProgram('attrd_updater', ['--refresh'], { deadline })
}
