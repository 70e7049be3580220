/** An operating system that the nodes of a lab run: what a file of this directory says of one. */

export interface System {
  /** Short, for options, file names and the environment variable OCF_TS_SYSTEM. */
  readonly name: string
  /** `ID` and `VERSION_ID` of its /etc/os-release: a machine that runs it needs no root file system beside its own. */
  readonly release: { readonly id: string; readonly version: string }
  /** What debootstrap calls it. */
  readonly suite: string
  /** What a node needs, by the names of its packages. */
  readonly packages: readonly string[]
  /** Major version of the PostgreSQL that it packages. */
  readonly postgres: string
  /**
   * The Node that its nodes run: `own`, that of its package, or `machine`, the one that runs the tests, laid over it.
   * The environment variable OCF_TS_LAB_NODE overrides it.
   */
  readonly node: NodeChoice
  /**
   * Whether its crmsh takes the document's own words: `ms`, `role="Master"`, several rules a constraint. If not, the
   * same configuration is written in the words that every release takes.
   */
  readonly takesDocumentWords: boolean
}

export type NodeChoice = 'own' | 'machine'

/** What nodes need on every release. */
export const commonPackages: readonly string[] = [
  'corosync',
  'crmsh',
  'e2fsprogs',
  'fping',
  'iproute2',
  'iputils-arping',
  'iputils-ping',
  'kmod',
  'libxml2-utils',
  'nftables',
  'nodejs',
  'openssh-client',
  'openssh-server',
  'pacemaker',
  'pacemaker-cli-utils',
  'pcs',
  'procps',
  'resource-agents',
  'util-linux',
]
