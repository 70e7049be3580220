/** Which names an agent and its provider can have. */
import { CommandError, Exit } from '../exit'

/** Crmsh, pcs and pacemaker's schema take these apart at colons, and a name is a file's and an npm package's. */
const NAME = /^[a-z][a-z0-9_-]*$/i

/** Providers that are somebody's already: a package of theirs could bring a file of the same name. */
const TAKEN = ['heartbeat', 'pacemaker', 'openstack', 'ts']

/** @throws CommandError that says what a name may be */
export function checkNames(name: string, provider: string): void {
  const check = (what: string, value: string): void => {
    if (NAME.test(value) && value.length <= 64) return
    throw new CommandError(
      Exit.USAGE,
      `'${value}' cannot be the name of ${what}`,
      'take a letter, and after it letters, digits, - and _, no more than 64 in all: my-daemon',
    )
  }
  check('an agent', name)
  check('a provider', provider)
  if (TAKEN.includes(provider)) {
    throw new CommandError(
      Exit.USAGE,
      `the provider '${provider}' belongs to a package, whose files would stand beside yours`,
      'take a name of your own, such as your company: --provider acme',
    )
  }
}
