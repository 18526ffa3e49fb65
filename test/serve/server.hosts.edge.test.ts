/** Hosts in front of paths, written in every way that might be read as another one: none reaches what is not allowed. */
import fc from 'fast-check'
import { type Server, connect, createServer } from 'node:net'
import { onTestFinished, test, expect } from 'vitest'
import { createFetch } from '../../server/package/fetch.ts'
import { readConfig } from '../../server/serve/config.ts'
import { runServer, runStandIn, temporaryFolder } from '../kit/tools.ts'

/** Whoever connects to one of these has been led astray. */
async function startCanaries(): Promise<{ readonly ports: readonly number[]; readonly visits: () => number }> {
  let visits = 0
  const ports: number[] = []
  for (const host of ['127.0.0.1', '::1']) {
    const server: Server = createServer((socket) => {
      visits++
      socket.on('error', () => {}).end('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\ncanary')
    })
    const listening = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(ports[0] ?? 0, host, () => resolve(true))
    })
    // Some machines have no IPv6.
    if (!listening) continue
    onTestFinished(() => void server.close())
    const address = server.address()
    if (typeof address === 'object' && address) ports.push(address.port)
  }
  return { ports, visits: () => visits }
}

const NAMES = [
  '127.0.0.1',
  'localhost',
  'LOCALHOST',
  'localhost.',
  '127.0.0.1.',
  'x.localhost',
  '0.0.0.0',
  '0',
  '127.1',
  '127.0.1',
  '2130706433',
  '0x7f.0.0.1',
  '0x7f000001',
  '0X7F.1',
  '017700000001',
  '0177.0.0.1',
  '00000127.0.0.1',
  '127.0.0.01',
  '[::1]',
  '[::]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::FFFF:7f00:1]',
  '[::127.0.0.1]',
  '::1',
  '[::1%lo]',
  '[::1%25lo]',
  '[fe80::1%25lo]',
  '[::1',
  '::1]',
  '%5b::1%5d',
  '127%2e0%2e0%2e1',
  '%31%32%37.0.0.1',
  '%6cocalhost',
  'local%68ost',
  'localhost%00',
  'localhost%20',
  '127.0.0.1%2f',
  '127。0。0。1',
  '１２７.0.0.1',
  '①②⑦.0.0.1',
  'ⓛⓞⓒalhost',
  'xn--localhost',
  'xn--127-',
  'ｌｏｃａｌｈｏｓｔ',
  'loc\u00adalhost',
  'local\thost',
  'localhost\t',
  ' localhost',
  '127.0.0.1..',
  '.127.0.0.1',
  '127..0.0.1',
  '-127.0.0.1',
  '_.localhost',
]

const BEFORE = [
  '/',
  '/',
  '/',
  '//',
  '///',
  '/./',
  '/../',
  '/x/../',
  '/%2e%2e/',
  '/%2f',
  '/\\',
  '\\',
  '/\t',
  '/;',
  '/@',
  '/@x/',
  'http://',
  'https://',
  'HTTP://',
  'ws://',
  '/http://',
  '/https:/',
  '/http:%2f%2f',
  '/https%3a//',
  '*',
  '',
]

const USER = [
  '',
  '',
  '',
  'user:pass@',
  'api.openai.com@',
  'api.openai.com%40',
  'api.openai.com\\@',
  'api.openai.com#@',
  'api.openai.com?@',
]

const AFTER = [
  '/v1/responses',
  '/v1/responses',
  '//v1/responses',
  '/../v1/responses',
  '/%2e%2e/v1/responses',
  '/./v1/responses',
  '%2fv1/responses',
  '\\v1/responses',
  '#/v1/responses',
  '?/v1/responses',
  ';/v1/responses',
  '/v1/chat/completions',
  '/',
  '',
  '/v1\\responses',
  '/v1/responses?x=http://127.0.0.1/',
  '/127.0.0.1/v1/responses',
]

const PORTS = (port: number) => [
  `:${port}`,
  `:${port}`,
  `:0${port}`,
  `:${port}.`,
  `%3a${port}`,
  `:${port}:80`,
  ':0',
  ':65536',
  ':80',
  ':443',
  ':',
  '',
]

const asked = (port: number) =>
  fc
    .tuple(...[BEFORE, USER, NAMES, PORTS(port), AFTER].map((each) => fc.constantFrom(...each)))
    .map((parts) => parts.join(''))

const BODY = JSON.stringify({ type: 'response.create', model: 'm', input: 'Hi' })

/** Sends bytes as they are; gives all that came until `isEnough`, or until the other side has ended. */
async function send(url: string, bytes: string, next?: Buffer): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let got = ''
  const over = new Promise<void>((resolve) => {
    socket.on('error', () => resolve()).on('close', () => resolve())
    socket.on('data', (chunk) => {
      const begins = got === ''
      got += chunk.toString('latin1')
      if (begins && next && got.startsWith('HTTP/1.1 101')) socket.write(next)
      else if (next && got.startsWith('HTTP/1.1 101')) resolve()
    })
  })
  socket.write(bytes)
  await over
  socket.destroy()
  return got
}

