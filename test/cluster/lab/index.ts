/** A cluster in a box, for tests, the demo and the bench. */
export { Lab, isToolBuilt, type LabFile, type LabOptions } from './lab'
export { LabNode, type NodeLogs, type RunOptions } from './node'
export { type CommandOptions, type CommandResult } from './command'
export { type Nic, type NodeAddresses, clientAddress, pingTarget } from './network'
export {
  ClusterStatus,
  parseStatus,
  type FailCount,
  type FailedAction,
  type NodeStatus,
  type ResourceStatus,
  type Role,
} from '../../../lib/cluster/status'
export { WriteLoad, type Acknowledged, type LoadResult, type Outage, type WriteLoadOptions } from './load'
export { crmText, type CrmTextOptions, type Provider } from './crm-text'
export {
  makeDocumentCluster,
  vipRep,
  type DocumentCluster,
  type DocumentClusterOptions,
} from './document-cluster'
export {
  clStatus,
  haLog,
  heartbeatBinds,
  heartbeatFiles,
  startHeartbeat,
  stopHeartbeat,
  type HeartbeatOptions,
} from './heartbeat'
export { debianPostgres, installedVersion, type PostgresInstallation } from './postgres'
export { isAs, isInSync, PRIMARY_SCORE, serves, type Condition } from './states'
export { shellAgentFiles } from './shell-agents'
export { cleanupStale, listRecords, isStale, type Bind, type LabRecord } from './state'
export { tail } from './observe'
export { monotonicMs, until, type WaitOptions } from './wait'
