/** All checks. */
import { type Check } from '../finding'
import { cluster } from './cluster'
import { configuration } from './configuration'
import { disk } from './disk'
import { heartbeat } from './heartbeat'
import { installation } from './installation'
import { network } from './network'
import { postgresql } from './postgresql'
import { replication } from './replication'
import { time } from './time'

export const CHECKS: readonly Check[] = [
  ...installation,
  ...configuration,
  ...cluster,
  ...heartbeat,
  ...network,
  ...time,
  ...postgresql,
  ...replication,
  ...disk,
]
