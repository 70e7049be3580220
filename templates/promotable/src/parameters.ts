/** What an administrator sets. The meta-data, the checks and the types of the values are made from this. */
import { absolutePath, text, words } from 'ocf-ts'

export const parameters = {
  program: text({
    required: true,
    shortdesc: 'Program to run',
    longdesc:
      'Absolute path of the program. It must stay in the foreground: it must not make itself a daemon.',
    check: absolutePath,
  }),
  arguments: words({
    shortdesc: 'Arguments of the program',
    longdesc: 'Its arguments, separated by blanks. There is no shell that would read quotes or variables.',
  }),
  health: words({
    shortdesc: 'Command that says whether the program is well',
    longdesc:
      'A program by its absolute path and its arguments, separated by blanks, that every monitor runs; an exit code other than 0 is a failure. Without it, the program is well while it runs.',
    check: ([program = '/']) => absolutePath(program),
  }),
  promote: words({
    shortdesc: 'Command that makes the program the promoted one',
    longdesc:
      'A program by its absolute path and its arguments, separated by blanks, that is run on a promotion; an exit code other than 0 is a failure. Without it, only the cluster knows the role.',
    check: ([program = '/']) => absolutePath(program),
  }),
  demote: words({
    shortdesc: 'Command that makes it one of the others again',
    longdesc: 'As promote, for a demotion.',
    check: ([program = '/']) => absolutePath(program),
  }),
  pidfile: text({
    derive: (_, env) => `/run/@NAME@-${env?.resource ?? '@NAME@'}.pid`,
    uniqueGroup: 'pidfile',
    shortdesc: 'File that says which process it is',
    longdesc: 'A file in a directory of root, by which a later action finds the process.',
    check: absolutePath,
  }),
} as const
