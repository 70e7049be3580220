import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { ExitCode, OcfError } from '../../lib/ocf'
import { type Context } from './agent'
import { askingProgram } from './ask-hosts'

/** Whether the resource could run on this host; changes nothing and asks nobody. */
export function validateAll({ values, explain }: Context): ExitCode {
  const program = askingProgram(values)
  explain?.observed({ program, pidfile: values.pidfile })
  if (program === undefined) {
    throw new OcfError(
      ExitCode.ERR_INSTALLED,
      'ping is not installed on this node: install it (Debian: iputils-ping) or fping',
    )
  }
  const directory = dirname(values.pidfile)
  try {
    accessSync(directory, constants.W_OK)
  } catch {
    throw new OcfError(
      ExitCode.ERR_ARGS,
      `pidfile: cannot write to the directory ${directory}; set pidfile to a file in another one`,
    )
  }
  return ExitCode.SUCCESS
}
