/** Is every standby let in by the primary, now and after the next failover? */
import { applicationName } from '../../../agents/pgsql/site'
import { type Primitive } from '../../../lib/cluster/configuration'
import { sameNode } from '../../../lib/cluster/snapshot'
import { type Check, type Trouble } from '../finding'
import {
  isReplicated,
  knownNodes,
  nodeList,
  primarySeat,
  promotedOn,
  replicated,
  seats,
  standbySeats,
  virtualAddresses,
} from '../examination'
import { judgeHba } from '../hba'
import { replicationAddress } from '../replication-address'

const userOf = ({ parameters }: Primitive): string => parameters['repuser'] ?? 'postgres'

/** What a refused connection says, and what fixes it. */
function explainLogin(error: string, user: string, node: string): { cause: string; advice: string } {
  if (/no pg_hba\.conf entry/.test(error)) {
    const [, address = 'ADDRESS'] = /from host "([^"]+)"/.exec(error) ?? []
    return {
      cause: 'pg_hba.conf of the primary does not let it in',
      advice: `on every node: host replication ${user} ${address}/32 scram-sha-256 in pg_hba.conf, then select pg_reload_conf()`,
    }
  }
  if (/password|fe_sendauth|SASL|SCRAM/i.test(error)) {
    return {
      cause: 'the primary does not take its password',
      advice: `put the password of ${user} into ~/.pgpass of PostgreSQL's owner on ${node} (mode 600)`,
    }
  }
  if (
    /role .* does not exist|permission denied|not permitted to log in|must be superuser or replication role/i.test(
      error,
    )
  ) {
    return {
      cause: `the role ${user} may not replicate`,
      advice: `on the primary: alter role ${user} login replication`,
    }
  }
  if (/timeout|No route|unreachable|refused|timed out/i.test(error)) {
    return {
      cause: 'the primary cannot be reached',
      advice: 'look at the firewall, at the address master_ip and at listen_addresses',
    }
  }
  return { cause: 'the primary refuses', advice: 'see the log of PostgreSQL on the primary' }
}

const login: Check = {
  id: 'replication-login',
  theme: 'replication',
  wellWhen: 'every standby can log in to the primary, with its own settings',
  examine: (examination) => {
    const tried = replicated(examination)
      .filter((database) => promotedOn(examination, database) !== undefined)
      .flatMap((database) => standbySeats(examination, database))
      .flatMap(({ node, database, facts }) =>
        facts.login === null ? [] : [{ node, database, login: facts.login }],
      )
    if (tried.length === 0) return undefined
    return tried.flatMap(({ node, database, login: answer }): readonly Trouble[] => {
      if (answer.kind === 'answered') return []
      const { cause, advice } = explainLogin(answer.error, userOf(database), node)
      return [
        {
          severity: 'error',
          node,
          finding: `the standby of ${node} cannot log in to the primary (${database.parameters['master_ip'] ?? ''}): ${cause}`,
          evidence: [answer.error.replace(/\s+/g, ' ').slice(0, 400)],
          advice,
        },
      ]
    })
  },
}

