/** Errors of deltatape in the shape of OpenAI's APIs. */
import { expect, test } from 'vitest'
import { RefusedError } from '../../server/api/ending.ts'
import { apiError } from '../../server/api/error.ts'
import { DeltatapeError } from '../../server/base/errors.ts'

test('a refusal of the API keeps its status and its error', () => {
  const refused = (body: string) => apiError(new RefusedError({ status: 429, headers: [], body }))
  expect(refused('{"error":{"message":"Slow down","code":"rate_limit_exceeded"}}')).toEqual({
    status: 429,
    error: { message: 'Slow down', code: 'rate_limit_exceeded' },
  })
  for (const body of ['<p>', '{"error":"<p>"}']) {
    expect(refused(body)).toEqual({
      status: 429,
      error: {
        message: 'The API refused the request with HTTP 429: <p>.',
        type: 'invalid_request_error',
        param: null,
        code: 'upstream_refused',
      },
    })
  }
})

test.each([
  ['fixture_miss', 404, 'invalid_request_error'],
  ['busy', 503, 'server_error'],
  ['too_large', 413, 'invalid_request_error'],
  ['unsupported_media_type', 415, 'invalid_request_error'],
  ['fixture_invalid', 500, 'server_error'],
  ['upstream_stalled', 504, 'server_error'],
  ['upstream_unreachable', 502, 'server_error'],
] as const)('%s is %i', (code, status, type) => {
  expect(apiError(new DeltatapeError(code, 'Why.'))).toEqual({
    status,
    error: { message: 'Why.', type, param: null, code },
  })
})
