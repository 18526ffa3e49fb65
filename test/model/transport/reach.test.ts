/** Which addresses a connection may lead to. The names of these tests lead where a stub says. */
import { createServer } from 'node:http'
import type { LookupFunction } from 'node:net'
import { expect, test } from 'vitest'
import { createDispatcher } from '../../../server/model/transport/dispatcher.ts'
import { createHttpTransport } from '../../../server/model/transport/http.ts'
import { createLookup, isPrivate } from '../../../server/model/transport/reach.ts'
import { namesIn } from '../../../server/model/transport/route.ts'
import { createSocketTransport } from '../../../server/model/transport/socket.ts'
import { callOf, failureOf, listen, open, textOf, withKey } from './network.ts'

test('what is of this machine or of a private network is told from what is public', () => {
  for (const address of [
    '0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1',
    '224.0.0.1 255.255.255.255 :: ::1 fc00::1 fdff::1 fe80::1 fe80::1%eth0 febf::1 ff02::1',
    // Metadata of a cloud, a laboratory's network, and IPv4 in the two other ways in which IPv6 carries it.
    '192.0.0.192 198.18.0.1 198.19.255.255 2002:7f00:1:: 2002:a00:1::1 64:ff9b:1::7f00:1 64:ff9b:1:ffff::a00:1',
    '::ffff:127.0.0.1 ::ffff:a00:1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::a01:203 64:ff9b::1',
  ].flatMap((line) => line.split(' '))) {
    expect([address, isPrivate(address)]).toEqual([address, true])
  }
  for (const address of [
    '192.0.1.1 198.17.255.255 198.20.0.1 2001::1 2003::1 64:ff9b:2::1',
    '1.1.1.1 9.255.255.255 11.0.0.1 172.15.0.1 172.32.0.1 192.167.1.1 126.0.0.1 223.255.0.1',
    '2606:4700::1111 2001:db8::1 ::ffff:8.8.8.8 64:ff9b::808:808',
  ].flatMap((line) => line.split(' '))) {
    expect([address, isPrivate(address)]).toEqual([address, false])
  }
})

/** Says in turn where every name leads, as a name does that is rebound meanwhile. */
function leadingTo(...answers: readonly (readonly string[])[]): { lookup: LookupFunction; asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    lookup(hostname, options, callback) {
      const found = (answers[Math.min(asked.length, answers.length - 1)] ?? []).map((address) => ({
        address,
        family: address.includes(':') ? 6 : 4,
      }))
      asked.push(hostname)
      if (options.all) callback(null, found)
      else callback(null, found[0]?.address ?? '', found[0]?.family)
    },
  }
}

const HOST = 'api.example.test'

/** A canary on this machine that counts its connections, and settings under which a name leads to it. */
async function setUp(answers: readonly (readonly string[])[], upstreams: (port: number) => string[] = () => []) {
  let connections = 0
  const canary = createServer((_request, response) => response.writeHead(200, { connection: 'close' }).end('canary'))
  canary.on('connection', () => connections++)
  const port = await listen(canary)
  const settings = { baseURL: 'https://api.openai.com/v1', apiKey: 'sk-server', upstreams: upstreams(port) }
  const { lookup, asked } = leadingTo(...answers)
  return {
    port,
    asked,
    settings,
    connections: () => connections,
    lookup: (named = namesIn(settings)) => createLookup(named, lookup),
  }
}

test.each([[['127.0.0.1']], [['1.1.1.1', '127.0.0.1']], [['::1']], [['::ffff:127.0.0.1']], [['10.0.0.1']]])(
  'a public name that leads to %j is not called: over HTTP and over a WebSocket',
  async (addresses) => {
    const { connections, asked, settings, lookup } = await setUp([addresses])
    const http = createHttpTransport({ ...settings, dispatcher: createDispatcher({}, lookup()) })
    const ws = createSocketTransport({ ...settings, env: {}, maxEventBytes: 2 ** 20, lookup: lookup() }, [], 'sk-c')
    for (const transport of [http, ws.transport]) {
      const failure = await failureOf(transport(withKey(), open()))
      expect(failure).toMatchObject({
        code: 'forbidden',
        message: expect.stringMatching(/"api\.openai\.com" leads to .*UPSTREAMS/),
      })
    }
    expect(asked).toEqual(['api.openai.com', 'api.openai.com'])
    expect(connections()).toBe(0)
  },
)

test('a name that the user wrote may lead to this machine, and is asked for at each connection', async () => {
  const { port, asked, connections, settings, lookup } = await setUp([['127.0.0.1']], (its) => [
    `http://${HOST}:${its}`,
  ])
  const http = createHttpTransport({ ...settings, dispatcher: createDispatcher({}, lookup()) })
  const to = { base: `http://${HOST}:${port}`, asIs: true, upstream: HOST }
  for (let time = 0; time < 2; time++) expect(await textOf(await http(callOf({ to }), open()))).toBe('canary')
  expect(asked).toEqual([HOST, HOST])
  expect(connections()).toBe(2)
})

test('a name that leads elsewhere meanwhile is not called', async () => {
  const { port, connections, settings, lookup } = await setUp([['127.0.0.1'], ['127.0.0.1']])
  const rebound = createHttpTransport({ ...settings, dispatcher: createDispatcher({}, lookup(new Set())) })
  const to = { base: `http://${HOST}:${port}`, asIs: true, upstream: HOST }
  for (let time = 0; time < 2; time++) {
    expect(await failureOf(rebound(callOf({ to }), open()))).toMatchObject({ code: 'forbidden' })
  }
  expect(connections()).toBe(0)
})

test('names are those that the user wrote, not the own ones of an API', () => {
  const names = namesIn({
    baseURL: 'https://api.openai.com/v1',
    apiKey: undefined,
    baseURLs: { ANTHROPIC_BASE_URL: 'https://gateway.corp.test/anthropic' },
    upstreams: ['LLM.corp.test:8443', 'http://10.0.0.5:8000'],
  })
  expect([...names].toSorted()).toEqual(['10.0.0.5', 'gateway.corp.test', 'llm.corp.test'])
})
