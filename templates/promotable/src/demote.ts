import { type ExitCode } from 'ocf-ts'
import { type Context } from './agent'
import { changeRole } from './role'

export function demote(context: Context): Promise<ExitCode> {
  return changeRole(context, 'unpromoted')
}
