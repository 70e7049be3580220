/** What both packages say of themselves. */
import { engines, license, name } from '../../../package.json'

export const NAME: string = name

export const MAINTAINER = 'The ocf-ts project <no-reply@example.invalid>'

export const LICENCE: string = license

/** One line, and no sentence. */
export const SUMMARY = 'OCF resource agents for PostgreSQL replication under pacemaker'

/** Paragraphs. */
export const DESCRIPTION: readonly string[] = [
  'Resource agents that fail PostgreSQL streaming replication over by themselves: ocf:ts:pgsql (a primary and its standbys), ocf:ts:IPaddr2 (virtual addresses) and ocf:ts:ping (whether a node reaches the network). Their parameters and node attributes have the names of the agents ocf:heartbeat:pgsql, ocf:heartbeat:IPaddr2 and ocf:pacemaker:ping.',
  'The program ocf-ts configures such a cluster, shows its state, moves the primary, brings nodes back, looks for what is wrong, and rehearses a failover.',
]

/** The Node.js that runs the programs, by the path that distributions give it. */
export const NODE = '/usr/bin/node'

/** The oldest Node.js. */
export const OLDEST_NODE = engines.node.replace(/^>=/, '')
