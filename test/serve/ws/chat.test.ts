import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DeltatapeError } from '../../../server/base/errors.ts'
import { ModelError, RefusedError } from '../../../server/api/ending.ts'
import { fresh, kept } from '../../../server/base/memo.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { chat, chatTurns } from '../../../server/serve/ws/chat.ts'
import { compose, words } from '../../kit/answers.ts'
import { crowd } from '../../kit/crowd.ts'
import { expectRules, type Frame } from '../../kit/rules.ts'
import { type Json, freshBatch, keptBatch, recordsOf } from './kit.ts'

const { text: redact } = createRedactor()

const withDeltas = chatTurns({ deltas: true })
const without = chatTurns({ deltas: false })

/** The frames of a turn over these events: all in one batch, each in its own, and in batches that come again. */
function framesOf(
  pieces: readonly (Json | string)[],
  { deltas = true, id }: { deltas?: boolean; id?: string } = {},
): Frame[] {
  const createTurn = () => (deltas ? withDeltas : without)({ id, redact })
  const framesFor = (batches: Parameters<ReturnType<typeof createTurn>['push']>[0][]) => {
    const turn = createTurn()
    return [...batches.flatMap((batch) => turn.push(batch).items), ...turn.finish()]
  }
  const records = recordsOf(pieces)
  const together = framesFor([fresh(records)])
  const eachAlone = records.map((record) => fresh([record]))
  expect(framesFor(eachAlone)).toEqual(together)
  for (const middle of records.keys()) {
    const parts = [kept(records.slice(0, middle)), kept(records.slice(middle))]
    expect(framesFor(parts)).toEqual(together)
    crowd()
    expect(framesFor(parts)).toEqual(together)
    // The second part comes after records that were cut in another way: that is no step that is known.
    expect(framesFor([...eachAlone.slice(0, middle), ...parts.slice(1)])).toEqual(together)
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

  test('is one frame if deltas are not wanted', () => {
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
    ['a done event after an empty delta', [delta(''), done('all'), completed()]],
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

  test('if the gateway gives an item another id in each event', () => {
    const events = [
      delta('a', { item_id: 'x' }),
      done('a', { item_id: 'y' }),
      completed({ output: [message('a', 'z')] }),
    ]
    expect(texts(framesOf(events))).toEqual(['a', 'a'])
  })

  test('if the answer lists fewer items than were streamed', () => {
    const events = [delta('a', { output_index: 3 }), completed({ output: [message('a')] })]
    expect(texts(framesOf(events))).toEqual(['a', 'a'])
  })

  test('if it does both', () => {
    const events = [delta('a', { item_id: 'x', output_index: 3 }), completed({ output: [message('a', 'z')] })]
    expect(texts(framesOf(events))).toEqual(['a', 'a'])
  })

  test('if the gateway leaves the indexes out', () => {
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
    const turn = withDeltas({ id: 'x', redact })
    const refused = new RefusedError({ status: 429, headers: [], body: '{"error":{"message":"Slow down"}}' })
    expect(turn.fail(refused).map((text): unknown => JSON.parse(text))).toEqual([
      {
        type: 'error',
        message: 'The API refused the request with HTTP 429: Slow down.',
        code: 'upstream_refused',
        status: 429,
        id: 'x',
      },
    ])
    expect(turn.error()).toMatchObject({ code: 'upstream_refused' })
  })
})

describe('an answer that a gateway ends in its own way', () => {
  const end = (status: string, more: Json = {}) => ({ type: 'response.done', response: { status, ...more } })

  test.each([
    ['with its records', []],
    ['before [DONE]', ['[DONE]']],
  ])('is whole %s', (_where, rest) => {
    const frames = framesOf([delta('a'), end('completed', { id: 'r' }), ...rest])
    expect(frames).toEqual([
      { type: 'delta', message: 'a' },
      { type: 'message', message: 'a', response_id: 'r', status: 'completed' },
    ])
  })

  test('may have its text there alone', () => {
    expect(texts(framesOf([end('completed', { output: [message('all')] })]))).toEqual(['all', 'all'])
    expect(texts(framesOf([end('completed', { output: [message('all')] })], { deltas: false }))).toEqual(['all'])
  })

  test('is incomplete or failed as its status says', () => {
    const incomplete = end('incomplete', { incomplete_details: { reason: 'max_output_tokens' } })
    expect(framesOf([delta('a'), incomplete]).at(-1)).toMatchObject({ type: 'message', reason: 'max_output_tokens' })
    for (const status of ['failed', 'cancelled']) {
      expect(framesOf([end(status, { error: { message: 'Oh' } })])).toEqual([
        { type: 'error', message: 'The API failed to answer: Oh.', code: 'upstream_failed' },
      ])
    }
  })

  test('goes on if another event follows', () => {
    for (const status of ['completed', 'failed']) {
      expect(texts(framesOf([end(status), delta('a'), completed()]))).toEqual(['a', 'a'])
    }
    const turn = withDeltas({ redact })
    turn.push(freshBatch([end('completed'), delta('a')]))
    expect([turn.finish(), turn.hasEnded()]).toEqual([[], false])
  })
})

describe('data that is no event', () => {
  test('fails the turn, at its place', () => {
    expect(framesOf([delta('a'), '<html>Oh</html>', delta('b'), completed()])).toEqual([
      { type: 'delta', message: 'a' },
      {
        type: 'error',
        message: 'The API sent something that is no event: <html>Oh</html>.',
        code: 'upstream_malformed',
      },
    ])
  })

  test('is no failure after the end, or if it says that this is the end', () => {
    expect(texts(framesOf([delta('a'), completed(), 'junk']))).toEqual(['a', 'a'])
    expect(texts(framesOf([delta('a'), '[DONE]', ' ', completed()]))).toEqual(['a', 'a'])
  })

  test('does not repeat a key', () => {
    const secret = `sk-${'proj'}-Ab3dEf6hIj9kLm2nOp5qRs8t`
    expect(JSON.stringify(framesOf([`Bad key ${secret}`]))).not.toContain(secret)
    const turn = withDeltas({ redact })
    expect(turn.fail(new ModelError({ end: 'malformed', why: secret })).join('')).not.toContain(secret)
  })
})

test('what is made of a batch that comes again is remembered for turns without an id, of one state and one endpoint', () => {
  const batch = keptBatch([delta('a'), completed()])
  const once = (create: typeof withDeltas, id?: string) => create({ id, redact }).push(batch)
  expect(once(withDeltas)).toBe(once(withDeltas))
  expect(once(withDeltas).kept).toBe(true)
  expect(once(without)).not.toBe(once(withDeltas))
  expect(once(withDeltas, 'x')).not.toBe(once(withDeltas, 'x'))
  expect(once(withDeltas, 'x').kept).toBe(false)
})

describe('a request', () => {
  const read = (text: string) => {
    const asked = chat({ model: 'm"', deltas: true })(redact).read(text)
    if (asked.kind !== 'request') throw new Error(asked.kind)
    return asked
  }

  test('asks for the model, the input and the conversation, as a stream without padding', () => {
    const { body, content, id, ignored } = read('{"input":"Hi","id":"1","previous_response_id":"resp_0","more":1}')
    expect(body).toBe(
      String.raw`{"model":"m\"","input":"Hi","previous_response_id":"resp_0","stream":true,"stream_options":{"include_obfuscation":false}}`,
    )
    expect({ content, id, ignored }).toEqual({ content: body, id: '1', ignored: ['more'] })
  })

  test('has the input as it was sent', () => {
    const input = String.raw`[ {"n":9007199254740993,"e":"\u00e9"} ]`
    expect(read(`{"input": ${input} }`).body).toContain(`"input":${input},`)
  })
})

test('whatever the events and the errors, there is one terminal frame and nothing after it', () => {
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
    fc.property(fc.array(fc.oneof(event, fc.constantFrom('[DONE]', 'junk')), { maxLength: 30 }), (objects) => {
      const turn = withDeltas({ redact })
      const frames = [
        ...turn.push(freshBatch(objects)).items,
        ...turn.finish(),
        ...turn.fail(new DeltatapeError('cancelled', 'Stop.')),
        ...turn.fail(new DeltatapeError('internal', 'x')),
        ...turn.push(freshBatch(objects)).items,
        ...turn.finish(),
      ]
      expectRules(frames, [undefined])
    }),
  )
})

test('what is remembered of a message that comes again keeps no memory beside its own', () => {
  const { read } = chat({ model: 'm', deltas: true })(redact)
  read('{"input":"hi"}')
  const again = read('{"input":"hi"}')
  const { bytes } = again.kind === 'request' ? again : {}
  expect(bytes?.byteLength).toBeGreaterThan(0)
  expect(bytes?.buffer.byteLength).toBe(bytes?.byteLength)
})
