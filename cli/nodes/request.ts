/** What `ocf-ts` on another node asks this one to do: JSON of a known form, as what this one answers. */
import { type Form, parseState, type Trail } from '../../lib/system/state-file'
import { VERSION } from '../../lib/version'
import { CommandError, Exit } from '../exit'

const ADVICE = "install the same version on every node ('ocf-ts --version' shows it)"

/**
 * @param command - the command of the tool that it is for
 * @throws CommandError USAGE, which names the field that is missing or of another form, and never its value: that may be a
 * password
 */
export function readRequest<T>(request: string, form: Form<T>, command: string): T {
  const trail: Trail = []
  const read = parseState(request, form, trail)
  if (read !== undefined) return read
  const what =
    trail.length === 0
      ? 'it is not a JSON object'
      : `'${trail.join('.')}' is missing, or is not what is expected there`
  throw new CommandError(
    Exit.USAGE,
    `${command}: this version (${VERSION}) cannot read what it is asked to do: ${what}`,
    ADVICE,
  )
}
