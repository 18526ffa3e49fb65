/** HTTP without a port. */
import { describe, expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { readConfig } from '../server/config.ts'
import { createApp } from '../server/http.ts'
import { readableLog } from './tools.ts'

function setUp() {
  const { log, lines } = readableLog()
  const app = createApp({ config: readConfig({}), log })
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    app.request(path, { method, headers: { host: 'localhost:3300', ...headers } })
  return { app, get, lines }
}

describe('/health', () => {
  test('is exactly ok, and says in a header who answers', async () => {
    const response = await setUp().get('/health')
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('{"status":"ok"}')
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('x-deltatape')).toBe(`${manifest.version} replay`)
  })

  test('no page of another origin reads it', async () => {
    const response = await setUp().get('/health', { origin: 'http://localhost:5173' })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('what is refused', () => {
  test.each([
    [404, 'not_found', '/nowhere', {}],
    [404, 'not_found', '/', {}],
    [426, 'upgrade_required', '/ws', {}],
    [426, 'upgrade_required', '/ws-stream', {}],
    [403, 'forbidden', '/health', { host: 'evil.example' }],
    [403, 'forbidden', '/health', { origin: 'null' }],
    [403, 'forbidden', '/nowhere', { origin: 'https://evil.example' }],
  ])('%i %s for %s %j', async (status, code, path, headers) => {
    const response = await setUp().get(path, headers)
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual({
      error: { message: expect.any(String), type: 'deltatape_error', param: null, code },
    })
    expect(response.headers.get('x-deltatape')).toContain('replay')
  })

  test('another method is no health check', async () => {
    expect((await setUp().get('/health', {}, 'POST')).status).toBe(404)
  })
})

test('an error that nobody expects is logged whole and told in few words', async () => {
  const { app, get, lines } = setUp()
  app.get('/broken', () => {
    throw new TypeError('a bug')
  })
  const response = await get('/broken')
  expect(response.status).toBe(500)
  expect(await response.text()).not.toContain('bug')
  expect(lines.join('')).toContain('a bug')
})
