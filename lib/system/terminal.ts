/** The terminal that this process was started in, and what is kept from it. */
import { readFileSync } from 'node:fs'

let known: boolean | undefined

/**
 * Whether this process has a controlling terminal (proc(5), field tty_nr): a program that has the same one can type into
 * it (ioctl_tty(2), TIOCSTI), and what it types is run by root's shell. Under a cluster manager there is none.
 */
export function hasTerminal(): boolean {
  if (known === undefined) {
    const stat = readFileSync('/proc/self/stat', 'latin1')
    known = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[4] !== '0'
  }
  return known
}
