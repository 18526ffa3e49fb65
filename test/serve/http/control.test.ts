/** Names in front of addresses, and what a client asks of its own name. */
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { compose, words } from '../../kit/answers.ts'
import { connect } from '../../kit/client.ts'
import { folderWith, runServer } from '../../kit/tools.ts'

const hi = { 'Say hi': { events: compose('x').text(words('Hi there')).completed() } }

const start = async (env: Record<string, string> = {}) => runServer({ FIXTURES_DIR: await folderWith(hi), ...env })

const ask = (url: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/responses`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model: 'gpt-4.1-mini', input: 'Say hi', stream: true }),
  })

const turnsOf = async (url: string, name: string): Promise<unknown[]> => {
  const response = await fetch(`${url}/@${name}/turns`)
  expect(response.headers.get('content-type')).toBe('application/json')
  const told: unknown = await response.json()
  expect(Array.isArray(told)).toBe(true)
  return Array.isArray(told) ? told : []
}

/** A request with a target as it stands: fetch would write it in its own way. */
const raw = (url: string, path: string, headers: Record<string, string> = {}, method = 'GET') =>
  new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const sent = request(url, { path, headers, method }, async (response) =>
      resolve({ status: response.statusCode, body: await text(response) }),
    )
    sent.once('error', reject).end()
  })

test('a call under a name hits the same fixture, and is told under that name alone, once', async () => {
  const { url } = await start()
  const plain = await (await ask(url)).text()
  expect(await (await ask(`${url}/@one`)).text()).toBe(plain)
  expect(await (await ask(`${url}/%40one/api.openai.com`)).text()).toBe(plain)
  expect(await turnsOf(url, 'two')).toEqual([])
  expect(await turnsOf(url, 'one')).toMatchObject([
    { method: 'POST', path: '/v1/responses', action: 'hit', status: 200, tokens: { input: 16 } },
    { method: 'POST', path: '/v1/responses', action: 'hit', status: 200 },
  ])
  expect(await turnsOf(url, 'one')).toEqual([])
})

test('the header x-deltatape-name counts before the name in the address', async () => {
  const { url, lines } = await start()
  await (await ask(url, { 'x-deltatape-name': 'header' })).text()
  await (await ask(`${url}/@address`, { 'x-deltatape-name': 'header' })).text()
  await (await ask(`${url}/@address`, { 'x-deltatape-name': '' })).text()
  const chat = await connect(`${url}/@address/ws`, { headers: { 'x-deltatape-name': 'header' } })
  chat.send({ input: 'Say hi' })
  await chat.turn()
  expect(await turnsOf(url, 'header')).toHaveLength(3)
  expect(await turnsOf(url, 'address')).toHaveLength(1)
  expect((await ask(url, { 'x-deltatape-name': 'a b' })).status).toBe(400)
  expect(lines.join('')).toContain('in the header x-deltatape-name is no name')
})

test('what is no call stands behind a name, too', async () => {
  const { url } = await start()
  expect(await (await fetch(`${url}/@one/health`)).json()).toEqual({ status: 'ok' })
  expect((await fetch(`${url}/@one`)).status).toBe(404)
  expect((await fetch(`${url}/@one/turns`, { method: 'POST' })).status).toBe(404)
})

test.each(['/@/v1/responses', '/@a%20b/health', `/@${'x'.repeat(65)}/turns`, '/@a:b/'])(
  '%s is refused as no name',
  async (path) => {
    const { url } = await start()
    const { status, body } = await raw(url, path)
    expect(status).toBe(400)
    expect(body).toContain('is no name')
    await expect(connect(`${url}${path}`)).rejects.toThrow('400')
  },
)

test('a WebSocket behind a name: turns, faults and an end while it is open', async () => {
  const { url, lines } = await start()
  const chat = await connect(`${url}/@chat/ws-stream`)
  chat.send({ input: 'Say hi' })
  expect((await chat.turn()).at(-1)).toMatchObject({ message: 'Hi there' })
  await fetch(`${url}/@chat/fault`, { method: 'PUT', body: 'refuse:529' })
  chat.send({ input: 'Say hi' })
  expect((await chat.turn()).at(-1)).toMatchObject({ code: 'upstream_refused', status: 529 })
  expect(await turnsOf(url, 'chat')).toMatchObject([
    { action: 'hit', status: 200 },
    { status: 529, code: 'upstream_refused' },
  ])
  expect((await fetch(`${url}/@chat`, { method: 'DELETE' })).status).toBe(204)
  chat.send({ input: 'Say hi' })
  expect((await chat.turn()).at(-1)).toMatchObject({ message: 'Hi there' })
  expect(await turnsOf(url, 'chat')).toHaveLength(1)
  expect(lines.join('\n')).toContain('/@chat/ws-stream')
})

describe('faults', () => {
  const put = (url: string, body: string, headers: Record<string, string> = {}) =>
    fetch(`${url}/@one/fault`, { method: 'PUT', body, headers })

  test('for one call under the name, and no other', async () => {
    const { url } = await start()
    const response = await put(url, '{"fault":"refuse:529","times":1}')
    expect([response.status, await response.json()]).toEqual([200, { fault: 'refuse:529', times: 1 }])
    const statuses = []
    for (const name of ['', '/@two', '/@one', '/@one']) statuses.push((await ask(url + name)).status)
    expect(statuses).toEqual([200, 200, 529, 200])
  })

  test('until they are taken away, by the end of the name or by nothing in their place', async () => {
    const { url } = await start()
    for (const end of [
      () => put(url, ''),
      () => put(url, '{"fault":null}'),
      () => fetch(`${url}/@one/`, { method: 'DELETE' }),
    ]) {
      await put(url, 'refuse:503')
      expect([(await ask(`${url}/@one`)).status, (await ask(`${url}/@one`)).status]).toEqual([503, 503])
      await end()
      expect((await ask(`${url}/@one`)).status).toBe(200)
    }
  })

  test.each([
    'nonsense',
    '{"fault":"nonsense"}',
    '{"fault":7}',
    '{"fault":"error@1","times":0}',
    '{"fault"',
    `"${'x'.repeat(9000)}"`,
  ])('%s is none', async (body) => {
    const { url } = await start()
    const response = await put(url, body)
    expect([response.status, await response.json()]).toMatchObject([400, { error: { code: 'invalid_input' } }])
  })

  test('cannot be asked for where answers may cost money', async () => {
    const { url } = await start({ MODEL_MODE: 'auto', OPENAI_API_KEY: 'sk-x' })
    expect((await put(url, 'refuse:529')).status).toBe(400)
  })
})

describe('answers', () => {
  const put = (url: string, body: string) => fetch(`${url}/@one/answer`, { method: 'PUT', body })

  test('for the calls that they are meant for, under the name alone, until it ends', async () => {
    const { url } = await start()
    expect((await put(url, '{"call":"Say hi","answer":{"type":"failure","status":529}}')).status).toBe(204)
    const statuses = []
    for (const name of ['', '/@two', '/@one']) statuses.push((await ask(url + name)).status)
    expect(statuses).toEqual([200, 200, 529])
    expect(await turnsOf(url, 'one')).toMatchObject([{ action: 'written', status: 529, code: 'upstream_refused' }])
    await fetch(`${url}/@one`, { method: 'DELETE' })
    expect((await ask(`${url}/@one`)).status).toBe(200)
  })

  test.each(['', 'Hello', '{"call":"Say hi"}', '{"call":"Say hi","answer":[{"type":"text"}]}'])(
    '%s is none',
    async (body) => {
      const { url } = await start()
      const response = await put(url, body)
      expect([response.status, await response.json()]).toMatchObject([400, { error: { code: 'invalid_input' } }])
    },
  )

  test('one that is too large is refused', async () => {
    const { url } = await start({ MAX_BODY_BYTES: '1000' })
    const answer = { type: 'text', text: 'x'.repeat(2000) }
    expect((await put(url, JSON.stringify({ call: {}, answer }))).status).toBe(413)
  })

  test('the rules of Host, Origin and token hold', async () => {
    const { url } = await start({ AUTH_TOKEN: 'letmein' })
    const statusWith = async (headers: Record<string, string>) =>
      (await raw(url, '/@one/answer', headers, 'PUT')).status
    expect(await statusWith({})).toBe(401)
    for (const foreign of [
      { host: 'evil.example' },
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      expect(await statusWith({ authorization: 'Bearer letmein', ...foreign })).toBe(403)
    }
  })

  test('the log tells them as what they are, and as no failure', async () => {
    const { url, lines } = await start()
    await put(url, '{"call":"Say hi","answer":{"type":"failure","status":529}}')
    await ask(`${url}/@one`)
    expect(lines.join('')).toMatch(/replay written say-hi-\w+\.jsonl/)
    expect(lines.join('')).not.toContain('"level":"warn"')
  })
})

test('the rules of Host, Origin and token hold', async () => {
  const { url } = await start({ AUTH_TOKEN: 'letmein' })
  const asks = [
    ['GET', '/turns'],
    ['PUT', '/fault'],
    ['DELETE', ''],
  ] as const
  for (const [method, path] of asks) {
    const authorization = 'Bearer letmein'
    const statusWith = async (headers: Record<string, string>) =>
      (await raw(url, `/@one${path}`, headers, method)).status
    expect(await statusWith({})).toBe(401)
    expect(await statusWith({ 'x-deltatape-token': 'wrong' })).toBe(401)
    expect(await statusWith({ authorization, host: 'evil.example' })).toBe(403)
    expect(await statusWith({ authorization, origin: 'https://evil.example' })).toBe(403)
    expect(await statusWith({ authorization, 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await statusWith({ authorization })).toBeLessThan(300)
  }
})

test('who is told of a miss by its turns needs no other to tell it', async () => {
  const { url, misses } = await start({ FIXTURES_DIR: await folderWith({}) })
  for (const name of ['', '/@one', '/@two', '/@two']) expect((await ask(`${url}${name}`)).status).toBe(404)
  expect(misses.untold().reasons).toMatchObject([{ times: 4 }])
  expect(await turnsOf(url, 'two')).toHaveLength(2)
  expect(misses.untold().reasons).toMatchObject([{ why: expect.stringContaining('No fixture'), times: 2 }])
  await fetch(`${url}/@one`, { method: 'DELETE' })
  expect(misses.untold().reasons).toMatchObject([{ times: 2 }])
})
