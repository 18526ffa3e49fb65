/** The row of last resort. */
import { expect, test } from 'vitest'
import { any } from '../../server/api/any.ts'
import { toEvents, toRecords } from '../kit/calls.ts'

test('takes every call, and all of a request counts', () => {
  expect(any.owns({ method: 'DELETE', path: '/whatever', query: '', headers: [], content: new Uint8Array() })).toBe(
    true,
  )
  const request = { stream: false, metadata: { a: 1 }, input: [{ id: 'x' }], user: 'ada' }
  expect(any.keyed(request)).toBe(request)
  any.check({ method: 'POST', path: '/', query: '', headers: [], content: Uint8Array.of(0xff) })
})

test.each([
  [{ input: 'Embed me' }, 'Embed me'],
  [{ prompt: 'Draw me' }, 'Draw me'],
  [{ input: ['a', 'b'] }, '["a","b"]'],
  [{ model: 'm' }, ''],
])('names a fixture by the input of %j', (request, text) => {
  expect(any.lastUserText(request)).toBe(text)
})

test('cannot tell a cut answer from a whole one: the end of the body is its end', () => {
  const follower = any.follow()
  for (const record of toRecords([{ type: 'response.completed', response: {} }, { error: 'x' }])) {
    expect(follower.take(record)).toBe('open')
  }
  expect(follower.end()).toEqual({ end: 'complete' })
})

const call = { method: 'POST', path: '/v1/chat/completions' }

test.each([
  [[], true],
  [[{ choices: [] }, { message: 'Hello', error: null }], true],
  [[{ type: 'message_start' }, { type: 'error', error: { type: 'overloaded_error' } }], false],
  [[{ choices: [] }, { error: { message: 'Oh' } }], false],
  [[{ error: 'Oh' }], false],
  [[{ code: 500, message: 'Oh' }], false],
])('knows an answer that tells of its failure: %j', (events, isFinished) => {
  expect(any.isFinished(call, toEvents(events))).toBe(isFinished)
})

test('tells of a failure in its words', () => {
  const [event] = toEvents([{ error: { message: 'Overloaded', code: 'busy' } }])
  expect(event && any.failureOf(event)).toEqual({
    code: 'upstream_error',
    message: 'The API sent an error: Overloaded (busy).',
  })
})

test('continues nothing, and is continued by nothing', () => {
  expect(any.continues({ previous_response_id: 'resp_1' })).toBeUndefined()
  expect(
    any.answerId({ method: 'POST', path: '/' }, any.events(toRecords([{ response: { id: 'x' } }]))),
  ).toBeUndefined()
  expect(any.inOne).toBeUndefined()
})
