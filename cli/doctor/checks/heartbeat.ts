/** Heartbeat, the messaging layer of before corosync: chapter 7 of its operators' troubles. */
import { type Check, type Trouble } from '../finding'
import { type Examination, knownNodes } from '../examination'
import { type HeartbeatFacts, type InterfaceFacts } from '../facts'

interface Beating {
  readonly node: string
  readonly heartbeat: HeartbeatFacts
  readonly interfaces: readonly InterfaceFacts[]
}

/** The nodes that have a ha.cf; nothing where none has. One that is left over beside corosync is nobody's. */
function beating(examination: Examination): readonly Beating[] | undefined {
  const found = knownNodes(examination).flatMap(({ name, facts: { heartbeat, corosync, interfaces } }) =>
    heartbeat === null || (corosync?.running === true && !heartbeat.running)
      ? []
      : [{ node: name, heartbeat, interfaces }],
  )
  return found.length === 0 ? undefined : found
}

const HA_CF = '/etc/ha.d/ha.cf'
const UUID = '/var/lib/heartbeat/hb_uuid'
const ROOT = 0

const uuids: Check = {
  id: 'heartbeat-uuid',
  theme: 'heartbeat',
  wellWhen: 'each node has a heartbeat uuid of its own',
  examine: (examination) => {
    const all = beating(examination)?.filter(({ heartbeat }) => heartbeat.uuid !== null)
    if (all === undefined) return undefined
    return all.flatMap(({ node, heartbeat: { uuid } }, index): readonly Trouble[] => {
      const twin = all.slice(0, index).find((other) => other.heartbeat.uuid === uuid)
      if (twin === undefined) return []
      return [
        {
          severity: 'error',
          node,
          finding: `${node} has the heartbeat uuid of ${twin.node}: one was cloned from the other, and heartbeat takes them for one node`,
          evidence: [`${UUID} on both: ${uuid ?? ''}`, "heartbeat's log: 'nodename ... uuid changed to ...'"],
          advice: `on ${node}: stop heartbeat, rm ${UUID}, start heartbeat (it makes a new one)`,
        },
      ]
    })
  },
}

const port: Check = {
  id: 'heartbeat-port',
  theme: 'heartbeat',
  wellWhen: "heartbeat's UDP port is free for it",
  examine: (examination) =>
    beating(examination)?.flatMap(({ node, heartbeat: { portTakenBy, directives } }): readonly Trouble[] => {
      if (portTakenBy === null) return []
      const number = directives.find(([name]) => name === 'udpport')?.[1] ?? '694'
      return [
        {
          severity: 'error',
          node,
          finding: `heartbeat's UDP port ${number} on ${node} is taken by another program`,
          evidence: [`UDP ${number}: ${portTakenBy}`],
          advice: `set another port on all nodes, for example 'udpport 692' in ${HA_CF} above the ucast, bcast and mcast lines`,
        },
      ]
    }),
}

/** The interfaces that a directive sends over. */
function interfacesOf([name, value]: readonly [string, string]): readonly string[] {
  const words = value.split(/\s+/).filter(Boolean)
  if (name === 'bcast') return words
  return name === 'ucast' || name === 'mcast' ? words.slice(0, 1) : []
}

const interfaces: Check = {
  id: 'heartbeat-interface',
  theme: 'heartbeat',
  wellWhen: "the interfaces of heartbeat's ucast, bcast and mcast lines are up and have addresses",
  examine: (examination) =>
    beating(examination)?.flatMap(({ node, heartbeat: { directives }, interfaces: all }) =>
      directives.flatMap((directive) =>
        interfacesOf(directive).flatMap((name): readonly Trouble[] => {
          const line = `${HA_CF}: ${directive.join(' ')}`
          const found = all.find((one) => one.name === name)
          if (found?.up === true && found.addresses.length > 0) return []
          const state =
            found === undefined ? 'which does not exist' : found.up ? 'which has no address' : 'which is down'
          return [
            {
              severity: 'error',
              node,
              finding: `heartbeat on ${node} is to send over ${name}, ${state}`,
              evidence: [line, `interfaces: ${all.map((one) => one.name).join(', ')}`],
              advice: `name an interface that reaches the other nodes, or give ${name} its address (ip address show ${name})`,
            },
          ]
        }),
      ),
    ),
}

const authkeys: Check = {
  id: 'heartbeat-authkeys',
  theme: 'heartbeat',
  wellWhen: 'the key file of heartbeat is for root alone',
  examine: (examination) =>
    beating(examination)?.flatMap(({ node, heartbeat: { authkeys: file } }): readonly Trouble[] => {
      if (file === null) {
        return [
          {
            severity: 'error',
            node,
            finding: `heartbeat on ${node} has no key file`,
            evidence: ['there is no /etc/ha.d/authkeys'],
            advice: 'make one, the same on all nodes (auth 1, then 1 sha1 SECRET), and chmod 600 it',
          },
        ]
      }
      const evidence = [`${file.path}: mode 0${file.mode.toString(8)}, owner uid ${file.owner}`]
      const wrong = (finding: string, argv: [string, ...string[]]): Trouble => ({
        severity: 'error',
        node,
        finding,
        evidence,
        advice: argv.join(' '),
        fix: { node, argv },
      })
      return [
        ...((file.mode & 0o077) === 0
          ? []
          : [
              wrong(
                `the key file of heartbeat on ${node} can be read by others: heartbeat refuses to start`,
                ['chmod', '600', '--', file.path],
              ),
            ]),
        ...(file.owner === ROOT
          ? []
          : [
              wrong(`the key file of heartbeat on ${node} does not belong to root`, [
                'chown',
                'root:root',
                '--',
                file.path,
              ]),
            ]),
      ]
    }),
}

const programs: Check = {
  id: 'heartbeat-programs',
  theme: 'heartbeat',
  wellWhen: 'every program that heartbeat is to start is there',
  examine: (examination) =>
    beating(examination)?.flatMap(({ node, heartbeat }) =>
      heartbeat.missingPrograms.map((path): Trouble => {
        const elsewhere = heartbeat.foundElsewhere[path]
        const named = heartbeat.directives.find(([, value]) => value.split(/\s+/).includes(path))
        return {
          severity: 'error',
          node,
          finding: `heartbeat on ${node} is to start ${path}, which is not there: it refuses to start`,
          evidence: [
            `${HA_CF}: ${(named ?? heartbeat.directives.find(([name]) => name === 'crm' || name === 'pacemaker') ?? ['crm']).join(' ')}`,
            ...(elsewhere === undefined ? [] : [`there is ${elsewhere}`]),
          ],
          advice:
            elsewhere !== undefined
              ? `ln -s ${elsewhere} ${path}`
              : named !== undefined
                ? 'take the line out, or install the program'
                : 'this pacemaker does not work with heartbeat any more (2.0 or newer): use corosync, or crm off and haresources',
        }
      }),
    ),
}

export const heartbeat: readonly Check[] = [uuids, port, interfaces, authkeys, programs]
