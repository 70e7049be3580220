/** Runs in the agent before it: the process is killed before or after the rename whose target is meant. */
const PRELOAD = `
  import fs from 'node:fs'
  const [when, pattern] = process.env.DIE_AT_RENAME.split(' ')
  const rename = fs.renameSync
  const die = () => process.kill(process.pid, 'SIGKILL')
  fs.renameSync = (from, to) => {
    const meant = new RegExp(pattern).test(to)
    if (meant && when === 'before') die()
    rename(from, to)
    if (meant && when === 'after') die()
  }
`

/**
 * Variables with which an agent dies at a rename.
 *
 * @param target - matches the new name
 */
export function dieAtRename(when: 'before' | 'after', target: string): Record<string, string> {
  return {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(PRELOAD)}`,
    DIE_AT_RENAME: `${when} ${target}`,
  }
}
