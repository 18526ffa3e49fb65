/** What is answered beside calls, and who is let in: over a port. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import manifest from '../../../package.json' with { type: 'json' }
import { compose, words } from '../../kit/answers.ts'
import { folderWith, runServer } from '../../kit/tools.ts'
import { type RawRequest, type RawResponse, ask as askRaw, valuesOf } from './kit.ts'

const HELLO = { model: 'gpt-4.1-mini', input: 'Say hello to all in French' }

let shelf = ''
beforeAll(async () => {
  const events = compose('french').text(words('Bonjour tout le monde !')).completed()
  shelf = await folderWith({ [HELLO.input]: { events } }, afterAll)
})

const errorSchema = z.strictObject({
  error: z.strictObject({ message: z.string(), type: z.string(), param: z.null(), code: z.string() }),
})

/** The error in a response, and that it is shaped as the API's. */
function errorIn({ status, body }: RawResponse) {
  const { error } = errorSchema.parse(JSON.parse(body.toString()))
  return { status, code: error.code, message: error.message }
}

async function setUp(env: Record<string, string> = {}) {
  const { url, lines } = await runServer({ FIXTURES_DIR: shelf, ...env })
  const ask = (target: string, headers: Record<string, string> = {}, more: RawRequest = {}) =>
    askRaw(url, { method: 'GET', target, headers: Object.entries(headers), ...more })
  const post = (headers: Record<string, string> = {}) =>
    ask('/v1/responses', headers, { method: 'POST', body: JSON.stringify(HELLO) })
  return { ask, post, lines }
}

describe('/health', () => {
  test('is exactly ok, and says in a header who answers', async () => {
    const { ask } = await setUp()
    const response = await ask('/health')
    expect([response.status, response.body.toString()]).toEqual([200, '{"status":"ok"}'])
    expect(valuesOf(response, 'content-type')).toEqual(['application/json'])
    expect(valuesOf(response, 'x-deltatape')).toEqual([`${manifest.version} replay`])
  })
})

describe('what is not there', () => {
  test.each(['/nowhere', '/v2/chat/completions'])('%s is told so, with what there is', async (path) => {
    const { ask } = await setUp()
    const { status, code, message } = errorIn(await ask(path))
    expect([status, code]).toEqual([404, 'not_found'])
    expect(message).toContain('POST /v1/responses')
  })

  test('other calls below /v1 are calls that nobody recorded', async () => {
    const { ask } = await setUp()
    for (const path of ['/v1/chat/completions', '/v1/responses/resp_1', '/v1/files/file-1/content?x=1']) {
      expect(errorIn(await ask(path))).toMatchObject({ status: 404, code: 'fixture_miss' })
    }
  })

  test('a WebSocket endpoint asks for an upgrade', async () => {
    const { ask } = await setUp()
    for (const path of ['/ws', '/ws-stream']) {
      const response = await ask(path)
      expect(valuesOf(response, 'upgrade')).toEqual(['websocket'])
      expect(errorIn(response)).toMatchObject({ status: 426, code: 'upgrade_required' })
    }
  })
})

describe('pages of other origins', () => {
  const page = { origin: 'http://localhost:5173' }

  test('read nothing unless they are allowed, and foreign ones are refused', async () => {
    const { ask, post, lines } = await setUp()
    const preflight = await ask('/v1/responses', page, { method: 'OPTIONS' })
    for (const response of [await ask('/health', page), await post(page), preflight]) {
      expect(response.headers.filter(([name]) => name.toLowerCase().startsWith('access-control'))).toEqual([])
    }
    for (const origin of ['https://evil.example', 'null']) {
      expect(errorIn(await post({ origin }))).toMatchObject({ status: 403, code: 'forbidden' })
    }
    expect(lines.filter((line) => line.includes('turned away') && line.includes('"forbidden"'))).toHaveLength(2)
  })

  test('read what they ask for if ALLOWED_ORIGINS names them', async () => {
    const { ask, post } = await setUp({ ALLOWED_ORIGINS: 'https://app.example' })
    const allowed = { origin: 'https://app.example' }
    const answer = await post(allowed)
    expect(valuesOf(answer, 'access-control-allow-origin')).toEqual(['https://app.example'])
    expect(valuesOf(answer, 'access-control-expose-headers').join()).toContain('x-deltatape-fixture')
    expect(valuesOf(await ask('/health', allowed), 'access-control-allow-origin')).toEqual(['https://app.example'])
    const asked = {
      ...allowed,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    }
    const preflight = await ask('/v1/responses', asked, { method: 'OPTIONS' })
    expect(preflight.status).toBe(204)
    expect(valuesOf(preflight, 'access-control-allow-headers')).toEqual(['authorization,content-type'])
    expect(valuesOf(await ask('/health', page), 'access-control-allow-origin')).toEqual([])
  })

  test('a host that is not this server is refused, and so are two', async () => {
    const { ask } = await setUp()
    for (const headers of [
      [['host', 'evil.example']],
      [
        ['origin', 'http://localhost:1'],
        ['origin', 'null'],
      ],
    ] as const) {
      const response = await ask('/v1/responses', {}, { method: 'POST', headers, body: '{}' })
      expect([400, 403]).toContain(response.status)
    }
  })
})

describe('AUTH_TOKEN', () => {
  test('is asked of every endpoint but /health', async () => {
    const { ask, post } = await setUp({ AUTH_TOKEN: 'open-sesame' })
    expect((await ask('/health')).status).toBe(200)
    for (const response of [
      await post(),
      await ask('/v1/models'),
      await post({ authorization: 'Bearer wrong' }),
      await post({ 'x-deltatape-token': 'wrong', authorization: 'Bearer open-sesame' }),
    ]) {
      expect(errorIn(response)).toMatchObject({ status: 401, code: 'unauthorized' })
      expect(valuesOf(response, 'www-authenticate')).toEqual(['Bearer'])
    }
  })

  test('is taken as bearer token, or beside one', async () => {
    const { ask, post } = await setUp({ AUTH_TOKEN: 'open-sesame' })
    expect((await post({ authorization: 'Bearer open-sesame' })).status).toBe(200)
    expect((await post({ 'x-deltatape-token': 'open-sesame' })).status).toBe(200)
    expect((await ask('/v1/models', { authorization: 'bearer open-sesame' })).status).toBe(200)
  })
})
