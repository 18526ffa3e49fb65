/** Turns without a socket: what goes in as messages, what comes out as frames. */
import { describe, expect, test } from 'vitest'
import { type Call, contentText } from '../../../server/api/call.ts'
import { systemClock } from '../../../server/base/clock.ts'
import { DeltatapeError, MissError } from '../../../server/base/errors.ts'
import { createLedger } from '../../../server/base/ledger.ts'
import { fresh } from '../../../server/base/memo.ts'
import type { Model } from '../../../server/model/model.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { createJournal } from '../../../server/serve/journal.ts'
import { createCalls } from '../../../server/serve/ws/calls.ts'
import { chat } from '../../../server/serve/ws/chat.ts'
import { type SessionOptions, createSession } from '../../../server/serve/ws/session.ts'
import { compose, words } from '../../kit/answers.ts'
import { expectRules } from '../../kit/rules.ts'
import { readableLog, settle } from '../../kit/tools.ts'
import { answerOf, freshBatch, inputOf } from './kit.ts'

/** A model that answers each request with its input, word for word, when the test lets it. */
function steppedModel() {
  const asked: { input: string; call: Call; go: () => void; signal: AbortSignal }[] = []
  const model: Model = async (call, signal) => {
    const input = inputOf(call)
    const gate = Promise.withResolvers<void>()
    const events = compose(input).text(words(input)).completed()
    asked.push({ input, call, go: gate.resolve, signal })
    signal.addEventListener('abort', () => gate.reject(signal.reason))
    return answerOf(
      (async function* () {
        yield freshBatch(events.slice(0, 5))
        await gate.promise
        yield freshBatch(events.slice(5))
      })(),
    )
  }
  return { model, asked }
}

/** A model that answers at once. */
const promptModel: Model = async (call) =>
  answerOf([
    freshBatch(
      compose('p')
        .text(words(inputOf(call)))
        .completed(),
    ),
  ])

function setUp(options: Partial<SessionOptions> = {}) {
  const sent: string[] = []
  const { log, lines } = readableLog()
  const redact = createRedactor()
  const session = createSession({
    model: promptModel,
    dialect: chat({ model: 'gpt-4.1-mini', deltas: true })(redact.text),
    callFor: createCalls({
      own: true,
      headers: [],
      query: '',
      credential: undefined,
      manner: {},
    }).for,
    redact,
    spoken: '/ws-stream',
    endpoint: '/ws-stream',
    maxQueuedTurns: 3,
    account: createLedger(2 ** 28).open(),
    drop: () => {},
    clock: systemClock,
    journal: createJournal(log, 'replay'),
    log,
    send({ items }) {
      sent.push(...items)
      return undefined
    },
    ...options,
  })
  const send = (message: unknown) => session.receive(JSON.stringify(message))
  return { session, send, sent, lines, frames: () => sent.map((text): unknown => JSON.parse(text)) }
}

