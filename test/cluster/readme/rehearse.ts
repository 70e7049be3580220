/** A rehearsal of the primary's death, as the README has it, until the old primary comes back by itself. */

/** What a command line printed, on both outputs, and its exit code. */
export interface Typed {
  readonly code: number | undefined
  readonly printed: string
}

/**
 * Rehearses a kill. A primary that dies between writing a row and its reaching the standby has what the new one lacks:
 * `rejoin=safe`, as the README has it, then leaves it out, as it should. So it is brought back as the README says, made the
 * primary again, and the kill is repeated.
 *
 * @param kill - the command line of the drill
 * @param type - types a command line on a node
 * @param inSync - waits until this node is a standby that may take over
 * @returns what the drill printed that succeeded
 */
export async function rehearse(
  kill: string,
  type: (command: string) => Promise<Typed>,
  inSync: (node: string) => Promise<unknown>,
): Promise<string> {
  const { code, printed } = await type(`${kill} --yes`)
  if (code === 0) return printed
  const [, out] = /(node\d) is not back: .* the primary lacks \d+ bytes of WAL/.exec(printed) ?? []
  if (out === undefined) throw new Error(`exit code ${String(code)} from ${kill}\n${printed}`)
  await must(`ocf-ts rejoin ${out} --yes`)
  await inSync(out)
  await must(`ocf-ts switchover --to ${out}`)
  return rehearse(kill, type, inSync)

  async function must(command: string): Promise<void> {
    const typed = await type(command)
    if (typed.code !== 0) throw new Error(`exit code ${String(typed.code)} from ${command}\n${typed.printed}`)
  }
}
