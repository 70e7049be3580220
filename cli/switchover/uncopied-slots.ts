/** Logical replication slots that a standby could not go on with. */
import { type SqlFacts } from '../nodes/facts'

type Slots = Pick<SqlFacts, 'logicalSlots'>

/**
 * The primary's failover slots of which a standby has no copy that a promotion makes usable; none where either node does
 * not say.
 */
export function uncopiedSlots(primary: Slots | undefined, standby: Slots | undefined): readonly string[] {
  const { logicalSlots: copies } = standby ?? {}
  if (copies === undefined) return []
  return (primary?.logicalSlots ?? [])
    .filter(({ name, failover }) => failover && !copies.some((copy) => copy.name === name && copy.ready))
    .map(({ name }) => name)
}
