/** Where a credential goes: to the host that the call is for, and to no other; and what is called in which mode at all. */
import { once } from 'node:events'
import { readFile, readdir } from 'node:fs/promises'
import { type IncomingMessage, createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createFetch } from '../../server/package/fetch.ts'
import type { Config } from '../../server/serve/config.ts'
import { ask } from './http/kit.ts'
import { runServer, temporaryFolder } from '../kit/tools.ts'

type Headers = Readonly<Record<string, string>>

const CLIENT = 'ck-7f3a9c1e5b2d8046'
const OPENAI = 'sk-of-the-server-for-openai'
const ANTHROPIC = 'sk-ant-of-the-server'
/** Each text is another call, of which there is no fixture yet. */
const asking = (content: string) => JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] })

/** An upstream that answers all there is, and keeps all that it was told. */
async function startUpstream() {
  const seen: string[] = []
  const note = ({ url, rawHeaders }: IncomingMessage) => void seen.push([url, ...rawHeaders].join('\n'))
  const server = createServer((request, response) => {
    note(request)
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end('{"error":{}}'))
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (ws, request) => {
    note(request)
    ws.on('message', () => ws.send('{"type":"response.failed","response":{"status":"failed"}}'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const client of sockets.clients) client.terminate()
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  const host = `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  return { host, url: `http://${host}`, seen }
}

async function setUp(mode: string, withKeys: boolean) {
  const [openai, anthropic, named, unknown] = await Promise.all(Array.from({ length: 4 }, startUpstream))
  if (!openai || !anthropic || !named || !unknown) throw new Error('There are too few upstreams.')
  const dir = await temporaryFolder()
  const env = {
    MODEL_MODE: mode,
    FIXTURES_DIR: dir,
    RECORD_FAILURES: '1',
    OPENAI_BASE_URL: `${openai.url}/v1`,
    ANTHROPIC_BASE_URL: anthropic.url,
    UPSTREAMS: named.host,
    ...(withKeys ? { OPENAI_API_KEY: OPENAI, ANTHROPIC_API_KEY: ANTHROPIC } : {}),
  }
  return { openai, anthropic, named, unknown, dir, server: await runServer(env) }
}

type World = Awaited<ReturnType<typeof setUp>>

/** How a client brings a key, or none. */
const BROUGHT: Readonly<Record<string, { headers: Headers; query?: string; isKey: boolean }>> = {
  'a bearer token': { headers: { authorization: `Bearer ${CLIENT}` }, isKey: true },
  'x-api-key': { headers: { 'x-api-key': CLIENT }, isKey: true },
  'a key in the query': { headers: {}, query: `?key=${CLIENT}`, isKey: true },
  nothing: { headers: {}, isKey: false },
  'the word any': { headers: { authorization: 'Bearer any', 'x-api-key': 'any' }, query: '?key=any', isKey: false },
}

/** Where a call goes: its target, its whole address, who has to answer it, and the key of the server that goes there. */
const PLACES: Readonly<
  Record<string, (world: World) => { path: string; whole: string; at?: World['openai']; key?: string; asks: boolean }>
> = {
  'the own host': ({ openai }) => ({
    path: '/v1/chat/completions',
    whole: 'https://api.openai.com/v1/chat/completions',
    at: openai,
    key: `Bearer ${OPENAI}`,
    asks: true,
  }),
  'a host that is known, in front': ({ anthropic }) => ({
    path: `/${anthropic.host}/v1/messages`,
    whole: `${anthropic.url}/v1/messages`,
    at: anthropic,
    key: ANTHROPIC,
    asks: true,
  }),
  'a host of UPSTREAMS': ({ named }) => ({
    path: `/${named.host}/v1/chat/completions`,
    whole: `${named.url}/v1/chat/completions`,
    at: named,
    asks: false,
  }),
  'a host that nobody named': ({ unknown }) => ({
    path: `/${unknown.host}/v1/chat/completions`,
    whole: `${unknown.url}/v1/chat/completions`,
    asks: false,
  }),
}

/** Over HTTP, and in this process. */
const WAYS: Readonly<Record<string, (world: World) => typeof fetch>> = {
  'over HTTP': () => fetch,
  'by createFetch': ({ server: { config } }) => createFetch(config),
}

const rows = Object.keys(WAYS).flatMap((way) =>
  ['replay', 'live', 'record', 'auto'].flatMap((mode) =>
    [true, false].map((withKeys) => [way, mode, withKeys ? 'with keys' : 'without a key', withKeys] as const),
  ),
)

test.each(rows)('%s, %s, a server %s: each call and each credential', async (way, mode, _keys, withKeys) => {
  const world = await setUp(mode, withKeys)
  const all = [world.openai, world.anthropic, world.named, world.unknown]
  const call = WAYS[way]?.(world) ?? fetch
  for (const [place, placeIn] of Object.entries(PLACES)) {
    const { path, whole, at, key, asks } = placeIn(world)
    for (const [how, brought] of Object.entries(BROUGHT)) {
      for (const { seen } of all) seen.length = 0
      const told = [way, mode, place, how, withKeys].join(', ')
      const { status } = await call((way === 'over HTTP' ? world.server.url + path : whole) + (brought.query ?? ''), {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...brought.headers },
        body: asking(told),
      })
      const goes = mode !== 'replay' && at !== undefined && (brought.isKey || withKeys || !asks)
      const reached = all.filter(({ seen }) => seen.length > 0)
      expect(reached, told).toEqual(goes ? [at] : [])
      if (mode === 'replay') expect([400, 404, 410], told).toContain(status)
      else expect(status, told).toBe(goes ? 200 : at === undefined ? 403 : 401)
      const sent = reached.flatMap(({ seen }) => seen).join('\n')
      if (!goes || sent === '') continue
      expect(sent.includes(CLIENT), told).toBe(brought.isKey)
      expect(sent.includes(key ?? '-of-the-server'), told).toBe(!brought.isKey && key !== undefined && withKeys)
      expect(
        sent.split('\n').filter((line) => /^(?:Bearer )?any$/.test(line)),
        told,
      ).toEqual([])
    }
  }
  await world.server.close()
  const kept = await Promise.all((await readdir(world.dir)).map((name) => readFile(join(world.dir, name), 'utf8')))
  for (const secret of [CLIENT, OPENAI, ANTHROPIC])
    expect([...kept, ...world.server.lines].join('\n')).not.toContain(secret)
})

/** One turn over the WebSocket of the Responses API, at a path; the last that the server says. */
async function turnAt(url: string, headers: Headers): Promise<string> {
  const ws = new WebSocket(url.replace('http', 'ws'), { headers })
  onTestFinished(() => ws.terminate())
  const refused = once(ws, 'unexpected-response').then(([, response]) => `HTTP ${response.statusCode}`)
  ws.on('error', () => {})
  const opened = await Promise.race([once(ws, 'open'), refused])
  if (typeof opened === 'string') return opened
  ws.send(JSON.stringify({ type: 'response.create', model: 'm', input: 'Hi' }))
  const [message] = await once(ws, 'message')
  return String(message)
}

describe('over a WebSocket with a host in front', () => {
  const bearer = { authorization: `Bearer ${CLIENT}` }

  test('a call goes to that host, with the key of the client alone', async () => {
    const world = await setUp('live', true)
    expect(await turnAt(`${world.server.url}/${world.named.host}/v1/responses`, bearer)).toContain('response.failed')
    expect(world.named.seen.join()).toContain(CLIENT)
    expect(await turnAt(`${world.server.url}/${world.named.host}/v1/responses?a=1`, {})).toContain('response.failed')
    expect(world.named.seen.at(-1)).toMatch(/^\/v1\/responses\?a=1\n/)
    expect(world.named.seen.join()).not.toContain('-of-the-server')
    expect(await turnAt(`${world.server.url}/v1/responses`, {})).toContain('response.failed')
    expect(world.openai.seen.join()).toContain(OPENAI)
  })

  test.each(['live', 'record', 'auto'])('one that nobody named is refused in %s', async (mode) => {
    const world = await setUp(mode, true)
    const told = await turnAt(`${world.server.url}/${world.unknown.host}/v1/responses`, bearer)
    expect(JSON.parse(told)).toMatchObject({ type: 'error', error: { code: 'forbidden' } })
    expect(told).toContain('UPSTREAMS')
    expect(world.unknown.seen).toEqual([])
  })

  test('what is no host is refused at once, and so is a chat behind one', async () => {
    const { server } = await setUp('replay', false)
    expect(await turnAt(`${server.url}/2130706433:80/v1/responses`, bearer)).toBe('HTTP 403')
    expect(await turnAt(`${server.url}/api.openai.com/ws`, bearer)).toBe('HTTP 404')
  })
})

test('a redirect without a host stays with the host that the client named', async () => {
  const redirecting = createServer((_request, response) =>
    response.writeHead(307, { location: '/v1/messages?a=1' }).end(),
  ).listen(0, '127.0.0.1')
  await once(redirecting, 'listening')
  onTestFinished(() => void redirecting.close())
  const address = redirecting.address()
  const host = `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  const { url } = await runServer({ MODEL_MODE: 'live', UPSTREAMS: host })
  for (const method of ['GET', 'POST']) {
    const response = await fetch(`${url}/${host}/v1/thing`, { method, redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([307, `/${host}/v1/messages?a=1`])
  }
})

test('a whole address in place of a path is refused unless it is that of the server', async () => {
  const { server, openai } = await setUp('live', true)
  const { host } = new URL(server.url)
  for (const target of [
    `http://${openai.host}/v1/models`,
    'https://api.openai.com/v1/models',
    `http://x@${host}/v1/models`,
  ]) {
    expect((await ask(server.url, { method: 'GET', target })).status).toBe(403)
  }
  expect(openai.seen).toEqual([])
  expect((await ask(server.url, { method: 'GET', target: `http://${host}/v1/models` })).status).toBe(200)
  expect(openai.seen).toHaveLength(1)
})

test('an address in UPSTREAMS may be one of plain HTTP; without one, nothing but this machine is called so', async () => {
  const world = await setUp('live', false)
  const config = (upstreams: readonly string[]): Config => ({ ...world.server.config, upstreams })
  const to = (upstreams: readonly string[]) => createFetch(config(upstreams))('http://llm.corp.invalid:8000/v1/models')
  const refused = await to(['llm.corp.invalid:8000'])
  expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('https')])
  // It is called, and its name leads nowhere.
  expect((await to(['http://llm.corp.invalid:8000'])).status).toBe(502)
})
