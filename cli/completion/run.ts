/** What `ocf-ts completion` and the command behind it do. */
import { type Command } from 'commander'
import { readConfiguration } from '../../lib/cluster/configuration'
import { Deadline } from '../../lib/ocf'
import { actionNames } from '../../lib/ocf/dispatch'
import { Exit } from '../exit'
import { type Terminal } from '../terminal'
import { candidatesFor, type Known } from './candidates'
import { queryCib } from '../../lib/cluster/query-cib'

/** Whoever waits for a completion does not wait long. */
const TIMEOUT_MS = 1500

export const SHELLS = ['bash', 'zsh'] as const
export type Shell = (typeof SHELLS)[number]

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# ocf-ts: completion for bash. To have it always: ocf-ts completion bash > /etc/bash_completion.d/ocf-ts
_ocf_ts() {
  local IFS=$'\\n'
  COMPREPLY=($(ocf-ts complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _ocf_ts ocf-ts
`,
  zsh: `#compdef ocf-ts
# ocf-ts: completion for zsh. To have it always: ocf-ts completion zsh > /usr/local/share/zsh/site-functions/_ocf-ts
_ocf_ts() {
  local -a found
  found=("\${(@f)$(ocf-ts complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=(\${found:#})
  if (( \${#found} )); then compadd -- "\${found[@]}"; else _files; fi
}
# As a file of fpath it is called; in a shell that reads it, it is announced.
if [[ \${funcstack[1]-} == _ocf-ts ]]; then _ocf_ts "$@"; else compdef _ocf_ts ocf-ts; fi
`,
}

/** What a shell reads to complete the tool's command line. */
export const completionScriptOf = (shell: Shell): string => SCRIPTS[shell]

export function completionScript(terminal: Terminal, shell: Shell): Exit {
  terminal.write(SCRIPTS[shell])
  return Exit.OK
}

/** Nothing where the cluster does not answer at once: a completion is no place for complaints. */
async function ask(known: Known): Promise<readonly string[]> {
  if (known === 'action') {
    const { agent } = await import('../../agents/pgsql/agent')
    return actionNames(agent)
  }
  const deadline = new Deadline(TIMEOUT_MS)
  const result = await queryCib(deadline).catch(() => undefined)
  if (result?.code !== 0) return []
  const { nodes, primitives } = readConfiguration(result.stdout)
  return known === 'node' ? nodes : primitives.map(({ id }) => id)
}

/** Prints what may come next, a word a line. */
export async function complete(
  terminal: Terminal,
  program: Command,
  words: readonly string[],
  isHidden: (command: Command) => boolean,
): Promise<Exit> {
  const { words: found, known } = candidatesFor(program, words, isHidden)
  const asked = known === undefined ? [] : await ask(known)
  const typed = words.at(-1) ?? ''
  for (const word of [...found, ...asked.filter((one) => one.startsWith(typed))]) terminal.line(word)
  return Exit.OK
}
