/** Where calls go, and what is refused before anything is sent. */
import fc from 'fast-check'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createRoutes, withoutHost } from '../../../server/model/transport/route.ts'
import { runServer, temporaryFolder } from '../../kit/tools.ts'

const OPENAI = { baseURL: 'https://api.openai.com/v1', apiKey: 'sk-openai-of-the-server' }

const to = (path: string, row = 'any', headers: readonly (readonly [string, string])[] = []) =>
  createRoutes(OPENAI).to({ row, path, headers })

test.each([
  ['/v1/chat/completions', 'api.openai.com'],
  ['/embeddings', 'api.openai.com'],
  ['/v1/messages', 'api.anthropic.com'],
  ['/messages', 'api.anthropic.com'],
  ['/v1beta/models/m:streamGenerateContent', 'generativelanguage.googleapis.com'],
  ['/v1/models/m:generateContent', 'generativelanguage.googleapis.com'],
  ['/v1/projects/p/locations/us-east5/publishers/google/models/m:x', 'us-east5-aiplatform.googleapis.com'],
  ['/v2/chat', 'api.cohere.com'],
  ['/api/chat', '127.0.0.1:11434'],
  ['/model/a.b-v1:0/converse', 'bedrock-runtime.us-east-1.amazonaws.com'],
])('%s goes to %s', (path, host) => {
  expect(to(path)).toMatchObject({ upstream: host })
  expect(to(path).host).toBeUndefined()
})

test('a key of another service is not sent where paths are the same', () => {
  expect(to('/v1/models', 'openai', [['anthropic-version', '2023-06-01']])).toMatchObject({
    upstream: 'api.anthropic.com',
    host: 'api.anthropic.com',
  })
})

test('a host counts unless it is the own of the row', () => {
  const routes = createRoutes({ ...OPENAI, baseURL: 'https://gateway.example:8443/v1' })
  const at = (named: string) => routes.to({ row: 'responses', path: '/v1/responses', headers: [] }, named)
  expect(at('api.openai.com').host).toBeUndefined()
  expect(at('gateway.example:8443').host).toBeUndefined()
  expect(at('API.mistral.ai')).toMatchObject({ host: 'api.mistral.ai', base: 'https://api.mistral.ai' })
  expect(at('evil.example').refusal?.code).toBe('forbidden')
})

describe('on real sockets', () => {
  let connections = 0
  const sockets = createServer((_request, response) => response.end('{}'))
  sockets.on('connection', () => connections++)
  let port = 0
  beforeAll(async () => {
    await new Promise<void>((resolve) => sockets.listen(0, '127.0.0.1', resolve))
    port = (sockets.address() as AddressInfo).port
  })
  afterAll(() => void sockets.close())

  test('no host prefix that is not allowed reaches anything', async () => {
    const { url } = await runServer({ MODEL_MODE: 'live', OPENAI_API_KEY: 'sk-of-the-server' })
    const names = [
      '127.0.0.1',
      'localhost',
      'localhost.',
      'LOCALHOST',
      'x.localhost',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '2130706433',
      '0x7f.0.0.1',
      '0x7f000001',
      '017700000001',
      '0177.0.0.1',
      '127.1',
      '0.0.0.0',
      '[::]',
      '127.0.0.1.',
      '127%2e0%2e0%2e1',
      '127。0。0。1',
      'api.openai.com@127.0.0.1',
      'user:pass@127.0.0.1',
      'api.openai.com\\@127.0.0.1',
      'api.openai.com#@127.0.0.1',
    ]
    const prefix = fc.constantFrom('/', '//', '/./', '/../', '/%2f', '/\\', '/x/../', '/http://')
    const tail = fc.constantFrom('/v1/responses', '//v1/responses', '/../v1/responses', '%2fv1', '\\v1/responses', '/')
    await fc.assert(
      fc.asyncProperty(prefix, fc.constantFrom(...names), tail, async (before, name, after) => {
        const response = await fetch(`${url}${before}${name}:${port}${after}`, {
          headers: { authorization: 'Bearer sk-c' },
        }).catch(() => undefined)
        await response?.body?.cancel()
      }),
      { numRuns: 150 },
    )
    expect(connections).toBe(0)
  })

  test('one that is named in UPSTREAMS is called, with the key of the client and no other', async () => {
    const before = connections
    const { url } = await runServer({
      MODEL_MODE: 'record',
      FIXTURES_DIR: await temporaryFolder(),
      UPSTREAMS: `127.0.0.1:${port}`,
      OPENAI_API_KEY: 'sk-of-the-server',
    })
    const response = await fetch(`${url}/127.0.0.1:${port}/v1/thing`)
    expect(await response.text()).toBe('{}')
    expect(connections).toBe(before + 1)
    expect((await fetch(`${url}/127.0.0.1:${port + 1}/v1/thing`)).status).toBe(403)
  })

  test('a service gets its own key in its own header, and is refused by name without one', async () => {
    const seen: unknown[] = []
    sockets.once('request', ({ headers }: { headers: Record<string, unknown> }) =>
      seen.push(headers['x-api-key'], headers.authorization),
    )
    const base = {
      MODEL_MODE: 'live',
      ANTHROPIC_BASE_URL: `http://127.0.0.1:${port}`,
      OPENAI_API_KEY: 'sk-openai-server',
    }
    const ask = async (url: string) =>
      fetch(`${url}/v1/messages`, {
        method: 'POST',
        body: '{}',
        headers: { 'x-api-key': 'any', 'content-type': 'application/json' },
      })
    const { url } = await runServer({ ...base, ANTHROPIC_API_KEY: 'sk-ant-of-the-server' })
    expect((await ask(url)).status).toBe(200)
    expect(seen).toEqual(['sk-ant-of-the-server', undefined])
    const refused = await ask((await runServer(base)).url)
    expect(refused.status).toBe(401)
    expect(await refused.text()).toContain('ANTHROPIC_API_KEY')
  })
})

test.each([
  ['/api.mistral.ai/v1/x', { named: 'api.mistral.ai', path: '/v1/x' }],
  ['/favicon.ico', { path: '/favicon.ico' }],
  ['/@a.b/v1/x', { path: '/@a.b/v1/x' }],
  ['/v1beta/models/m', { path: '/v1beta/models/m' }],
])('the host in front of %s', (path, expected) => expect(withoutHost(path)).toEqual(expected))
