/** What one event of the Responses API says. */
import { describe, expect, test } from 'vitest'
import type { ModelEvent } from '../../../server/api/event.ts'
import {
  failureOf,
  finalResponseOf,
  isFinished,
  partOf,
  responseIdOf,
  statusOf,
  terminalOf,
} from '../../../server/api/responses/events.ts'
import { compose } from '../../kit/answers.ts'
import { toEvents } from '../../kit/calls.ts'

type Json = Readonly<Record<string, unknown>>

function eventOf(object: Json): ModelEvent {
  const [event] = toEvents([object])
  if (!event) throw new Error('It is no event.')
  return event
}

describe('a failure', () => {
  test('is told in the words of the API', () => {
    const failures = toEvents(compose('h').error('server_error', 'It broke.')).map(failureOf)
    expect(failures.filter((failure) => failure !== undefined)).toEqual([
      { code: 'upstream_error', message: 'The API sent an error: It broke (server_error).' },
      { code: 'upstream_failed', message: 'The API failed to answer: It broke (server_error).' },
    ])
  })

  test.each<[Json, string, string]>([
    [{ type: 'error' }, 'upstream_error', 'The API sent an error.'],
    [{ type: 'error', message: 'Oh', code: null }, 'upstream_error', 'The API sent an error: Oh.'],
    [{ type: 'error', error: { code: 'x' } }, 'upstream_error', 'The API sent an error (x).'],
    [{ error: { message: 'Oh' } }, 'upstream_error', 'The API sent an error: Oh.'],
    [{ type: 'response.failed' }, 'upstream_failed', 'The API failed to answer.'],
    [{ type: 'response.failed', response: { error: 'x' } }, 'upstream_failed', 'The API failed to answer.'],
    [
      { type: 'response.done', response: { status: 'failed', error: { message: 'Oh', code: 'x' } } },
      'upstream_failed',
      'The API failed to answer: Oh (x).',
    ],
    [{ type: 'response.done', response: { status: 'cancelled' } }, 'upstream_failed', 'The API failed to answer.'],
  ])('%j is %s', (object, code, message) => {
    expect(failureOf(eventOf(object))).toEqual({ code, message })
  })

  test.each<Json>([
    { type: 'response.completed', response: { status: 'completed', error: null } },
    { type: 'response.incomplete', response: {} },
    { type: 'response.done', response: { status: 'completed' } },
    { type: 'response.created', response: { status: 'failed' } },
    { type: 'response.output_text.delta', delta: 'error' },
    { type: 'response.mcp_call.failed' },
  ])('is not %j', (object) => {
    expect(failureOf(eventOf(object))).toBeUndefined()
  })
})

describe('the end', () => {
  const events = toEvents(compose('e').text(['Hi']).completed())
  const done = (status: string) => eventOf({ type: 'response.done', response: { id: 'resp_e', status } })

  test('is the first event of a terminal type', () => {
    expect(terminalOf(events)?.type).toBe('response.completed')
    expect(terminalOf([...events, eventOf({ type: 'error' })])?.type).toBe('response.completed')
    expect(terminalOf([eventOf({ type: 'error' }), ...events])?.type).toBe('error')
  })

  test('is the last event if that carries a final response, whatever its type', () => {
    const before = events.slice(0, -1)
    expect(terminalOf([...before, done('completed')])?.type).toBe('response.done')
    expect(terminalOf([...before, done('completed'), ...before])).toBeUndefined()
    expect(terminalOf([...before, done('in_progress')])).toBeUndefined()
    expect(terminalOf([])).toBeUndefined()
    expect(finalResponseOf(done('incomplete'))).toMatchObject({ id: 'resp_e' })
    expect(finalResponseOf(eventOf({ type: 'response.created', response: { status: 'completed' } }))).toBeUndefined()
  })

  test.each<[Json, ReturnType<typeof statusOf>]>([
    [{ type: 'response.completed', response: { status: 'in_progress' } }, 'completed'],
    [{ type: 'response.completed', response: { status: 'failed' } }, 'failed'],
    [{ type: 'response.completed', response: { status: 'cancelled' } }, 'failed'],
    [{ type: 'response.completed', response: { status: 'incomplete' } }, 'incomplete'],
    [{ type: 'response.incomplete' }, 'incomplete'],
    [{ type: 'response.failed' }, 'failed'],
    [{ type: 'error' }, 'error'],
    [{ type: 'response.done', response: { status: 'completed' } }, 'completed'],
    [{ type: 'response.done', response: { status: 'incomplete' } }, 'incomplete'],
    [{ type: 'response.done', response: { status: 'cancelled' } }, 'failed'],
  ])('%j is %s', (object, status) => {
    expect(statusOf(eventOf(object))).toBe(status)
  })

  test('of an answer that is finished is completed or incomplete; a body in one piece has none', () => {
    const call = { method: 'POST', path: '/v1/responses' }
    const cancel = { method: 'POST', path: '/v1/responses/resp_e/cancel' }
    const cancelled = [eventOf({ type: 'response.cancelled', response: { status: 'cancelled' } })]
    expect(isFinished(call, events)).toBe(true)
    expect(isFinished(call, toEvents(compose('e').text(['Hi']).incomplete('max_output_tokens')))).toBe(true)
    expect(isFinished(call, [...events.slice(0, -1), done('incomplete')])).toBe(true)
    expect(isFinished(call, [eventOf({ type: 'list' })])).toBe(true)
    expect(isFinished(call, [])).toBe(false)
    expect(isFinished(call, cancelled)).toBe(false)
    expect(isFinished(cancel, cancelled)).toBe(true)
    expect(isFinished(call, toEvents(compose('e').failed('server_error', 'Oh')))).toBe(false)
    expect(isFinished(call, toEvents(compose('e').error('server_error', 'Oh')))).toBe(false)
    expect(isFinished(call, [...events.slice(0, -1), done('cancelled')])).toBe(false)
  })
})

test('the id of an answer is that of the first event that carries a response', () => {
  expect(responseIdOf(toEvents(compose('i').text(['Hi']).completed()))).toBe('resp_i')
  const late = [{ type: 'ping' }, { response: { id: 7 } }, { response: { id: 'a' } }, { response: { id: 'b' } }]
  expect(responseIdOf(toEvents(late))).toBe('a')
  expect(responseIdOf(toEvents([{ type: 'error' }]))).toBeUndefined()
})

test('the deltas of a part, and what ends it, are of one part', () => {
  const events = toEvents(compose('p').text(['a', 'b'], ['c']).reasoning(['d']).call('f', ['e']).completed())
  const parts = Map.groupBy(
    events.filter(({ type }) => /\.(?:delta|done)$/.test(type) && !/(?:item|part)\.done$/.test(type)),
    partOf,
  )
  expect([...parts.values()].map((part) => part.map(({ type }) => type.replace(/^.*\./, '')))).toEqual([
    ['delta', 'delta', 'done'],
    ['delta', 'done'],
    ['delta', 'done'],
    ['delta', 'done'],
  ])
})
