/** What a failure of an API becomes: a code and a message. */
import { describe, expect, test } from 'vitest'
import { type Failure, ModelError, RefusedError, isFailure } from '../../server/api/ending.ts'

test.each<[Failure, string, string]>([
  [{ end: 'unreachable', why: 'ECONNREFUSED' }, 'upstream_unreachable', 'The API could not be reached: ECONNREFUSED.'],
  [{ end: 'truncated' }, 'upstream_truncated', 'The API closed the stream before the answer was finished.'],
  [
    { end: 'reset', why: 'ECONNRESET' },
    'upstream_reset',
    'The connection to the API broke before the answer was finished: ECONNRESET.',
  ],
  [{ end: 'stalled', why: 'nothing came' }, 'upstream_stalled', 'The API stalled: nothing came.'],
  [
    { end: 'malformed', why: '<h1>\n  Log in!' },
    'upstream_malformed',
    'The API sent something that is no event: <h1> Log in!',
  ],
])('%j is %s', (failure, code, message) => {
  const error = new ModelError(failure)
  expect(error).toMatchObject({ code, message, failure })
  expect(isFailure(failure)).toBe(true)
})

test('an answer that is whole, or was refused, is no failure', () => {
  expect([isFailure({ end: 'complete' }), isFailure({ end: 'refused' })]).toEqual([false, false])
})

test('a long reason is cut, at the end of a character', () => {
  const { message } = new ModelError({ end: 'malformed', why: `${'x'.repeat(499)}👋${'y'.repeat(500)}` })
  expect(message.length).toBeLessThan(600)
  expect(message).toMatch(/x\u{FFFD}?…$/u)
  expect(message.isWellFormed()).toBe(true)
})

describe('a refusal', () => {
  const refused = (body: string) => new RefusedError({ status: 429, headers: [], body })

  test.each([
    ['{"error":{"message":"Slow down","code":"rate_limit_exceeded"}}', 'HTTP 429: Slow down.'],
    ['{"error":"No model"}', 'HTTP 429: No model.'],
    ['{"message":"Too many."}', 'HTTP 429: Too many.'],
    ['{"error":{"code":7}}', 'HTTP 429: {"error":{"code":7}}.'],
    ['["no"]', 'HTTP 429: ["no"].'],
    ['<p>', 'HTTP 429: <p>.'],
    ['', 'HTTP 429.'],
    [' \n', 'HTTP 429.'],
  ])('with the body %j says so', (body, said) => {
    expect(refused(body)).toMatchObject({
      code: 'upstream_refused',
      message: `The API refused the request with ${said}`,
      refusal: { status: 429, body },
    })
  })
})
