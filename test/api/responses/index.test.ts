/** The row of the Responses API. */
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../server/base/json.ts'
import { parseExact } from '../../../server/base/json.ts'
import { responses } from '../../../server/api/responses/index.ts'
import { compose } from '../../kit/answers.ts'
import { callOf, toEvents, toRecords } from '../../kit/calls.ts'

const textual = (...wires: string[]) => wires.map((wire, index) => ({ at: index * 10, wire }))

describe('events', () => {
  test('of a stream are those of its records', () => {
    const records = toRecords(compose('x').text(['Hi']).completed())
    expect(responses.events(records)).toEqual(records.map(({ event }) => event))
  })

  test.each<[string, string]>([
    ['{"id":"resp_1","object":"response","status":"completed"}', 'response.completed'],
    ['{"id":"resp_1","object":"response","status":"failed","error":{"message":"Oh"}}', 'response.failed'],
    ['{"id":"resp_1","object":"response","status":"in_progress"}', 'response.in_progress'],
    ['{"id":"resp_1","object":"response","status":"cancelled"}', 'response.cancelled'],
    ['{"object":"list","data":[]}', 'list'],
    ['{"a":1}', ''],
  ])('of the body %s are one: %s', (body, type) => {
    const events = responses.events(textual(` ${body.slice(0, 9)}`, `${body.slice(9)}\n`))
    expect(events).toMatchObject([{ at: 10, type, body: { response: JSON.parse(body) } }])
    expect(events[0]?.text).toContain(body)
  })

  test('of an error are one that tells it', () => {
    const [event, ...others] = responses.events(textual('{\n  "error": { "message": "Oh", "code": "x" }\n}\n'))
    expect([event?.type, others]).toEqual(['error', []])
    expect(event && responses.failureOf(event)).toEqual({
      code: 'upstream_error',
      message: 'The API sent an error: Oh (x).',
    })
  })

  test('whose types are long take linear time', () => {
    for (const type of [`response.${'_call_'.repeat(200_000)}!`, `response.${'a'.repeat(1_000_000)}_call_`]) {
      expect(responses.told(toEvents([{ type, delta: 'x' }])).calls).toEqual([])
    }
  })

  test('of what is no JSON object are none', () => {
    for (const body of ['', '<p>', '[1]', '{"id":']) expect(responses.events(textual(body))).toEqual([])
    expect(responses.events([{ at: 0, wire: Uint8Array.of(0xff) }])).toEqual([])
  })
})

describe('the id of an answer', () => {
  const events = toEvents(compose('x').text(['Hi']).completed())

  test('is there for a call that asks for one, and for no other', () => {
    for (const path of ['/v1/responses', '/responses']) {
      expect(responses.answerId({ method: 'POST', path }, events)).toBe('resp_x')
    }
    // Reading an answer once more gives no new one.
    expect(responses.answerId({ method: 'GET', path: '/v1/responses/resp_x' }, events)).toBeUndefined()
    expect(responses.answerId({ method: 'POST', path: '/v1/responses/resp_x/cancel' }, events)).toBeUndefined()
  })

  test('is what a request continues', () => {
    expect(responses.continues({ previous_response_id: 'resp_x' })).toBe('resp_x')
    expect(responses.continues({ previous_response_id: null })).toBeUndefined()
    expect(responses.continues({})).toBeUndefined()
  })
})

test('only a call that asks for an answer has to be JSON', () => {
  const content = Buffer.from('x=1')
  const call = { query: '', headers: [], content }
  responses.check({ method: 'POST', path: '/v1/responses/resp_1/cancel', ...call })
  responses.check({ method: 'GET', path: '/v1/responses/resp_1', ...call })
  for (const path of ['/v1/responses', '/responses']) {
    expect(() => responses.check({ method: 'POST', path, ...call })).toThrow(/application\/json/)
  }
})

describe('the same request as a stream', () => {
  const asked = (text: string, more: Parameters<typeof callOf>[1] = {}) => {
    const content = Buffer.from(text)
    const request: JsonObject = JSON.parse(text)
    return responses.inOne?.request(callOf({}, { content, body: content, ...more }), request)
  }

  test.each([
    ['{"input":"Hi"}', '{"input":"Hi","stream":true}'],
    ['{}', '{"stream":true}'],
    [' { "input" : 9007199254740993 }\n', ' { "input" : 9007199254740993 ,"stream":true}'],
    ['{"stream":false,"input":"}"}', '{"stream":false,"input":"}","stream":true}'],
    ['{"stream":null}', '{"stream":null,"stream":true}'],
  ])('of %s is %s', (text, streamed) => {
    expect(asked(text)).toBe(streamed)
    expect(parseExact(streamed, (digits) => digits)).toMatchObject({ stream: true })
  })

  test('is none if it asks for a stream already, or for no answer', () => {
    expect(asked('{"stream":true}')).toBeUndefined()
    expect(asked('{}', { method: 'GET' })).toBeUndefined()
    expect(asked('{}', { path: '/v1/responses/resp_1/cancel' })).toBeUndefined()
  })
})
