import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DeltatapeError } from '../../../server/base/errors.ts'
import { ModelError } from '../../../server/api/ending.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { createTurn } from '../../../server/serve/ws/chat.ts'
import { compose, words } from '../../kit/answers.ts'
import { expectRules, type Frame } from '../../kit/rules.ts'
import { toEvents } from '../../kit/tools.ts'

type Json = Readonly<Record<string, unknown>>

const { text: redact } = createRedactor()

/** The frames of a turn over these events: all in one batch, each in its own, and in batches that come again. */
function framesOf(objects: readonly Json[], { deltas = true, id }: { deltas?: boolean; id?: string } = {}): Frame[] {
  const events = toEvents(objects)
  const together = createTurn({ id, deltas, redact }).push(events)
  const turn = createTurn({ id, deltas, redact })
  expect(events.flatMap((event) => turn.push([event]))).toEqual(together)
  for (const middle of events.keys()) {
    const parts = [Object.freeze(events.slice(0, middle)), Object.freeze(events.slice(middle))]
    const again = () => {
      const { push } = createTurn({ id, deltas, redact })
      return parts.flatMap((part) => push(part))
    }
    expect(again()).toEqual(together)
    expect(again()).toEqual(together)
    // A part of them behind a batch of another cut is no step that is known.
    const other = createTurn({ id, deltas, redact })
    const [first = [], second = []] = parts
    expect([...first.flatMap((event) => other.push([event])), ...other.push(second)]).toEqual(together)
  }
  const [frames = []] = expectRules(together, [id], { streamed: deltas })
  return frames
}

const delta = (text: string, more: Json = {}) => ({
  type: 'response.output_text.delta',
  item_id: 'msg',
  output_index: 0,
  content_index: 0,
  delta: text,
  ...more,
})
const done = (text: string, more: Json = {}) => ({
  ...delta(''),
  type: 'response.output_text.done',
  delta: undefined,
  text,
  ...more,
})
const completed = (response: Json = {}) => ({
  type: 'response.completed',
  response: { status: 'completed', ...response },
})
const message = (text: string, id = 'msg') => ({ type: 'message', id, content: [{ type: 'output_text', text }] })

const texts = (frames: readonly Frame[]) => frames.map((frame) => frame.message)

describe('an answer', () => {
  test('gives a delta for each delta, and then all of it with what the API returned', () => {
    const frames = framesOf(compose('t').text(words('Bonjour tout le monde')).completed(), { id: '7' })
    expect(texts(frames)).toEqual(['Bonjour', ' tout', ' le', ' monde', 'Bonjour tout le monde'])
    expect(frames.at(-1)).toEqual({
      type: 'message',
      message: 'Bonjour tout le monde',
      id: '7',
      response_id: 'resp_t',
      model: 'gpt-4.1-mini-2025-04-14',
      status: 'completed',
      usage: { input_tokens: 16, output_tokens: 4, total_tokens: 20 },
    })
  })

  test('is one frame where deltas are not wanted', () => {
    expect(texts(framesOf(compose('t').text(['a', 'b']).completed(), { deltas: false }))).toEqual(['ab'])
  })

  test('joins all parts of all items, refusals too, and leaves reasoning out', () => {
    const events = compose('t').reasoning(['hm']).text(['one ', 'two '], ['three ']).refusal(['four']).completed()
    expect(texts(framesOf(events)).at(-1)).toBe('one two three four')
  })

  test('that is incomplete is a message with its reason', () => {
    expect(framesOf(compose('t').text(['a']).incomplete('max_output_tokens')).at(-1)).toMatchObject({
      type: 'message',
      message: 'a',
      status: 'incomplete',
      reason: 'max_output_tokens',
    })
  })

  test('without text says what it holds instead', () => {
    const frames = framesOf(compose('t').reasoning(['hm']).call('get_weather', ['{"city":', '"Paris"}']).completed())
    expect(frames).toHaveLength(1)
    expect(frames[0]).toMatchObject({
      message: '',
      output: [{ type: 'reasoning' }, { type: 'function_call', name: 'get_weather', arguments: '{"city":"Paris"}' }],
    })
  })

  test('without text of a gateway that leaves the output out says what was streamed', () => {
    const events = compose('t').call('f', ['{}']).events
    expect(framesOf([...events, completed()]).at(-1)).toMatchObject({
      output: [{ type: 'function_call', name: 'f', arguments: '{}' }],
    })
    const unfinished = [...events.filter(({ type }) => type !== 'response.output_item.done'), completed()]
    expect(framesOf(unfinished).at(-1)).toMatchObject({
      output: [{ type: 'function_call', name: 'f', arguments: '{}' }],
    })
    expect(framesOf([completed({ output: [] })])[0]).toMatchObject({ message: '', output: [] })
  })
})

