import { type ExitCode } from 'ocf-ts'
import { type Context } from './agent'
import { changeRole } from './role'

export function promote(context: Context): Promise<ExitCode> {
  return changeRole(context, 'promoted')
}