describe('one after another', () => {
  test('turns are answered in the order they were sent, and never mixed', async () => {
    const { send, sent } = setUp()
    for (const id of ['1', '2', '3', '4']) send({ input: `turn ${id}`, id })
    await settle()
    expectRules(sent, ['1', '2', '3', '4'])
  })

  test('the model is asked for the next turn when the one before has ended', async () => {
    const { model, asked } = steppedModel()
    const { send, sent } = setUp({ model })
    send({ input: 'one two', id: '1' })
    send({ input: 'three', id: '2' })
    await settle()
    expect(asked.map(({ input }) => input)).toEqual(['one two'])
    asked[0]?.go()
    await settle()
    asked[1]?.go()
    await settle()
    expectRules(sent, ['1', '2'])
  })

  test('what cannot be a turn is answered in its place', async () => {
    const { model, asked } = steppedModel()
    const { session, send, sent } = setUp({ model })
    send({ input: 'one two', id: '1' })
    session.receive('no json')
    session.receive(undefined)
    send({ input: '', id: '4' })
    await settle()
    expect(sent).toHaveLength(1)
    asked[0]?.go()
    await settle()
    const turns = expectRules(sent, ['1', undefined, undefined, '4'])
    expect(turns.slice(1).map(([frame]) => frame?.code)).toEqual(['invalid_json', 'invalid_json', 'invalid_input'])
  })

  test('a connection that is broken on purpose takes its waiting turns along', async () => {
    const asked: unknown[] = []
    const dropping: Model = async (call) => {
      asked.push(inputOf(call))
      return answerOf(
        (async function* () {
          yield freshBatch(compose('d').text(['one']).cut().events)
          throw new DeltatapeError('dropped', 'On purpose.')
        })(),
      )
    }
    let drops = 0
    const { send, sent } = setUp({ model: dropping, drop: () => drops++ })
    for (const id of ['1', '2', '3']) send({ input: `turn ${id}`, id })
    await settle()
    send({ input: 'turn 4', id: '4' })
    await settle()
    expect(asked).toEqual(['turn 1'])
    expect(drops).toBe(1)
    expect(sent).toEqual(['{"type":"delta","message":"one","id":"1"}'])
  })

  test('beyond the queue a request is answered busy, at once', async () => {
    const { model, asked } = steppedModel()
    const { send, sent } = setUp({ model, maxQueuedTurns: 2 })
    for (const id of ['1', '2', '3', '4', '5']) send({ input: `turn ${id}`, id })
    expect(sent.map((text) => JSON.parse(text))).toMatchObject([
      { code: 'busy', id: '4' },
      { code: 'busy', id: '5' },
    ])
    sent.length = 0
    for (let turn = 0; turn < 3; turn++) {
      await settle()
      asked[turn]?.go()
    }
    await settle()
    expectRules(sent, ['1', '2', '3'])
  })

  test('what is no request takes no place in the queue', async () => {
    const { model, asked } = steppedModel()
    const { session, send, sent } = setUp({ model, maxQueuedTurns: 1 })
    send({ input: 'one two', id: '1' })
    for (let index = 0; index < 3000; index++) session.receive('junk')
    send({ input: 'two', id: '2' })
    send({ input: 'three', id: '3' })
    await settle()
    expect(sent.map((text) => JSON.parse(text)).filter(({ id }) => id === '3')).toMatchObject([{ code: 'busy' }])
    asked[0]?.go()
    await settle()
    asked[1]?.go()
    await settle()
    expect(sent.filter((text) => text.includes('invalid_json'))).toHaveLength(3000)
    expect(JSON.parse(sent.at(-1) ?? '')).toMatchObject({ type: 'message', id: '2' })
  })

  test('10,000 junk messages are 10,000 errors, and the next turn is fine', async () => {
    const { session, send, sent } = setUp()
    for (let index = 0; index < 10_000; index++) session.receive(`junk ${index}`)
    expect(sent).toHaveLength(10_000)
    send({ input: 'still here?', id: 'x' })
    await settle()
    expect(JSON.parse(sent.at(-1) ?? '')).toMatchObject({ type: 'message', message: 'still here?', id: 'x' })
  })
})

describe('ids', () => {
  test('the id of an open turn is refused without it, and may be used again afterwards', async () => {
    const { model, asked } = steppedModel()
    const { send, sent } = setUp({ model })
    send({ input: 'one two', id: '1' })
    send({ input: 'again', id: '1' })
    await settle()
    asked[0]?.go()
    await settle()
    const turns = expectRules(sent, ['1', undefined])
    expect(turns[1]).toMatchObject([{ code: 'invalid_input', message: expect.stringContaining('"1"') }])
    send({ input: 'again', id: '1' })
    await settle()
    asked[1]?.go()
    await settle()
    expectRules(sent, ['1', undefined, '1'])
  })

  test('whatever else is wrong, the id of an open turn is never echoed to another', async () => {
    const { model, asked } = steppedModel()
    const { session, send, sent } = setUp({ model, maxQueuedTurns: 2 })
    send({ input: 'one two', id: '1' })
    send({ input: '', id: '1' })
    send({ input: 'two', id: '2' })
    send({ input: 'busy', id: '2' })
    void session.drain()
    send({ input: 'late', id: '1' })
    await settle()
    asked[0]?.go()
    await settle()
    asked[1]?.go()
    await settle()
    const ids = sent
      .map((text) => JSON.parse(text))
      .filter(({ type }) => type !== 'delta')
      .map(({ id }) => id)
    expect(ids).toEqual(['1', undefined, '2', undefined, undefined])
  })
})

