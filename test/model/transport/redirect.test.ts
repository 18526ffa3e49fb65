import { expect, test } from 'vitest'
import { withoutDetour } from '../../../server/model/transport/redirect.ts'

const incoming = (status: number, location: string) => ({
  status,
  headers: [
    ['location', location],
    ['x-request-id', 'req_1'],
  ] as const,
  body: (async function* () {})(),
})

const ORIGIN = 'https://api.example.com'

test.each([301, 302, 303, 307, 308])('%d to another host is handed on without its address', (status) => {
  for (const location of [
    'https://other.example.com/v1',
    '//other.example.com/',
    'http://localhost:1/x',
    'https://[',
  ]) {
    const { headers } = withoutDetour(incoming(status, location), 'POST', ORIGIN)
    expect(headers).toEqual([['x-request-id', 'req_1']])
  }
})

test('one within the host, of a call without a body, or of no redirect stays', () => {
  for (const [status, location, method] of [
    [307, '/v1/responses/', 'POST'],
    [308, 'https://api.example.com/v2', 'POST'],
    [302, 'https://files.example.net/signed', 'GET'],
    [201, 'https://files.example.net/1', 'POST'],
  ] as const) {
    const given = incoming(status, location)
    expect(withoutDetour(given, method, ORIGIN).headers).toEqual(given.headers)
  }
})
