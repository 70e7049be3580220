/** Would the subscribers of the primary go on after a failover? */
import { OLDEST_WITH_FAILOVER } from '../../../lib/postgres/logical-slots'
import { uncopiedSlots } from '../../switchover/uncopied-slots'
import { type Check, type Trouble } from '../finding'
import { isOurs, primarySeat, replicated, standbySeats } from '../examination'

const named = (names: readonly string[]): string => `logical replication slots ${names.join(', ')}`

export const logicalSlots: Check = {
  id: 'logical-slot',
  theme: 'replication',
  wellWhen: 'no logical replication slot would be lost in a failover',
  examine: (examination) => {
    const found = replicated(examination).flatMap((database) => {
      const seat = primarySeat(examination, database)
      const sql = seat?.facts.node.sql
      return seat && sql?.logicalSlots ? [{ database, seat, sql, slots: sql.logicalSlots }] : []
    })
    if (found.length === 0) return undefined
    return found.flatMap(({ database, seat, sql, slots }): readonly Trouble[] => {
      const { node, facts } = seat
      const version = facts.node.majorVersion ?? 0
      const lost = slots.filter(({ failover }) => !failover).map(({ name }) => name)
      const onPrimary: readonly Trouble[] =
        lost.length === 0
          ? []
          : [
              {
                severity: 'warning',
                node,
                finding: `a failover from ${node} would lose the ${named(lost)}: their subscribers could not go on`,
                evidence: [`PostgreSQL ${version}, not made with failover = true`],
                advice:
                  version < OLDEST_WITH_FAILOVER
                    ? 'after a failover make the slots again and copy the data again; PostgreSQL 17 keeps them (logical_slots=failover)'
                    : `ALTER SUBSCRIPTION NAME SET (failover = true), and logical_slots=failover`,
              },
            ]
      const sets = isOurs(database) && database.parameters['logical_slots'] !== 'failover'
      const onStandbys = standbySeats(examination, database).flatMap((standby): readonly Trouble[] => {
        const names = uncopiedSlots(sql, standby.facts.node.sql ?? undefined)
        if (names.length === 0) return []
        return [
          {
            severity: 'warning',
            node: standby.node,
            finding: `${standby.node} has no usable copy of the ${named(names)}: after a failover to it their subscribers could not go on`,
            evidence: ['pg_replication_slots: not there, or not synced'],
            advice: sets
              ? 'logical_slots=failover'
              : `see the log of PostgreSQL on ${standby.node} (slot synchronization), and that repuser is let into the database on ${node}`,
          },
        ]
      })
      return [...onPrimary, ...onStandbys]
    })
  },
}