describe('cancel', () => {
  test('ends the running turn at once, and frees the model', async () => {
    const { model, asked } = steppedModel()
    const { send, sent } = setUp({ model })
    send({ input: 'one two' })
    await settle()
    send({ type: 'cancel' })
    expect(JSON.parse(sent.at(-1) ?? '')).toMatchObject({ type: 'error', code: 'cancelled' })
    expect(asked[0]?.signal.aborted).toBe(true)
    await settle()
    expectRules(sent, [undefined])
  })

  test('ends the turn with its id, running or waiting, and no other', async () => {
    const { model, asked } = steppedModel()
    const { send, sent } = setUp({ model })
    for (const id of ['1', '2', '3']) send({ input: `turn ${id}`, id })
    await settle()
    send({ type: 'cancel', id: '2' })
    send({ type: 'cancel', id: 'unknown' })
    send({ type: 'cancel', id: '1' })
    await settle()
    asked[1]?.go()
    await settle()
    const turns = expectRules(sent, ['1', '2', '3'])
    expect(turns.map((turn) => turn.at(-1)?.code ?? turn.at(-1)?.message)).toEqual(['cancelled', 'cancelled', 'turn 3'])
    expect(asked.map(({ input }) => input)).toEqual(['turn 1', 'turn 3'])
  })

  test('without an id means the next one, if the running one has ended and its model has not', async () => {
    const ended = Promise.withResolvers<void>()
    const model: Model = async () =>
      answerOf(
        (async function* () {
          yield freshBatch([{ type: 'error', error: { message: 'Oh' } }])
          await ended.promise
        })(),
      )
    const { send, sent } = setUp({ model })
    send({ input: 'one', id: '1' })
    send({ input: 'two', id: '2' })
    await settle()
    send({ type: 'cancel' })
    ended.resolve()
    await settle()
    expect(expectRules(sent, ['1', '2']).map((turn) => turn.at(-1)?.code)).toEqual(['upstream_error', 'cancelled'])
  })

  test('without such a turn is ignored', async () => {
    const { send, sent } = setUp()
    send({ type: 'cancel' })
    send({ type: 'cancel', id: 'x' })
    await settle()
    expect(sent).toEqual([])
  })
})

describe('a client that leaves', () => {
  test('aborts its turn at once, drops those that wait, and gets nothing more', async () => {
    const { model, asked } = steppedModel()
    const { session, send, sent } = setUp({ model })
    send({ input: 'one two' })
    send({ input: 'three' })
    await settle()
    const before = sent.length
    session.leave()
    expect(asked[0]?.signal.aborted).toBe(true)
    await settle()
    expect(sent).toHaveLength(before)
    expect(asked).toHaveLength(1)
  })

  test('right after the end, too: what follows an error is nothing to pay for', async () => {
    const left = Promise.withResolvers<void>()
    let aborted: boolean | undefined
    const model: Model = async (_call, signal) =>
      answerOf(
        (async function* () {
          yield freshBatch(compose('x').text(['a']).completed())
          await left.promise
          aborted = signal.aborted
        })(),
      )
    const { session, send, sent } = setUp({ model })
    send({ input: 'one' })
    await settle()
    expectRules(sent, [undefined])
    session.leave()
    left.resolve()
    await settle()
    expect(aborted).toBe(true)
    expectRules(sent, [undefined])
  })
})

describe('shutdown', () => {
  test('takes no new turns, lets the others end, and then is done', async () => {
    const { model, asked } = steppedModel()
    const { session, send, sent } = setUp({ model })
    send({ input: 'one two', id: '1' })
    send({ input: 'two', id: '2' })
    await settle()
    let drained = false
    const draining = session.drain().then(() => (drained = true))
    send({ input: 'late', id: '3' })
    asked[0]?.go()
    await settle()
    expect(drained).toBe(false)
    asked[1]?.go()
    await draining
    const turns = expectRules(sent, ['1', '2', '3'])
    expect(turns[2]).toMatchObject([{ code: 'shutting_down' }])
  })

  test('ends all turns with their frame when they must', async () => {
    const { model } = steppedModel()
    const { session, send, sent } = setUp({ model })
    for (const id of ['1', '2', '3']) send({ input: `turn ${id}`, id })
    await settle()
    const draining = session.drain()
    session.stop(new DeltatapeError('shutting_down', 'Bye.'))
    await draining
    const turns = expectRules(sent, ['1', '2', '3'])
    expect(turns.map((turn) => turn.at(-1)?.code)).toEqual(['shutting_down', 'shutting_down', 'shutting_down'])
  })

  test('of a session without turns is done at once', async () => {
    await setUp().session.drain()
  })
})

