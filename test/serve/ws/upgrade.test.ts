import { once } from 'node:events'
import { type IncomingMessage, createServer, request as send } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { visitOf } from '../../../server/serve/ws/upgrade.ts'

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

test('it says where it goes, who asks, and in which manner it wants answers', async () => {
  const visit = visitOf(
    await received('/ws?session=1&fault=reset%407&a=%20b&pa%63e=2x', {
      host: 'localhost',
      origin: 'http://localhost',
      authorization: 'Bearer x',
      'x-deltatape-token': 't',
      'x-deltatape-fault': 'stall',
      'x-deltatape-pace': 'instant',
    }),
  )
  expect(visit).toEqual({
    path: '/ws',
    query: '?session=1&a=%20b',
    host: 'localhost',
    origin: 'http://localhost',
    authorization: 'Bearer x',
    token: 't',
    manner: { fault: 'reset@7', pace: '2x' },
  })
})

test.each([
  ['/ws', ''],
  ['/ws?', ''],
  ['/ws?fault=', ''],
  ['/ws?pace=', ''],
  ['/ws?pace=2x&space=1', '?space=1'],
  ['/ws?f%61ult=reset', ''],
  ['/ws?&&a', '?&&a'],
])('the query of %s for the API is %j', async (target, query) => {
  expect(visitOf(await received(target)).query).toBe(query)
})

test('a host in front of the path is told apart', async () => {
  expect(visitOf(await received('/api.openai.com/v1/responses?a'))).toMatchObject({
    named: 'api.openai.com',
    path: '/v1/responses',
    query: '?a',
  })
})

test('a target that is a whole address asks for its host', async () => {
  const headers = { host: 'localhost' }
  expect(visitOf(await received('http://localhost/ws', headers)).host).toBe('localhost')
  expect(visitOf(await received('http://evil.example/ws', headers)).host).toBe('localhost, evil.example')
})