const overHttp = (url: string, target: string) =>
  send(
    url,
    `POST ${target} HTTP/1.1\r\nhost: ${new URL(url).host}\r\nauthorization: Bearer sk-client\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\nconnection: close\r\n\r\n${BODY}`,
  )

/** A text frame whose mask changes nothing. */
const FRAME = Buffer.concat([Buffer.of(0x81, 0x80 + BODY.length, 0, 0, 0, 0), Buffer.from(BODY)])

const overWebSocket = (url: string, target: string) =>
  send(
    url,
    `GET ${target} HTTP/1.1\r\nhost: ${new URL(url).host}\r\nauthorization: Bearer sk-client\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    FRAME,
  )

/** What is said of a request that is not answered by the API: why, in words. */
const REFUSALS = new Set(['400', '403', '404', '410', '415', '426', '502'])

const modes = ['replay', 'live', 'record', 'auto']

test.each(modes)('%s: over HTTP and over a WebSocket', async (mode) => {
  const { ports, visits } = await startCanaries()
  // What is left of a host that dots or a slash take away is a path of the API.
  const home = await runStandIn(() => ({ body: '{"object":"response","status":"completed"}' }))
  const { url } = await runServer({
    MODEL_MODE: mode,
    FIXTURES_DIR: await temporaryFolder(),
    OPENAI_BASE_URL: home.url,
    OPENAI_API_KEY: 'sk-of-the-server',
    LOG_LEVEL: 'silent',
  })
  await fc.assert(
    fc.asyncProperty(asked(ports[0] ?? 1), async (target) => {
      for (const ask of [overHttp, overWebSocket]) {
        const before = home.calls.length
        const answer = await ask(url, target)
        const [, status = ''] = /^HTTP\/1\.1 (\d{3})/.exec(answer) ?? []
        expect(visits(), target).toBe(0)
        expect(answer, target).not.toContain('canary')
        // In `auto` it is called for the first of them alone.
        if (home.calls.length > before || answer.includes('x-deltatape-fixture: ')) continue
        if (status === '101') expect(answer, target).toMatch(/"type":"error"/)
        else expect(REFUSALS, `${target}: ${answer.slice(0, 300)}`).toContain(status)
      }
    }),
    { numRuns: 120, seed: 7 },
  )
  if (mode === 'replay') expect(home.calls).toEqual([])
})

test.each(modes)('%s: by createFetch', async (mode) => {
  const { ports, visits } = await startCanaries()
  const own = createFetch(
    readConfig({
      MODEL_MODE: mode,
      FIXTURES_DIR: await temporaryFolder(),
      OPENAI_BASE_URL: 'http://127.0.0.1:1/v1',
      OPENAI_API_KEY: 'sk-of-the-server',
    }),
  )
  const scheme = fc.constantFrom('http://', 'https://', 'http:', 'http:\\\\', 'HTTP://', 'http:///')
  const whole = fc
    .tuple(scheme, ...[USER, NAMES, PORTS(ports[0] ?? 1), AFTER].map((each) => fc.constantFrom(...each)))
    .map((parts) => parts.join(''))
  await fc.assert(
    fc.asyncProperty(whole, async (address) => {
      const init = { method: 'POST', body: BODY, headers: { 'content-type': 'application/json' } }
      // An address that no `fetch` takes is refused by the platform.
      const response = await own(address, init).catch((error: unknown) => error)
      expect(visits(), address).toBe(0)
      if (response instanceof Response) {
        expect([400, 403, 404, 410, 502], address).toContain(response.status)
        expect(await response.json(), address).toHaveProperty('error')
      } else expect(response, address).toBeInstanceOf(TypeError)
    }),
    { numRuns: 200, seed: 7 },
  )
})

test('a host that is not allowed is refused in the words of its API', async () => {
  const { url } = await runServer({ MODEL_MODE: 'live', OPENAI_API_KEY: 'sk-of-the-server' })
  for (const [path, shape] of [
    ['/v1/responses', { error: { code: 'forbidden', message: expect.stringContaining('UPSTREAMS') } }],
    ['/v1/messages', { type: 'error', error: { message: expect.stringContaining('UPSTREAMS') } }],
    ['/v1beta/models/m:generateContent', { error: { code: 403, message: expect.stringContaining('UPSTREAMS') } }],
    ['/api/chat', { error: expect.stringContaining('UPSTREAMS') }],
    ['/v1/whatever', { error: { code: 'forbidden' } }],
  ] as const) {
    const response = await fetch(`${url}/evil.example${path}`, { method: 'POST', body: '{}' })
    expect([path, response.status]).toEqual([path, 403])
    expect(await response.json()).toMatchObject(shape)
  }
})
