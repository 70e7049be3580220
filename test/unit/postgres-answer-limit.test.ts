/** How much a server may answer. */
import { describe, expect, test } from '@jest/globals'
import { ANSWER_BYTES, AnswerLimit, MESSAGE_BYTES } from '../../lib/postgres/answer-limit'

function message(length: number, body = 0): Buffer {
  const bytes = Buffer.alloc(5 + body, 'D')
  bytes.writeUInt32BE(length, 1)
  return bytes
}

const ROW = message(4 + 100, 100)

describe.each([
  ['as one chunk', 5],
  ['byte for byte', 1],
])('a header that comes %s', (_, step) => {
  function pass(bytes: Buffer): void {
    const limit = new AnswerLimit()
    limit.pass(ROW)
    for (let at = 0; at < bytes.length; at += step) limit.pass(bytes.subarray(at, at + step))
  }

  test.each([
    ['that is too long', 0x7f_ff_ff_f0, 'it sent a message of more than 16 MB'],
    ['of which the length is negative', 0xff_ff_ff_ff, 'it sent a message of more than 16 MB'],
    ['whose length does not count itself', 3, 'it sent a message of length 3'],
  ])('of a message %s', (_, length, text) => {
    expect(() => {
      pass(message(length))
    }).toThrow(text)
  })

  test('of a message as long as may be, and of messages without a body', () => {
    pass(message(MESSAGE_BYTES + 4))
    pass(Buffer.concat([message(4), message(4), ROW]))
  })
})

test('many short rows, and a new answer', () => {
  const limit = new AnswerLimit()
  const rows = Buffer.concat(Array.from({ length: 1000 }, () => message(6, 2)))
  const many = Math.ceil(ANSWER_BYTES / rows.length / 10)
  const answer = (): void => {
    for (let count = 0; count < many; count++) limit.pass(rows)
  }
  // Short ones cost more than their bytes.
  expect(answer).toThrow('it sent an answer of more than 64 MB')
  limit.restart()
  limit.pass(rows)
})
