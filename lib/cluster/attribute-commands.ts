/**
 * The commands that write node attributes, in the words that each generation of pacemaker's tools understands.
 * A feature set is pacemaker's own name for such a generation; it gives it to agents in their environment.
 */

import { asciiLine } from '../ocf/printable'
import { maskSecrets } from '../ocf/secrets'

/** How long an attribute lives: until the node leaves the cluster, or until somebody deletes it. */
export type Lifetime = 'reboot' | 'forever'

/** One change of a node attribute; `value: undefined` deletes it. */
export interface AttributeChange {
  readonly node: string
  readonly name: string
  readonly value: string | undefined
  readonly lifetime: Lifetime
}

/** A program and its arguments. */
export type Command = readonly [program: string, ...args: readonly string[]]

/**
 * Whether the tools are older than pacemaker 2.1: without `crm_attribute --promotion`, and before 1.1.15 without
 * some of `attrd_updater`'s options. Up to pacemaker 1.0 some had other long names, so short ones are used for all.
 *
 * @param featureSet - as pacemaker says it, `3.16.1`; where nobody says it, the tools are taken to be today's
 */
export function isOlder(featureSet: string | undefined): boolean {
  const [, major = NaN, minor = NaN] = (/^(\d+)\.(\d+)/.exec(featureSet ?? '') ?? []).map(Number)
  return major < 3 || (major === 3 && minor < 10)
}

/**
 * Whether the attribute daemon can be asked what it knows of all nodes, and keeps private attributes: from pacemaker 2.0
 * on. Where nobody says which it is, it is taken to be today's.
 */
export function answersForAll(featureSet: string | undefined): boolean {
  const [, major, minor] = (/^(\d+)\.(\d+)/.exec(featureSet ?? '') ?? []).map(Number)
  return major === undefined || minor === undefined || major > 3 || (major === 3 && minor >= 1)
}

/** Writes or deletes one attribute of any node. */
export function attributeCommand(
  { node, name, value: text, lifetime }: AttributeChange,
  featureSet: string | undefined,
): Command {
  // crm_mon shows it as it is, and a part of it may be a server's message.
  const value = text === undefined ? undefined : maskSecrets(asciiLine(text))
  if (isOlder(featureSet)) {
    // `-vVALUE` and not `-v VALUE`: a value such as -INFINITY must not be taken for options.
    const update = value === undefined ? '-D' : `-v${value}`
    return ['crm_attribute', '-l', lifetime, '-N', node, '-n', name, update]
  }
  const update = value === undefined ? '--delete' : `--update=${value}`
  return lifetime === 'reboot'
    ? ['attrd_updater', `--node=${node}`, `--name=${name}`, update]
    : ['crm_attribute', '--lifetime=forever', `--node=${node}`, `--name=${name}`, update]
}

/** Sets the promotion score of a resource whose instances have no numbers; `undefined` for no opinion. */
export function scoreCommand(
  resource: string,
  node: string,
  score: string | undefined,
  featureSet: string | undefined,
): Command {
  if (isOlder(featureSet)) {
    return attributeCommand(
      { node, name: `master-${resource}`, value: score, lifetime: 'reboot' },
      featureSet,
    )
  }
  const update = score === undefined ? '--delete' : `--update=${score}`
  return ['crm_attribute', `--promotion=${resource}`, '--lifetime=reboot', `--node=${node}`, update]
}
