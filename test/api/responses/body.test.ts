import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DeltatapeError } from '../../../server/base/errors.ts'
import { ModelError, type Failure } from '../../../server/api/ending.ts'
import { type ModelEvent } from '../../../server/api/event.ts'
import { createRedactor } from '../../../server/redact/redactor.ts'
import { apiErrorOf, gather, parseBody } from '../../../server/api/responses/body.ts'
import { encodeEvents } from '../../../server/api/sse.ts'
import { endStream } from '../../../server/serve/http/exchange.ts'
import { responses } from '../../../server/serve/ws/responses.ts'
import { createEventReader } from '../../../server/api/sse.ts'
import { compose, words } from '../../kit/answers.ts'
import { toEvents } from '../../kit/tools.ts'

const dialect = responses({ redact: createRedactor().text })

const sse = (events: readonly ModelEvent[]) => new TextDecoder().decode(encodeEvents(events))

describe('encodeEvents', () => {
  test('writes an event as the API does, its text as it is', () => {
    const [event] = toEvents([{ type: 'response.created', n: 1 }])
    expect(sse(event ? [{ ...event, text: '{ "type":"response.created", "n":1.0 }' }] : [])).toBe(
      'event: response.created\ndata: { "type":"response.created", "n":1.0 }\n\n',
    )
  })

  test('names no event that has no type, and none whose type would break the line', () => {
    expect(sse(toEvents([{ error: { message: 'x' } }, { type: 'a\nb' }]))).toBe(
      'data: {"error":{"message":"x"}}\n\ndata: {"type":"a\\nb"}\n\n',
    )
  })

  test('what is written is what is read', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()).map((body) => ({ ...body, type: 't' }))),
        (objects) => {
          const events = toEvents(objects)
          const reader = createEventReader()
          const read = reader.read(encodeEvents(events), 0)
          expect(read.events.map(({ text }) => text)).toEqual(events.map(({ text }) => text))
        },
      ),
    )
  })
})

describe('endStream', () => {
  test.each<[Failure, string, boolean]>([
    [{ end: 'truncated' }, '', false],
    [{ end: 'reset', why: 'ECONNRESET' }, '', true],
    [{ end: 'stalled' }, '', true],
    [{ end: 'malformed', text: '{"type":' }, 'data: {"type":\n\n', false],
    [{ end: 'malformed', text: 'two\nlines' }, 'data: two\ndata: lines\n\n', false],
  ])('%j', (failure, text, broken) => {
    expect(endStream(new ModelError(failure))).toEqual({ text, broken })
  })

  test('an error of our own is an error event', () => {
    const { text, broken } = endStream(new DeltatapeError('shutting_down', 'Bye.'))
    expect(text).toBe(
      'event: error\ndata: {"type":"error","status":503,"error":{"message":"Bye.","type":"server_error","param":null,"code":"shutting_down"}}\n\n',
    )
    expect(broken).toBe(false)
  })
})

describe('apiErrorOf', () => {
  test('a refusal of the API keeps its status and its error', () => {
    const refused = (body: string) => apiErrorOf(new ModelError({ end: 'refused', status: 429, headers: {}, body }))
    expect(refused('{"error":{"message":"Slow down","code":"rate_limit_exceeded"}}')).toEqual({
      status: 429,
      error: { message: 'Slow down', code: 'rate_limit_exceeded' },
    })
    expect(refused('<p>')).toEqual({
      status: 429,
      error: {
        message: 'The API refused the request with HTTP 429: <p>.',
        type: 'invalid_request_error',
        param: null,
        code: 'upstream_refused',
      },
    })
  })

  test.each([
    ['fixture_miss', 404, 'invalid_request_error'],
    ['busy', 503, 'server_error'],
    ['too_large', 413, 'invalid_request_error'],
    ['fixture_invalid', 500, 'server_error'],
    ['upstream_stalled', 504, 'server_error'],
  ] as const)('%s is %i', (code, status, type) => {
    expect(apiErrorOf(new DeltatapeError(code, 'Why.'))).toEqual({
      status,
      error: { message: 'Why.', type, param: null, code },
    })
  })
})

