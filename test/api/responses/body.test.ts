/** The JSON bodies of the Responses API: requests, and whole answers made of streams. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { answerInOne, checkType, parseBody } from '../../../server/api/responses/body.ts'
import { DeltatapeError } from '../../../server/base/errors.ts'
import { isObject, parseObject } from '../../../server/base/json.ts'
import { compose, words } from '../../kit/answers.ts'
import { toEvents } from '../../kit/calls.ts'
import { absent, eventsOf, readCorpus } from '../../kit/corpus.ts'

type Json = Readonly<Record<string, unknown>>

describe('a request', () => {
  test.each(['application/json', 'Application/JSON; charset=utf-8', 'application/json ;x=y'])(
    'may be said to be %s',
    (type) => {
      checkType(type)
    },
  )

  test.each([
    undefined,
    '',
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonx',
    'text/application/json',
  ])('may not be said to be %s: pages can send that without asking', (type) => {
    expect(() => checkType(type)).toThrow(expect.objectContaining({ code: 'unsupported_media_type' }))
  })

  test('is a JSON object', () => {
    expect(parseBody(' {"model":"m"}\n')).toEqual({ model: 'm' })
    for (const text of ['', '{', 'model=m']) {
      expect(() => parseBody(text)).toThrow(expect.objectContaining({ code: 'invalid_json' }))
    }
    for (const text of [
      '[]',
      'null',
      '7',
      '"text"',
      '{"input":"\\ud83d"}',
      `{"a":${'['.repeat(200)}${']'.repeat(200)}}`,
    ]) {
      expect(() => parseBody(text)).toThrow(expect.objectContaining({ code: 'invalid_input' }))
    }
  })

  test('of any JSON is read or refused, never more', () => {
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
})

describe('an answer in one piece', () => {
  const inOne = (objects: readonly Json[]) => {
    const { status, text } = answerInOne(toEvents(objects))
    return { status, body: JSON.parse(text) }
  }

  test('is the response of the terminal event', () => {
    const events = compose('g').text(words('Hello there')).completed()
    expect(inOne(events)).toEqual({ status: 200, body: events.at(-1)?.response })
    const incomplete = compose('g').text(['Hello']).incomplete('max_output_tokens')
    expect(inOne(incomplete)).toEqual({ status: 200, body: incomplete.at(-1)?.response })
    const failed = compose('g').error('server_error', 'Oh')
    expect(inOne(failed)).toEqual({ status: 200, body: failed.at(-1)?.response })
  })

  test('is that of a last event of another type, too', () => {
    const events = compose('g').text(['Hi']).completed()
    const done = { ...events.at(-1), type: 'response.done' }
    expect(inOne([...events.slice(0, -1), done])).toEqual({ status: 200, body: events.at(-1)?.response })
  })

  test('is of the first end: nothing makes a success of an error', () => {
    const completed = compose('g').text(['Hi']).completed()
    const error = { type: 'error', error: { message: 'Oh', code: 'server_error' } }
    expect(inOne([error, ...completed])).toMatchObject({ status: 500, body: { error: { message: 'Oh' } } })
    const failed = { type: 'response.failed', response: { status: 'failed' } }
    expect(inOne([...completed, failed]).body).toEqual(completed.at(-1)?.response)
    expect(inOne([{ type: 'response.failed' }])).toMatchObject({
      status: 500,
      body: { error: { type: 'server_error' } },
    })
    const slow = { type: 'error', error: { message: 'Slow', code: 'rate_limit_exceeded' } }
    expect(inOne([slow, { type: 'response.failed' }])).toMatchObject({
      status: 429,
      body: { error: { message: 'Slow' } },
    })
  })

  test('keeps the very text of the response', () => {
    const text = '{"type":"response.completed","response":{ "a":-0.0, "output" : [ 1.0 ] },"sequence_number":9}'
    const event = { at: 0, type: 'response.completed', text, body: JSON.parse(text) }
    expect(answerInOne([event])).toEqual({ status: 200, text: '{ "a":-0.0, "output" : [ 1.0 ] }' })
  })

  test('has the streamed items if the gateway left them out', () => {
    const events = compose('g').reasoning(['hm']).text(['Hi']).completed()
    const items = events.flatMap(({ type, item }) => (type === 'response.output_item.done' ? [item] : []))
    for (const output of [[], undefined, null]) {
      const last = { type: 'response.completed', response: { id: 'r', status: 'completed', output } }
      expect(inOne([...events.slice(0, -1), last]).body).toEqual({ id: 'r', status: 'completed', output: items })
    }
    const empty = { type: 'response.completed', response: {} }
    expect(inOne([...events.slice(0, -1), empty]).body).toEqual({ output: items })
  })

  test.each<[Json, number]>([
    [{ type: 'error', error: { message: 'Slow', type: 'requests', code: 'rate_limit_exceeded', param: null } }, 429],
    [{ type: 'error', error: { message: 'Pay', code: 'insufficient_quota' } }, 429],
    [{ type: 'error', code: 'invalid_prompt', message: 'No', param: 'input' }, 400],
    [{ type: 'error', error: { message: 'No', type: 'invalid_request_error' } }, 400],
    [{ type: 'error', code: null, message: 'Oh' }, 500],
    [{ type: 'error', code: 'constructor', message: 'Oh' }, 500],
    [{ type: 'error' }, 500],
  ])('is an HTTP error for an error event alone: %j', (event, status) => {
    const { status: got, body } = inOne([event])
    expect(got).toBe(status)
    expect(Object.keys(body.error ?? {})).toEqual(['message', 'type', 'param', 'code'])
  })

  test.skipIf(absent)('is made of every real stream, with all that it put out', () => {
    for (const stream of readCorpus()) {
      const events = eventsOf(stream)
      const { status, text } = answerInOne(toEvents(events))
      const body = parseObject(text) ?? {}
      const items = events.filter(({ type }) => type === 'response.output_item.done')
      const response = events.findLast((event) => isObject(event.response))?.response
      const output = isObject(response) && Array.isArray(response.output) ? response.output : []
      expect([status, body.id], stream.name).toEqual([200, isObject(response) && response.id])
      expect(body.output ?? [], stream.name).toHaveLength(output.length || items.length)
    }
  })
})
