/** The faults that a drill can make, in words. */

export const KINDS = ['kill', 'switchover', 'standby', 'freeze', 'power'] as const

export type Kind = (typeof KINDS)[number]

interface Words {
  /** What is done to the node, for the question that is asked before. */
  readonly announce: (node: string) => string
  /** At the mark in the chart. */
  readonly label: (node: string) => string
  /** In the timeline. */
  readonly done: (node: string) => string
}

export const WORDS: Readonly<Record<Kind, Words>> = {
  kill: {
    announce: (node) => `kill -9 of every process of PostgreSQL on ${node}`,
    label: (node) => `kill -9 on ${node}`,
    done: (node) => `every process of PostgreSQL on ${node} was killed (SIGKILL)`,
  },
  switchover: {
    announce: (node) => `a planned switchover away from ${node}`,
    label: (node) => `switchover from ${node}`,
    done: (node) => `the cluster was asked to have its primary elsewhere than on ${node}`,
  },
  standby: {
    announce: (node) => `${node} is put into standby mode: everything that the cluster runs there leaves it`,
    label: (node) => `${node} to standby`,
    done: (node) => `${node} was put into standby mode`,
  },
  freeze: {
    announce: (node) => `every process of PostgreSQL on ${node} is suspended (SIGSTOP)`,
    label: (node) => `SIGSTOP on ${node}`,
    done: (node) => `every process of PostgreSQL on ${node} was suspended (SIGSTOP)`,
  },
  power: {
    announce: (node) => `${node} loses its power`,
    label: (node) => `${node} loses power`,
    done: (node) => `${node} lost its power`,
  },
}

/** As a title names them. */
export const KIND_NAMES: Readonly<Record<Kind, string>> = {
  kill: 'kill -9',
  switchover: 'Switchover',
  standby: 'Node standby',
  freeze: 'SIGSTOP',
  power: 'Power loss',
}
