/** Timeouts of the operations: each follows from what the operation may have to wait for. */

export interface Waits {
  /** Seconds that a recovery after a crash may take. */
  readonly recovery: number
  /** Seconds until a stop becomes an immediate shutdown; the longer of the two roles'. */
  readonly stopEscalate: number
  /** Seconds that an answer to a monitor may take; 0 for no limit of its own. */
  readonly monitorTimeout: number
  /** Seconds that the write of a node attribute may take. */
  readonly attributeTimeout: number
  readonly restartOnPromote: boolean
  /** Seconds that a host has to answer a ping, all attempts together. */
  readonly ping: number
}

/** Seconds, with the reason in words for the text that is generated. */
export interface Timeout {
  readonly seconds: number
  readonly why: string
}

export type TimeoutName = 'start' | 'stop' | 'monitor' | 'promote' | 'demote' | 'notify' | 'ping' | 'forget'

/** The agent looks, writes attributes and keeps back a tenth (at the most 5 s) of its time to say what went wrong. */
const MARGIN = 30
/** What the document has everywhere. */
const LEAST = 60

const seconds = (wanted: number): number => Math.max(LEAST, Math.ceil(wanted / 10) * 10)

/** How often a monitor asks in a row: it connects, asks for the state, for the standbys, and runs monitor_sql. */
const ANSWERS = 4

export function deriveTimeouts(waits: Waits): Readonly<Record<TimeoutName, Timeout>> {
  const { recovery, stopEscalate, monitorTimeout, attributeTimeout, restartOnPromote, ping } = waits
  const start = seconds(recovery + MARGIN)
  const stop = seconds(stopEscalate + MARGIN)
  return {
    start: { seconds: start, why: `a crash recovery of up to ${recovery} s, and ${MARGIN} s around it` },
    stop: {
      seconds: stop,
      why: `stop_escalate (${stopEscalate} s), and ${MARGIN} s for an immediate shutdown and for killing what is left`,
    },
    monitor: {
      seconds: seconds(ANSWERS * monitorTimeout + MARGIN / 2),
      why:
        monitorTimeout === 0
          ? 'how long PostgreSQL may take to answer'
          : `well above monitor_timeout (${monitorTimeout} s), which finds a server that hangs long before`,
    },
    promote: {
      seconds: seconds(recovery + MARGIN + (restartOnPromote ? stopEscalate : 0)),
      why: restartOnPromote
        ? 'a stop and a start, with what is left to replay'
        : 'what is left to replay, as for start',
    },
    demote: {
      seconds: seconds(1.5 * stop + MARGIN),
      why: 'a checkpoint (up to a third of it), a stop, and the start as a standby',
    },
    notify: {
      seconds: seconds(10 * attributeTimeout),
      why: `node attributes, each of which may take ${attributeTimeout} s (crm_attr_timeout)`,
    },
    ping: { seconds: seconds(ping + MARGIN), why: `all attempts (${ping} s), and ${MARGIN} s around them` },
    forget: {
      seconds: stopEscalate + MARGIN,
      why: 'longer than a failover takes: then the failed node is started again, and rejoins',
    },
  }
}
