import { ExitCode } from '../../lib/ocf'

/** Every parameter that is reloadable is read afresh by each action: there is nothing to tell the server. */
export function reloadAgent(): ExitCode {
  return ExitCode.SUCCESS
}
