/** The token of a client that can send no headers. */
import { once } from 'node:events'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { Call } from '../../../server/api/call.ts'
import { chosenOf, tokenIn, withoutOwn } from '../../../server/serve/ws/protocols.ts'
import { runServer } from '../../kit/tools.ts'
import { FRENCH, KEPT, keptAnswer, runScripted, runSockets } from './kit.ts'

const TOKEN = 'a-token:"=",~+/?'

const offerOf = (token: string) => `deltatape.token.${Buffer.from(token).toString('base64url')}`

/** Connects; gives the subprotocol that was chosen, or the status of a refusal. */
async function protocolOf(url: string, protocols: string[]): Promise<string | number> {
  const ws = new WebSocket(url.replace('http', 'ws'), protocols)
  ws.on('error', () => {})
  const opened = once(ws, 'open').then(() => ws.protocol)
  const refused = once(ws, 'unexpected-response').then(([, response]): number => response.statusCode)
  try {
    return await Promise.race([opened, refused])
  } finally {
    ws.terminate()
  }
}

test('any token comes through, wherever it stands in the offer', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.array(fc.constantFrom('deltatape', 'a', 'b.c')),
      (token, others) => {
        expect(tokenIn([...others, offerOf(token)].join(', '))).toBe(token)
        expect(tokenIn([offerOf(token), ...others].join(','))).toBe(token)
        expect(tokenIn(others.join(','))).toBeUndefined()
      },
    ),
  )
})

test('what is chosen was offered, and is never the token', () => {
  const names = fc.array(fc.constantFrom('deltatape', 'a', 'b.c', offerOf('x'), 'deltatape.token.'))
  fc.assert(
    fc.property(names, (offered) => {
      const chosen = chosenOf(new Set(offered))
      const others = offered.filter((each) => !each.startsWith('deltatape.token.'))
      expect([...others, false]).toContain(chosen)
      expect(chosen === false).toBe(others.length === 0)
    }),
  )
})

test('an API sees of an offer what is not ours', () => {
  const headers = [
    ['Sec-WebSocket-Protocol', `realtime, deltatape,${offerOf('x')} , other`],
    ['sec-websocket-protocol', `deltatape, ${offerOf('x')}`],
    ['x-other', 'deltatape'],
  ] as const
  expect(withoutOwn(headers)).toEqual([
    ['Sec-WebSocket-Protocol', 'realtime, other'],
    ['x-other', 'deltatape'],
  ])
})

test.each(['/ws', '/ws-stream', '/v1/responses'])('%s takes it, and answers with ours alone', async (path) => {
  const { url, lines } = await runScripted({ AUTH_TOKEN: TOKEN })
  expect(await protocolOf(url + path, ['deltatape', offerOf(TOKEN)])).toBe('deltatape')
  expect(await protocolOf(url + path, [offerOf(TOKEN), 'other', 'deltatape'])).toBe('deltatape')
  expect(await protocolOf(url + path, ['deltatape', offerOf('another')])).toBe(401)
  expect(await protocolOf(url + path, ['deltatape', offerOf('')])).toBe(401)
  expect(await protocolOf(url + path, ['deltatape'])).toBe(401)
  expect(lines.join()).not.toContain(offerOf(TOKEN).slice(-12))
  expect(lines.join()).not.toContain(offerOf('another'))
})

test('other offers are answered as ever, and a token is not asked for where none is set', async () => {
  const { url } = await runScripted()
  expect(await protocolOf(`${url}/ws`, [])).toBe('')
  expect(await protocolOf(`${url}/ws`, ['one', 'two'])).toBe('one')
  expect(await protocolOf(`${url}/ws`, ['deltatape', offerOf('x')])).toBe('deltatape')
})

test('no call of the connection has it', async () => {
  const calls: Call[] = []
  const { url } = await runSockets(
    async (call) => {
      calls.push(call)
      return keptAnswer([KEPT[FRENCH]])
    },
    { env: { AUTH_TOKEN: TOKEN } },
  )
  const ws = new WebSocket(`${url.replace('http', 'ws')}/v1/responses`, ['deltatape', offerOf(TOKEN)])
  await once(ws, 'open')
  ws.send(JSON.stringify({ type: 'response.create', model: 'm', input: FRENCH }))
  await once(ws, 'message')
  expect(JSON.stringify(calls)).not.toMatch(/deltatape/i)
  expect(calls[0]?.credential).toBeUndefined()
  ws.terminate()
})

test('the API behind /v1/responses is offered nothing', async () => {
  const api = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(api, 'listening')
  const address = api.address()
  const { url } = await runServer({
    MODEL_MODE: 'live',
    AUTH_TOKEN: TOKEN,
    OPENAI_API_KEY: 'sk-of-the-server',
    OPENAI_BASE_URL: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/v1`,
  })
  const ws = new WebSocket(`${url.replace('http', 'ws')}/v1/responses`, ['deltatape', offerOf(TOKEN)])
  ws.once('open', () => ws.send(JSON.stringify({ type: 'response.create', model: 'm', input: 'Hi' })))
  const [, request] = await once(api, 'connection')
  expect(JSON.stringify(request.headers)).not.toMatch(/deltatape/i)
  ws.terminate()
  for (const client of api.clients) client.terminate()
  api.close()
})