describe('a part without deltas gives its text once', () => {
  const part = { type: 'output_text', text: 'all' }
  const partDone = { ...delta(''), type: 'response.content_part.done', delta: undefined, part }
  const itemDone = { type: 'response.output_item.done', output_index: 0, item: message('all') }

  test.each([
    ['its done event', [done('all'), completed()]],
    ['the end of its part', [partDone, completed()]],
    ['the end of its item', [itemDone, completed()]],
    ['the end of the answer', [completed({ output: [message('all')] })]],
    ['the first of all of them', [done('all'), partDone, itemDone, completed({ output: [message('all')] })]],
    ['a refusal', [{ ...done(''), type: 'response.refusal.done', refusal: 'all' }, completed()]],
    ['a done event behind an empty delta', [delta(''), done('all'), completed()]],
  ])('%s', (_what, events) => {
    const frames = framesOf(events)
    expect(texts(frames).filter((text) => text !== '')).toEqual(['all', 'all'])
  })

  test('in an item with the id of another', () => {
    const second = { item_id: 'msg', output_index: 1 }
    expect(texts(framesOf([delta('a'), done('b', second), completed()]))).toEqual(['a', 'b', 'ab'])
  })

  test('beside one that has them', () => {
    const second = { output_index: 0, content_index: 1 }
    expect(texts(framesOf([delta('a'), done('a'), done('b', second), completed()]))).toEqual(['a', 'b', 'ab'])
  })
})

describe('deltas win', () => {
  test('over a done text that differs', () => {
    expect(texts(framesOf([delta('a'), done('b'), completed({ output: [message('c')] })]))).toEqual(['a', 'a'])
  })

  test('where the gateway gives an item another id in each event', () => {
    const events = [
      delta('a', { item_id: 'x' }),
      done('a', { item_id: 'y' }),
      completed({ output: [message('a', 'z')] }),
    ]
    expect(texts(framesOf(events))).toEqual(['a', 'a'])
  })

  test('where the answer lists fewer items than were streamed', () => {
    const events = [delta('a', { output_index: 3 }), completed({ output: [message('a')] })]
    expect(texts(framesOf(events))).toEqual(['a', 'a'])
  })

  test('where it does both', () => {
    const events = [delta('a', { item_id: 'x', output_index: 3 }), completed({ output: [message('a', 'z')] })]
    expect(texts(framesOf(events))).toEqual(['a', 'a'])
  })

  test('where the gateway leaves the indexes out', () => {
    const bare = { output_index: undefined, content_index: undefined }
    expect(
      texts(framesOf([delta('a', bare), done('a', bare), delta('b', { ...bare, item_id: 'other' }), completed()])),
    ).toEqual(['a', 'b', 'ab'])
  })
})

describe('a failure is one error frame', () => {
  test.each([
    [
      'nested',
      { type: 'error', error: { type: 'server_error', code: 'server_error', message: 'Oh no.' } },
      'The API sent an error: Oh no (server_error).',
    ],
    ['flat', { type: 'error', code: null, message: 'Oh no', param: null }, 'The API sent an error: Oh no.'],
    ['without a type', { error: { message: 'Oh no', code: 500 } }, 'The API sent an error: Oh no.'],
    ['bare', { type: 'error' }, 'The API sent an error.'],
  ])('for an error event that is %s', (_what, event, expected) => {
    const frames = framesOf([delta('a'), event, { type: 'response.failed', response: { error: { message: 'again' } } }])
    expect(frames).toEqual([
      { type: 'delta', message: 'a' },
      { type: 'error', message: expected, code: 'upstream_error' },
    ])
  })

  test('for a failed response', () => {
    expect(framesOf(compose('t').failed('server_error', 'It broke.'))).toEqual([
      { type: 'error', message: 'The API failed to answer: It broke (server_error).', code: 'upstream_failed' },
    ])
  })

  test('in which a key that the API repeats is not', () => {
    const secret = `sk-${'proj'}-Ab3dEf6hIj9kLm2nOp5qRs8t`
    for (const event of [
      { type: 'error', message: `Bad key ${secret}` },
      { type: 'response.failed', response: { error: { message: secret } } },
    ]) {
      expect(JSON.stringify(framesOf([event]))).not.toContain(secret)
    }
  })

  test('with the status of a request that was refused', () => {
    const turn = createTurn({ id: 'x', deltas: true, redact })
    const refused = new ModelError({
      end: 'refused',
      status: 429,
      headers: {},
      body: '{"error":{"message":"Slow down"}}',
    })
    expect(turn.fail(refused).map((text): unknown => JSON.parse(text))).toEqual([
      {
        type: 'error',
        message: 'The API refused the request with HTTP 429: Slow down.',
        code: 'upstream_refused',
        status: 429,
        id: 'x',
      },
    ])
    expect(turn.error).toMatchObject({ code: 'upstream_refused' })
  })
})

test('whatever the events and the errors, there is one terminal frame and nothing behind it', () => {
  const types = [
    'response.created',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.output_item.added',
    'response.refusal.delta',
    'keepalive',
    'response.completed',
    'response.incomplete',
    'response.failed',
    'error',
  ]
  const event = fc.record(
    {
      type: fc.constantFrom(...types),
      delta: fc.jsonValue(),
      text: fc.jsonValue(),
      item: fc.jsonValue(),
      part: fc.jsonValue(),
      response: fc.jsonValue(),
      error: fc.jsonValue(),
      message: fc.jsonValue(),
      item_id: fc.jsonValue(),
      output_index: fc.jsonValue(),
      content_index: fc.jsonValue(),
    },
    { requiredKeys: ['type'] },
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 30 }), (objects) => {
      const turn = createTurn({ deltas: true, redact })
      const frames = [
        ...turn.push(toEvents(objects)),
        ...turn.fail(new DeltatapeError('cancelled', 'Stop.')),
        ...turn.fail(new DeltatapeError('internal', 'x')),
        ...turn.push(toEvents(objects)),
      ]
      expectRules(frames, [undefined])
    }),
  )
})
