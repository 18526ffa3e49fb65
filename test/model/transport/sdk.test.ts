import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Call } from '../../../server/api/call.ts'
import { createDispatcher } from '../../../server/model/transport/dispatcher.ts'
import { createSdkTransport } from '../../../server/model/transport/sdk.ts'
import { callOf, failureOf, open, startCatcher, textOf, whole } from './network.ts'

const make = (baseURL: string, apiKey?: string) =>
  createSdkTransport({ baseURL, apiKey, dispatcher: createDispatcher({}) })

afterEach(() => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** What the API sees of a call. */
async function sent(over: Partial<Call> = {}, base = '/v1') {
  const catcher = await startCatcher()
  const coming = make(`http://127.0.0.1:${catcher.port}${base}`, 'sk-server')(callOf(over), open())
  const { text, answer } = await catcher.next()
  answer(whole(''))
  await coming
  const [head = '', body] = text.split('\r\n\r\n')
  const [first, ...lines] = head.split('\r\n')
  return { first, lines, body }
}

describe('what the API sees', () => {
  test('the very bytes of the body, as JSON, and the SDK', async () => {
    const content = Buffer.from('{ "n": 12345678901234567890, "2": 1, "1": 1.0, "n": 2 }')
    const { first, lines, body } = await sent({ content, body: Buffer.from('coded') })
    expect(first).toBe('POST /v1/responses HTTP/1.1')
    expect(body).toBe(String(content))
    expect(lines).toContain('content-type: application/json')
    expect(lines).toContain('authorization: Bearer sk-server')
    expect(lines).toContainEqual(expect.stringMatching(/^user-agent: OpenAI\/JS \d/))
    expect(lines).not.toContainEqual(expect.stringMatching(/^openai-(?:organization|project):/))
  })

  test('the variables of the SDK', async () => {
    vi.stubEnv('OPENAI_ORG_ID', 'org-1')
    vi.stubEnv('OPENAI_PROJECT_ID', 'proj-1')
    vi.stubEnv('OPENAI_CUSTOM_HEADERS', 'X-One: 1\nX-Two: 2')
    vi.stubEnv('OPENAI_ADMIN_KEY', 'sk-admin')
    vi.stubEnv('OPENAI_API_KEY', 'sk-environment')
    const { lines } = await sent()
    expect(lines).toEqual(
      expect.arrayContaining(['openai-organization: org-1', 'openai-project: proj-1', 'x-one: 1', 'x-two: 2']),
    )
    expect(lines).toContain('authorization: Bearer sk-server')
  })

  test("the client's key, and the headers of the call that are true of it", async () => {
    const { lines } = await sent({
      credential: 'sk-client',
      headers: [
        ['OpenAI-Beta', 'x'],
        ['Authorization', 'Bearer other'],
        ['Content-Encoding', 'gzip'],
        ['Connection', 'close'],
        ['x-deltatape-token', 'secret'],
      ],
    })
    expect(lines).toContain('authorization: Bearer sk-client')
    expect(lines).toContain('openai-beta: x')
    expect(lines.join('\n')).not.toMatch(/other|gzip|close|secret/)
  })

  test('the address below its base, with its query', async () => {
    const { first } = await sent({ path: '/v1/responses', query: '?a=1' }, '/openai/v1')
    expect(first).toBe('POST /openai/v1/responses?a=1 HTTP/1.1')
  })
})

describe('what comes back', () => {
  test.each([200, 307, 400, 401, 407, 408, 409, 429, 500, 503])('the status %i, after one call', async (status) => {
    const catcher = await startCatcher()
    const coming = make(catcher.baseURL, 'sk-server')(callOf(), open())
    const { answer } = await catcher.next()
    answer(whole('{"error":"no"}', `HTTP/1.1 ${status} X\r\nX-Should-Retry: true\r\nlocation: /other`))
    const incoming = await coming
    expect(incoming).toMatchObject({ status, headers: expect.arrayContaining([['X-Should-Retry', 'true']]) })
    expect(await textOf(incoming)).toBe('{"error":"no"}')
    expect(catcher.connections).toBe(1)
  })

  test('a refusal if there is no key', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-environment')
    const refusal = await make('http://127.0.0.1:1/v1')(callOf({ credential: 'any' }), open())
    expect(refusal.status).toBe(401)
    expect(await textOf(refusal)).toContain('OPENAI_API_KEY')
  })

  test('a failure as what it was', async () => {
    const catcher = await startCatcher()
    const coming = failureOf(make(catcher.baseURL, 'sk-server')(callOf(), open()))
    const { socket } = await catcher.next()
    socket.resetAndDestroy()
    expect(await coming).toMatchObject({ failure: { end: 'unreachable', why: 'ECONNRESET' } })
  })

  test('the reason of an abort', async () => {
    const catcher = await startCatcher()
    const controller = new AbortController()
    const coming = failureOf(make(catcher.baseURL, 'sk-server')(callOf(), controller.signal))
    await catcher.next()
    controller.abort(new Error('The client left.'))
    expect(await coming).toBe(controller.signal.reason)
  })
})

test('a test that fakes timers, or replaces fetch, changes nothing', async () => {
  const catcher = await startCatcher()
  const transport = make(catcher.baseURL, 'sk-server')
  vi.useFakeTimers()
  vi.stubGlobal('fetch', () => Promise.reject(new Error('It must not be called.')))
  for (const text of ['one', 'two']) {
    const coming = transport(callOf(), open())
    const { answer } = await catcher.next()
    vi.runAllTimers()
    answer(whole(text))
    expect(await textOf(await coming)).toBe(text)
  }
})
