/** What the worker gives to the method by which a node's data is made a copy of the primary's. */
import { type MajorVersion } from '../../lib/postgres/instance'
import { type Context } from './agent'
import { type ReplicatedSite } from './site'

export interface RejoinWork {
  /** `values`, `log`, and a deadline some days away. */
  readonly context: Context
  readonly site: ReplicatedSite
  /** Of the data directory; nothing where there is none, or it is not whole. */
  readonly version: MajorVersion | undefined
  /**
   * To be given to each program that writes to the data, as a descriptor beside its standard ones: as long as one of
   * them runs, also without the worker, no other worker begins.
   */
  readonly lockFd: number
  /**
   * Says how far it is, in the note and as a node attribute. May be called often: what changes little is not written.
   *
   * @param phase - one or two words: `copies`, `recovers`
   * @param percent - of this phase
   */
  readonly report: (phase: string, percent?: number) => void
  /** What is left to do when the data can be started, and nobody waits. */
  readonly afterwards: (task: () => Promise<void>) => void
}

/**
 * Makes this node's data, whose server does not run, a copy of the primary's that can be started as a standby. It leaves
 * the lock file and the note to the worker, and its own remains to nobody.
 *
 * @throws OcfError with a reason for crm_mon
 */
export type Rejoiner = (work: RejoinWork) => Promise<void>