describe('a model that breaks the contract', () => {
  test.each<[string, Model]>([
    [
      'throws what nobody expects',
      async () =>
        answerOf(
          (async function* () {
            yield freshBatch([{ type: 'response.output_text.delta', delta: 'a' }])
            throw new TypeError('a bug')
          })(),
        ),
    ],
    ['rejects with it', () => Promise.reject(new TypeError('a bug'))],
    [
      'throws at once',
      () => {
        throw new TypeError('a bug')
      },
    ],
    ['ends without an end', async () => answerOf([freshBatch([{ type: 'response.created' }])])],
  ])('%s: the turn ends with internal, the log says why, the next one is fine', async (_what, broken) => {
    let first = true
    const { send, sent, lines } = setUp({
      model(call, signal) {
        const model = first ? broken : promptModel
        first = false
        return model(call, signal)
      },
    })
    send({ input: 'one', id: '1' })
    send({ input: 'two', id: '2' })
    await settle()
    const turns = expectRules(sent, ['1', '2'])
    expect(turns[0]?.at(-1)).toMatchObject({ code: 'internal' })
    expect(turns[0]?.at(-1)?.message).not.toContain('bug')
    expect(lines.join('')).toMatch(/a bug|terminal event/)
  })
})

test('a slow reader makes the model wait', async () => {
  const taken = Promise.withResolvers<void>()
  let pulled = 0
  const model: Model = async () =>
    answerOf(
      (async function* () {
        for (const event of compose('x').text(['a', 'b', 'c']).completed()) {
          pulled++
          yield freshBatch([event])
        }
      })(),
    )
  const { send, sent } = setUp({
    model,
    send({ items }) {
      sent.push(...items)
      return taken.promise
    },
  })
  send({ input: 'one' })
  await settle()
  expect(pulled).toBe(5)
  taken.resolve()
  await settle()
  expectRules(sent, [undefined])
})

test('the API is asked for the chat model, the input and the conversation, without padding', async () => {
  const { model, asked } = steppedModel()
  const { send } = setUp({ model })
  send({ input: 'one', id: '1', previous_response_id: 'resp_0', instructions: 'not a member' })
  await settle()
  expect(asked[0]?.call).toMatchObject({ own: true, method: 'POST', path: '/v1/responses' })
  expect(JSON.parse(asked[0] ? contentText(asked[0].call) : '')).toEqual({
    model: 'gpt-4.1-mini',
    input: 'one',
    previous_response_id: 'resp_0',
    stream: true,
    stream_options: { include_obfuscation: false },
  })
})

test('a line a turn says what happened, ignored members too', async () => {
  const { send, lines } = setUp()
  send({ input: 'one two', id: '7', instructions: 'x' })
  await settle()
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'info',
    endpoint: '/ws-stream',
    turn: '7',
    mode: 'replay',
    frames: 3,
    ignored: 'instructions',
  })
})

describe('a line says what became of the fixture', () => {
  const lineFor = async (model: Model) => {
    const { send, sent, lines } = setUp({ model })
    send({ input: 'one' })
    await settle()
    expectRules(sent, [undefined])
    return JSON.parse(lines.at(-1) ?? '')
  }

  test('as it is known after the last record', async () => {
    const saving: Model = async (call, signal) => {
      const { head, records } = await promptModel(call, signal)
      let saved = false
      return {
        head,
        get action() {
          return saved ? ({ kind: 'saved', fixture: 'one.jsonl' } as const) : undefined
        },
        records: (async function* () {
          yield* records
          saved = true
        })(),
      }
    }
    expect(await lineFor(saving)).toMatchObject({ action: 'saved', fixture: 'one.jsonl' })
  })

  test('of a miss, which one it would be', async () => {
    const missing: Model = () => Promise.reject(new MissError('No fixture.', 'one.jsonl'))
    expect(await lineFor(missing)).toMatchObject({ action: 'miss', fixture: 'one.jsonl', code: 'fixture_miss' })
  })
})

test('an API that refuses the request is an error frame with its status', async () => {
  const body = JSON.stringify({ error: { message: 'Slow down' } })
  const { send, frames } = setUp({
    model: async () => answerOf([fresh([{ at: 0, wire: body }])], { status: 429, framing: 'json' }),
  })
  send({ input: 'one' })
  await settle()
  const message = 'The API refused the request with HTTP 429: Slow down.'
  expect(frames()).toEqual([{ type: 'error', message, code: 'upstream_refused', status: 429 }])
})
