/** What may come next on the command line, from the commands' own definitions. */
import { type Argument, type Command, type Option } from 'commander'

/** What only the cluster knows. */
export type Known = 'node' | 'resource' | 'action'

export interface Candidates {
  /** Commands, options, or values that are known beforehand. */
  readonly words: readonly string[]
  /** Of what kind a value is that the cluster is to be asked for. */
  readonly known: Known | undefined
}

const NONE: Candidates = { words: [], known: undefined }

/** A value's kind, by the name that the definition gives it: `<node>`, `[resource]`. */
function kindOf(name: string): Known | undefined {
  const plain = name.toLowerCase()
  if (plain === 'node' || plain === 'nodes') return 'node'
  if (plain === 'resource' || plain === 'id') return 'resource'
  return plain === 'action' ? 'action' : undefined
}

function ofValue(choices: readonly string[] | undefined, name: string): Candidates {
  return choices === undefined ? { words: [], known: kindOf(name) } : { words: choices, known: undefined }
}

const isOption = ({ short, long }: Option, word: string): boolean => word === short || word === long

const valueName = ({ flags }: Option): string => /[<[]([\w-]+)/.exec(flags)?.[1] ?? ''

const ofArgument = (argument: Argument | undefined): Candidates =>
  argument === undefined ? NONE : ofValue(argument.argChoices, argument.name())

/** Options that were not given yet; with what every command has. */
function optionsOf(command: Command, given: readonly string[]): readonly string[] {
  return [
    ...command.options
      .filter((option) => !option.hidden && !given.some((word) => isOption(option, word)))
      .flatMap(({ long }) => long ?? []),
    '--help',
  ]
}

/**
 * @param words - what stands on the command line behind the program's name; the last one is being typed, and may be empty
 * @param isHidden - commands that are called by the tool itself
 */
export function candidatesFor(
  program: Command,
  words: readonly string[],
  isHidden: (command: Command) => boolean,
): Candidates {
  const typed = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  let command = program
  let position = 0
  let awaited: Option | undefined
  for (const word of before) {
    if (awaited) {
      awaited = undefined
      continue
    }
    const option = command.options.find((one) => isOption(one, word))
    if (option) {
      if (option.required || option.optional) awaited = option
    } else if (!word.startsWith('-')) {
      const found = command.commands.find((one) => one.name() === word)
      if (found) command = found
      else position += 1
    }
  }
  const offered = ({ words: all, known }: Candidates): Candidates => ({
    words: all.filter((word) => word.startsWith(typed)),
    known,
  })
  if (awaited?.required) return offered(ofValue(awaited.argChoices, valueName(awaited)))
  if (typed.startsWith('-')) return offered({ words: optionsOf(command, before), known: undefined })
  const commands = command.commands.filter((one) => !isHidden(one)).map((one) => one.name())
  if (commands.length > 0) return offered({ words: commands, known: undefined })
  return offered(ofArgument(command.registeredArguments[position]))
}
