// What node --require loads is CommonJS.
/* eslint-disable @typescript-eslint/no-require-imports */
/** Preloaded (node --require): the process is killed before or after the rename whose target is meant. */
const fs = require('node:fs')
const [when, pattern] = (process.env.DIE_AT_RENAME ?? '').split(' ')
const rename = fs.renameSync
const die = () => process.kill(process.pid, 'SIGKILL')
if (pattern) {
  fs.renameSync = (from, to) => {
    const meant = new RegExp(pattern).test(to)
    if (meant && when === 'before') die()
    rename(from, to)
    if (meant && when === 'after') die()
  }
}
