import { once } from 'node:events'
import { type IncomingMessage, createServer, request as send } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { headersOf, visitOf } from '../../../server/serve/ws/upgrade.ts'

/** A request as a server gets it. */
async function received(path: string, headers: Record<string, string | string[]> = {}): Promise<IncomingMessage> {
  const http = createServer((_request, response) => response.end()).listen(0, '127.0.0.1')
  await once(http, 'listening')
  onTestFinished(() => void http.close())
  const address = http.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const [[incoming]] = await Promise.all([
    once(http, 'request'),
    once(send({ port, path, headers, agent: false }).end(), 'response'),
  ])
  return incoming
}

test('it says where it goes, who asks, and which faults are wanted', async () => {
  const visit = visitOf(
    await received('/ws?session=1&fault=reset%407&a=%20b', {
      host: 'localhost',
      origin: 'http://localhost',
      authorization: 'Bearer x',
      'x-deltatape-token': 't',
      'x-deltatape-fault': 'stall',
    }),
  )
  expect(visit).toEqual({
    path: '/ws',
    query: '?session=1&a=%20b',
    host: 'localhost',
    origin: 'http://localhost',
    authorization: 'Bearer x',
    token: 't',
    fault: 'reset@7',
  })
})

test.each([
  ['/ws', ''],
  ['/ws?', ''],
  ['/ws?fault=', ''],
  ['/ws?f%61ult=reset', ''],
  ['/ws?&&a', '?&&a'],
])('the query of %s for the API is %j', async (target, query) => {
  expect(visitOf(await received(target)).query).toBe(query)
})

test('its headers are kept in pairs, without what was compared with the token', async () => {
  const request = await received('/ws', { Authorization: 'Bearer x', 'X-A': ['1', '2'] })
  expect(headersOf(request, true).slice(0, 3)).toEqual([
    ['Authorization', 'Bearer x'],
    ['X-A', '1'],
    ['X-A', '2'],
  ])
  expect(headersOf(request, false).slice(0, 2)).toEqual([
    ['X-A', '1'],
    ['X-A', '2'],
  ])
})