describe('gather', () => {
  const gathered = (objects: readonly Readonly<Record<string, unknown>>[]) => {
    const all = gather()
    for (const event of toEvents(objects)) all.push([event])
    const { status, text } = all.result()
    return { status, body: JSON.parse(text) }
  }

  test('gives the response of the terminal event', () => {
    const events = compose('g').text(words('Hello there')).completed()
    expect(gathered(events)).toEqual({ status: 200, body: events.at(-1)?.response })
    const failed = compose('g').error('server_error', 'Oh')
    expect(gathered(failed)).toEqual({ status: 200, body: failed.at(-1)?.response })
  })

  test('the first end counts: nothing makes a success of an error', () => {
    const completed = compose('g').text(['Hi']).completed()
    const error = { type: 'error', error: { message: 'Oh', code: 'server_error' } }
    expect(gathered([error, ...completed])).toMatchObject({ status: 500, body: { error: { message: 'Oh' } } })
    const failed = { type: 'response.failed', response: { status: 'failed' } }
    expect(gathered([...completed, failed]).body).toEqual(completed.at(-1)?.response)
    expect(gathered([{ type: 'response.failed' }])).toMatchObject({
      status: 500,
      body: { error: { type: 'server_error' } },
    })
    const slow = { type: 'error', error: { message: 'Slow', code: 'rate_limit_exceeded' } }
    expect(gathered([slow, { type: 'response.failed' }])).toMatchObject({
      status: 429,
      body: { error: { message: 'Slow' } },
    })
  })

  test('keeps the very text of the response', () => {
    const text = '{"type":"response.completed","response":{ "a":-0.0, "output" : [ 1.0 ] },"sequence_number":9}'
    const all = gather()
    all.push([{ at: 0, type: 'response.completed', text, body: JSON.parse(text) }])
    expect(all.result()).toEqual({ status: 200, text: '{ "a":-0.0, "output" : [ 1.0 ] }' })
  })

  test('builds the output of the streamed items where the gateway left it out', () => {
    const events = compose('g').reasoning(['hm']).text(['Hi']).completed()
    const items = events.flatMap(({ type, item }) => (type === 'response.output_item.done' ? [item] : []))
    for (const output of [[], undefined, null]) {
      const last = { type: 'response.completed', response: { id: 'r', status: 'completed', output } }
      expect(gathered([...events.slice(0, -1), last]).body).toEqual({ id: 'r', status: 'completed', output: items })
    }
  })

  test.each([
    [{ type: 'error', error: { message: 'Slow', type: 'requests', code: 'rate_limit_exceeded', param: null } }, 429],
    [{ type: 'error', error: { message: 'Pay', code: 'insufficient_quota' } }, 429],
    [{ type: 'error', code: 'invalid_prompt', message: 'No', param: 'input' }, 400],
    [{ type: 'error', code: null, message: 'Oh' }, 500],
    [{ type: 'error' }, 500],
  ])('an error event alone is an HTTP error: %j', (event, status) => {
    const { status: got, body } = gathered([event])
    expect(got).toBe(status)
    expect(Object.keys(body.error ?? {})).toEqual(['message', 'type', 'param', 'code'])
  })
})

test('any JSON value as a body is read or refused, never more', () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), (text) => {
      try {
        expect(parseBody(text)).toBeTypeOf('object')
      } catch (error) {
        expect(error).toBeInstanceOf(DeltatapeError)
      }
    }),
  )
})

describe('the WebSocket dialect', () => {
  const read = (message: unknown) => dialect.read(typeof message === 'string' ? message : JSON.stringify(message))
  const request = (more: Record<string, unknown> = {}) => {
    const message = read({ type: 'response.create', model: 'm', input: 'Hi', ...more })
    if (message.kind !== 'request') throw new Error(message.kind)
    return message
  }

  test('takes response.create with all its members', () => {
    expect(request({ tools: [1], unknown: { a: 1 } }).body).toEqual({
      model: 'm',
      input: 'Hi',
      tools: [1],
      unknown: { a: 1 },
    })
  })

  test.each(['{', 'null', '[]', '{"type":"response.steer"}', '{"input":"Hi"}', '{"type":"cancel"}'])(
    'answers %j with an error of the API',
    (text) => {
      const message = read(text)
      if (message.kind !== 'refused') throw new Error(message.kind)
      expect(message.messages.map((sent): unknown => JSON.parse(sent))).toEqual([
        {
          type: 'error',
          status: 400,
          error: {
            message: expect.any(String),
            type: 'invalid_request_error',
            param: null,
            code: expect.stringMatching(/^invalid_/),
          },
        },
      ])
      expect(dialect.read(undefined).kind).toBe('refused')
    },
  )

  test('sends each event as it is, to the last', () => {
    const { turn } = request()
    const events = toEvents(compose('w').error('server_error', 'Oh'))
    expect(turn.push(events)).toEqual(events.map(({ text }) => text))
    expect(turn.ended).toBe(true)
    expect(turn.error).toEqual({ code: 'upstream_error', message: 'Oh' })
    expect(turn.fail(new DeltatapeError('internal', 'x'))).toEqual([])
  })

  test('sends an error once', () => {
    const { turn } = request()
    const refused = new ModelError({
      end: 'refused',
      status: 429,
      headers: {},
      body: '{"error":{"message":"Slow down","code":"c"}}',
    })
    expect(turn.fail(refused)).toEqual(['{"type":"error","status":429,"error":{"message":"Slow down","code":"c"}}'])
    expect(turn.fail(refused)).toEqual([])
  })

  test('marks every message with the lane of the request, where it has one', () => {
    const { turn, body } = request({ stream_id: 'lane-1' })
    expect(body).not.toHaveProperty('stream_id')
    const events = toEvents(compose('w').text(['a']).completed())
    for (const [index, sent] of turn.push(events).entries()) {
      expect(JSON.parse(sent)).toEqual({ stream_id: 'lane-1', ...events[index]?.body })
    }
    const { turn: other } = request({ stream_id: 'lane-1' })
    expect(JSON.parse(other.fail(new DeltatapeError('busy', 'Later.'))[0] ?? '')).toMatchObject({
      type: 'error',
      stream_id: 'lane-1',
    })
  })
})
