import { accessSync, constants } from 'node:fs'
import { ExitCode, OcfError } from 'ocf-ts'
import { type Context, type Values } from './agent'

/** Whether the resource could run on this host. ERR_INSTALLED keeps it off this node, and off no other. */
export function checkHost({ program, health }: Values): void {
  for (const [name, path] of [
    ['program', program],
    ['health', health[0]],
  ] as const) {
    if (path === undefined) continue
    try {
      accessSync(path, constants.X_OK)
    } catch (cause) {
      throw new OcfError(
        ExitCode.ERR_INSTALLED,
        `${name}: ${path} is no program on this node: install it, or set ${name} to another`,
        { cause },
      )
    }
  }
}

export function validateAll({ values }: Context): ExitCode {
  checkHost(values)
  return ExitCode.SUCCESS
}
