/** The oldest Node that runs the agents: package.json's `engines`, which scripts/install checks, too. */
export const MIN_NODE = '18.19'
