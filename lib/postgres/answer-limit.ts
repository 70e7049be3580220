/** How much a server may say in answer to one question: a driver keeps all of it in memory until the last byte. */

const MB = 1024 * 1024

/** Of one answer. The longest that anything here asks for are the numbers of the rows that a drill has written. */
export const ANSWER_BYTES = 64 * MB

/** Of one message, a row for instance. */
export const MESSAGE_BYTES = 16 * MB

/** What a message takes here beside its bytes: a row without columns has seven, and becomes an object all the same. */
const MESSAGE_COST = 64

/** A byte for the kind, and the length in four, which counts itself (PostgreSQL manual, "Message Formats"). */
const HEADER_BYTES = 5
const LENGTH_BYTES = 4

/** Watches the messages pass; of each it looks at the header alone, before its other bytes are there. */
export class AnswerLimit {
  #spent = 0
  /** Of the message that is passing. */
  #left = 0
  #length = 0
  /** How many bytes of a header there have been. */
  #header = 0

  /** The next answer begins. */
  restart(): void {
    this.#spent = 0
  }

  /** @throws Error for a length that is none, and when it becomes too much */
  pass(chunk: Uint8Array): void {
    this.#spend(chunk.length)
    let at = 0
    while (at < chunk.length) {
      if (this.#left > 0) {
        const passed = Math.min(this.#left, chunk.length - at)
        this.#left -= passed
        at += passed
        continue
      }
      if (this.#header > 0) this.#length = this.#length * 256 + (chunk[at] ?? 0)
      at++
      this.#header++
      if (this.#header === HEADER_BYTES) this.#beginMessage()
    }
  }

  #beginMessage(): void {
    if (this.#length < LENGTH_BYTES) throw new Error(`it sent a message of length ${this.#length}`)
    this.#left = this.#length - LENGTH_BYTES
    this.#length = 0
    this.#header = 0
    if (this.#left > MESSAGE_BYTES) throw tooMuch('a message', MESSAGE_BYTES)
    this.#spend(MESSAGE_COST)
  }

  #spend(bytes: number): void {
    this.#spent += bytes
    if (this.#spent > ANSWER_BYTES) throw tooMuch('an answer', ANSWER_BYTES)
  }
}

function tooMuch(what: string, limit: number): Error {
  return new Error(`it sent ${what} of more than ${limit / MB} MB`)
}
