import { ExitCode } from '../../lib/ocf'
import { findServer } from '../../lib/postgres/server-state'
import { type Context } from './agent'
import { dataDirectoryOf } from './data-directory'

/** Whether the server's processes run; nothing is asked of them. */
export function status({ values, explain }: Context): ExitCode {
  const server = findServer(dataDirectoryOf(values))
  explain?.observed({ server })
  return server.kind === 'stopped' ? ExitCode.NOT_RUNNING : ExitCode.SUCCESS
}