const hba: Check = {
  id: 'pg-hba',
  theme: 'replication',
  wellWhen: 'pg_hba.conf of every node lets every other one replicate',
  examine: (examination) => {
    const moving = virtualAddresses(examination).map(({ address }) => address)
    const asked = seats(examination).flatMap(({ node, database, facts }) =>
      isReplicated(database) && facts.server !== null ? [{ node, database, rules: facts.server.hba }] : [],
    )
    if (asked.length === 0) return undefined
    return asked.flatMap(({ node, database, rules }): readonly Trouble[] => {
      const user = userOf(database)
      const broken = rules
        .filter(({ error }) => error !== null)
        .map(({ line, error }): Trouble => ({
          severity: 'error',
          node,
          finding: `pg_hba.conf on ${node} has an error: the next start of PostgreSQL fails, a reload has no effect`,
          evidence: [`line ${line}: ${error ?? ''}`],
          advice: `correct that line, then select pg_reload_conf()`,
        }))
      const peers = knownNodes(examination).filter(
        ({ name }) => name !== node && nodeList(database).some((listed) => sameNode(listed, name)),
      )
      const missing = peers.flatMap(({ name, facts }): readonly Trouble[] => {
        const from = replicationAddress(facts.interfaces, database.parameters['master_ip'] ?? '', moving)
        if (from === undefined) return []
        const judged = judgeHba(rules, user, from)
        if (judged.kind === 'let in' || judged.kind === 'undecided') return []
        const now = promotedOn(examination, database) === node
        return [
          {
            severity: 'error',
            node,
            finding: `pg_hba.conf on ${node} does not let ${name} replicate${now ? '' : `, when ${node} is the primary`}`,
            evidence: [
              judged.kind === 'rejected'
                ? `line ${judged.rule.line} rejects user ${user} from ${from} for replication`
                : `no line is for database replication, user ${user}, address ${from} ('all' is not for replication)`,
            ],
            advice: `host replication ${user} ${from}/32 scram-sha-256 in pg_hba.conf on ${node}, then select pg_reload_conf()`,
          },
        ]
      })
      return [...broken, ...missing]
    })
  },
}

const role: Check = {
  id: 'replication-role',
  theme: 'replication',
  wellWhen: 'the replication user exists, and may replicate',
  examine: (examination) => {
    const found = replicated(examination).flatMap((database) => {
      const seat = primarySeat(examination, database)
      return seat?.facts.server ? [{ database, node: seat.node, role: seat.facts.server.role }] : []
    })
    if (found.length === 0) return undefined
    return found.flatMap(({ database, node, role: has }): readonly Trouble[] => {
      if (has !== null && has.login && has.replication) return []
      const user = userOf(database)
      return [
        {
          severity: 'error',
          node,
          finding:
            has === null
              ? `there is no role ${user}, as which the standbys connect (repuser)`
              : `the role ${user} (repuser) may not ${has.login ? 'replicate' : 'log in'}`,
          evidence: [
            has === null ? 'pg_roles has no such name' : `login ${has.login}, replication ${has.replication}`,
          ],
          advice: `${has === null ? 'create' : 'alter'} role ${user} login replication${has === null ? " password '...'" : ''}`,
        },
      ]
    })
  },
}

/** Who asks for WAL and is no standby. */
const NO_STANDBYS = ['ocf-ts', 'pg_basebackup', 'pg_receivewal', 'pg_rewind']

const names: Check = {
  id: 'application-name',
  theme: 'replication',
  wellWhen: 'each standby calls itself by the name of its node',
  examine: (examination) => {
    const moving = virtualAddresses(examination).map(({ address }) => address)
    const found = replicated(examination).flatMap((database) => {
      const seat = primarySeat(examination, database)
      return seat?.facts.server ? [{ database, node: seat.node, standbys: seat.facts.server.standbys }] : []
    })
    if (found.length === 0) return undefined
    return found.flatMap(({ database, node, standbys }) => {
      const expected = nodeList(database).map(applicationName)
      return standbys
        .filter(({ name }) => !expected.includes(name) && !NO_STANDBYS.includes(name))
        .flatMap(({ name, address }): readonly Trouble[] => {
          const peer = knownNodes(examination).find(
            ({ facts }) =>
              replicationAddress(facts.interfaces, database.parameters['master_ip'] ?? '', moving) ===
              address,
          )?.name
          // A standby from outside the cluster is called as its owner likes.
          if (peer === undefined || standbys.some((other) => other.name === applicationName(peer))) return []
          return [
            {
              severity: 'error',
              node: peer,
              finding: `the standby of ${peer} calls itself '${name}', not '${applicationName(peer)}': the primary on ${node} does not know it for that node's`,
              evidence: [`pg_stat_replication: application_name ${name}, client_addr ${address ?? ''}`],
              advice: `take application_name out of primary_conninfo_opt, and primary_conninfo out of postgresql.auto.conf on ${peer}; then restart the resource there`,
            },
          ]
        })
    })
  },
}

export const access: readonly Check[] = [login, hba, role, names]
