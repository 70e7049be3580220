/** The man pages of the operator's tool, from the definitions of its commands. */
import { type Command } from 'commander'
import { EXIT_MEANINGS } from '../../../cli/exit'
import { capitalised, flags, helpTextOf, usage } from './help-text'
import { bold, italic, literal, type Page, paragraphs, references, section, tagged } from './roff'

const pageName = (command: Command): string =>
  command.parent === null ? command.name() : `${pageName(command.parent)}-${command.name()}`

const sentence = (text: string): string => `${capitalised(text.replace(/\.$/, ''))}.`

function pageOf(command: Command, seeAlso: readonly string[], more: readonly string[] = []): Page {
  const help = command.createHelp()
  const { notes, blocks } = helpTextOf(command)
  // A section of its own tells them.
  const told = notes.replace(/^Exit codes:[^]*?(?:\n\n|$)/, '')
  const rest = blocks.filter(({ title }) => title !== 'Examples')
  const examples = blocks.flatMap(({ title, lines }) => (title === 'Examples' ? lines : []))
  return {
    name: pageName(command),
    number: 8,
    purpose: command.description().replace(/\.$/, ''),
    sections: [
      section('Synopsis', usage(help.commandUsage(command))),
      section(
        'Description',
        paragraphs(sentence(command.description())),
        ...(told === '' ? [] : [paragraphs(told)]),
      ),
      section(
        'Arguments',
        ...help
          .visibleArguments(command)
          .map((argument) => tagged(italic(argument.name()), help.argumentDescription(argument))),
      ),
      section(
        'Options',
        ...help
          .visibleOptions(command)
          .map((option) => tagged(flags(option.flags), help.optionDescription(option))),
      ),
      ...rest.map(({ title, lines }) => section(title, literal(lines))),
      ...more,
      section('Examples', examples.length > 0 ? literal(examples) : ''),
      section('See also', references(seeAlso)),
    ],
  }
}

/**
 * A page for the tool, and one for each of its commands.
 *
 * @param agentPages - the agents' pages, as `name(7)`
 */
export function toolPages(program: Command, agentPages: readonly string[]): readonly Page[] {
  const help = program.createHelp()
  const commands = help.visibleCommands(program).filter((command) => command.name() !== 'help')
  const pages = commands.map((command) => `${pageName(command)}(8)`)
  const main = pageOf(
    program,
    [...pages, ...agentPages],
    [
      section(
        'Commands',
        ...commands.map((command) => tagged(bold(command.name()), sentence(command.description()))),
      ),
      section(
        'Exit status',
        ...Object.entries(EXIT_MEANINGS).map(([code, meaning]) => tagged(code, sentence(meaning))),
      ),
    ],
  )
  return [main, ...commands.map((command) => pageOf(command, ['ocf-ts(8)', ...agentPages]))]
}
