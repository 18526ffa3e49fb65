import { describe, expect, test } from 'vitest'
import { ModelError, RefusedError } from '../../../server/api/ending.ts'
import { DeltatapeError } from '../../../server/base/errors.ts'
import { type List, fresh } from '../../../server/base/memo.ts'
import type { Answer } from '../../../server/model/model.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { chatTurns } from '../../../server/serve/ws/chat.ts'
import { relay } from '../../../server/serve/ws/relay.ts'
import { compose } from '../../kit/answers.ts'
import { answerOf, freshBatch, keptAnswer, keptBatch, wireOf } from './kit.ts'

const events = compose('x').text(['a', 'b']).completed()
const createTurn = chatTurns({ deltas: true })
const secret = `sk-${'proj'}-Ab3dEf6hIj9kLm2nOp5qRs8t`

/** Relays an answer: what was sent, and what was thrown. */
async function relayed(answer: Answer) {
  const redact = createRedactor()
  const turn = createTurn({ redact: redact.text })
  const sent: string[] = []
  const send = (messages: List<string>) => {
    sent.push(...messages.items)
    return undefined
  }
  const error: unknown = await relay(answer, turn, { redact, send, signal: new AbortController().signal }).catch(
    (thrown: unknown) => thrown,
  )
  return { sent, turn, error }
}

test('an answer is encoded to its end, whether it is due at once or not', async () => {
  for (const answer of [
    keptAnswer([keptBatch(events.slice(0, 5)), keptBatch(events.slice(5))]),
    answerOf([freshBatch(events)]),
  ]) {
    const { sent, turn, error } = await relayed(answer)
    expect([sent.length, turn.hasEnded(), error]).toEqual([3, true, undefined])
  }
})

test('a failure comes after what was sent before it', async () => {
  const { sent, error } = await relayed(answerOf([freshBatch(events.slice(0, 5))], { failure: { end: 'reset' } }))
  expect(sent).toHaveLength(1)
  expect(error).toMatchObject({ code: 'upstream_reset' })
})

describe('a refusal', () => {
  const body = JSON.stringify({ error: { message: `Bad key ${secret}`, code: 'c' } })

  test('is thrown with its status and its body, without the key that it repeats', async () => {
    const headers = [['x-request-id', 'r']] as const
    const { sent, error } = await relayed(answerOf([fresh(wireOf(body))], { status: 401, headers, framing: 'json' }))
    expect(sent).toEqual([])
    if (!(error instanceof RefusedError)) throw new Error('no refusal')
    expect(error.refusal).toMatchObject({ status: 401, headers })
    expect(error.refusal.body).toContain('"code":"c"')
    expect(error.refusal.body + error.message).not.toContain(secret)
  })

  test('is one even if its body breaks', async () => {
    const pieces = wireOf('{"error":{"mess')
    const { error } = await relayed(
      answerOf([fresh(pieces)], { status: 500, framing: 'json', failure: { end: 'reset' } }),
    )
    expect(error).toMatchObject({ code: 'upstream_refused', refusal: { status: 500, body: '{"error":{"mess' } })
  })

  test('ends for another reason if there is one', async () => {
    const { error } = await relayed({
      ...answerOf([], { status: 500 }),
      records: (async function* () {
        yield fresh(wireOf('x'))
        throw new DeltatapeError('cancelled', 'The client left.')
      })(),
    })
    expect(error).toMatchObject({ code: 'cancelled' })
  })

  test('is kept up to a limit', async () => {
    const { error } = await relayed(
      answerOf(
        Array.from({ length: 3 }, () => fresh(wireOf('é'.repeat(1024 * 1024)))),
        { status: 500, framing: 'text' },
      ),
    )
    if (!(error instanceof RefusedError)) throw new Error('no refusal')
    expect(error.refusal.body).toHaveLength(1024 * 1024)
  })
})

describe('an answer without an end', () => {
  test('is malformed if it is no event stream: its beginning says what it is, without a key', async () => {
    const pieces = wireOf('<html>', Buffer.from([0xff]), ` Bad key ${secret}`)
    const { error } = await relayed(answerOf([fresh(pieces)], { framing: 'text' }))
    expect(error).toBeInstanceOf(ModelError)
    expect(error).toMatchObject({
      code: 'upstream_malformed',
      message: expect.stringMatching(/no event: <html>\u{FFFD} Bad key \[redacted/u),
    })
  })

  test('breaks the contract of models if it is one', async () => {
    for (const pieces of [[], events.slice(0, 2)]) {
      const { error } = await relayed(answerOf([freshBatch(pieces)]))
      expect(error).toMatchObject({ message: 'The model ended without a terminal event.' })
    }
  })
})
