import { ExitCode } from '../../lib/ocf'
import { findServer } from '../../lib/postgres/server-state'
import { type Context } from './agent'
import { serverPlaceOf } from './data-directory'

/** Whether the server's processes run; nothing is asked of them. */
export async function status({ values, deadline, explain }: Context): Promise<ExitCode> {
  const server = findServer(await serverPlaceOf(values, deadline))
  explain?.observed({ server })
  return server.kind === 'stopped' ? ExitCode.NOT_RUNNING : ExitCode.SUCCESS
}
