/** The text that stands behind the options in `--help`, in parts that a man page can show. */
import { type Command } from 'commander'
import { bold, italic } from './roff'

export interface HelpText {
  /** Running text, paragraphs parted by empty lines. */
  readonly notes: string
  /** Blocks with a title, such as `Kinds`; their lines stay as they are. */
  readonly blocks: readonly { readonly title: string; readonly lines: readonly string[] }[]
}

/** What `--help` prints behind what commander writes by itself. */
function textAfterHelp(command: Command): string {
  let printed = ''
  // Set again each time: what is printed by a command that is described goes nowhere else.
  command.configureOutput({ writeOut: (text) => (printed += text) })
  command.outputHelp()
  return printed.slice(command.helpInformation().length)
}

/** Reads the text behind the options: a title with a colon and indented lines below it is a block. */
export function readHelpText(text: string): HelpText {
  const notes: string[] = []
  const blocks: { title: string; lines: string[] }[] = []
  for (const part of text.split(/\n{2,}/)) {
    const running: string[] = []
    let block: { title: string; lines: string[] } | undefined
    for (const line of part.split('\n').filter((one) => one.trim() !== '')) {
      if (line.startsWith('  ') && block) {
        block.lines.push(line.slice(2))
      } else if (/^[A-Z][^.:]*:$/.test(line)) {
        block = { title: line.slice(0, -1), lines: [] }
        blocks.push(block)
      } else {
        running.push(line)
      }
    }
    if (running.length > 0) notes.push(running.join('\n'))
  }
  return { notes: notes.join('\n\n'), blocks }
}

/** The same of a command. */
export function helpTextOf(command: Command): HelpText {
  return readHelpText(textAfterHelp(command))
}

/** What is typed, with what stands for a value in italics: `ocf-ts clone [options] <node>`. */
export function usage(text: string): string {
  return text
    .split(' ')
    .map((word) => {
      const [, open = '', value, close = ''] = /^([<[])(.+)([>\]])$/.exec(word) ?? []
      if (value === undefined) return bold(word)
      return open === '<' ? italic(value) : `${open}${italic(value)}${close}`
    })
    .join(' ')
}

/** An option as a man page shows it: `-y, --yes`, `--to <node>`. */
export const flags = (text: string): string =>
  text
    .split(/(?<=,) /)
    .map((one) => (one.endsWith(',') ? `${bold(one.slice(0, -1))},` : usage(one)))
    .join(' ')

export const capitalised = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`
