import { type Context } from './agent'

/** What the health command has against the program; nothing when it is content, or there is none. */
export async function askHealth({ values, deadline }: Context): Promise<string | undefined> {
  const [program, ...args] = values.health
  if (program === undefined) return undefined
  const { describeFailure, runProgram } = await import('ocf-ts/programs')
  const result = await runProgram(program, args, { deadline })
  return result.code === 0 ? undefined : `health: ${describeFailure(program, result)}`
}
