/** The driver, where a server says what no driver knows. */
import { type Client } from 'pg'
import { messageOf } from '../ocf'
import { AnswerLimit } from './answer-limit'

interface Stream {
  on(event: string, listener: (chunk: Buffer) => void): unknown
}

/** What the driver is made of, as far as it is needed here. */
interface Internals {
  readonly connection: NodeJS.EventEmitter & {
    attachListeners(stream: Stream): void
    readonly stream?: { destroy(): void }
  }
}

/** The kinds of authentication that the driver has no name for (PostgreSQL manual, "Message Formats"). */
const KINDS: Readonly<Record<string, string>> = {
  2: 'Kerberos 5',
  6: 'SCM',
  7: 'GSSAPI',
  8: 'GSSAPI',
  9: 'SSPI',
}

function explain(error: unknown): Error {
  const [, type] = /^Unknown authenticationOk message type (\d+)/.exec(messageOf(error)) ?? []
  if (type === undefined) return error instanceof Error ? error : new Error(messageOf(error))
  const kind = KINDS[type] ?? 'unknown here'
  const message = `it asks for an authentication that ocf-ts cannot do (type ${type}, ${kind}): use peer, scram-sha-256 or md5 in pg_hba.conf`
  return new Error(message, { cause: error })
}

/** What a server asks for once, if at all. The driver answers each time, and looks up the password for it. */
const QUESTIONS = [
  'authenticationCleartextPassword',
  'authenticationMD5Password',
  'authenticationSASL',
  'authenticationSASLContinue',
] as const

/** @throws Error, to whoever gives the client a message, when that asks a second time */
function refuseRepetition(connection: NodeJS.EventEmitter): void {
  for (const question of QUESTIONS) {
    let asked = false
    connection.on(question, () => {
      if (asked) throw new Error('it asks for a password again and again')
      asked = true
    })
  }
}

/**
 * Has a client report a message that it cannot read as an error of its connection. The driver throws it out of the event
 * loop, where nobody catches it. An answer that is too long for the memory of this process is an error, too: the driver
 * takes what comes; so is one that asks for the password again and again.
 */
export function guardClient(client: Client): Client {
  const { connection } = client as unknown as Internals
  refuseRepetition(connection)
  const attach = connection.attachListeners.bind(connection)
  connection.attachListeners = (stream) => {
    const limit = new AnswerLimit()
    connection.on('readyForQuery', () => {
      limit.restart()
    })
    attach({
      on: (event, listener) =>
        stream.on(event, (chunk) => {
          try {
            if (event === 'data') limit.pass(chunk)
            listener(chunk)
          } catch (error) {
            connection.emit('error', explain(error))
            connection.stream?.destroy()
          }
        }),
    })
  }
  return client
}
