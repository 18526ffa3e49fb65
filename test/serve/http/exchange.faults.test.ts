/** Faults that a client asks for over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compose, words } from '../../kit/answers.ts'
import { folderWith, runServer } from '../../kit/tools.ts'
import { post as postTo, readAll } from './kit.ts'

const TEXT = 'Bonjour tout le monde !'
const INPUT = 'Say hello to all in French'

const french = compose('french').text(words(TEXT)).completed()

let shelf = ''
beforeAll(async () => {
  shelf = await folderWith({ [INPUT]: { events: french } }, afterAll)
})

async function asked(plan: string, body: object = { stream: true }, env: Record<string, string> = {}) {
  const { url } = await runServer({ FIXTURES_DIR: shelf, ...env })
  const headers = { 'content-type': 'application/json', 'x-deltatape-fault': plan }
  return postTo(url, { input: INPUT, ...body }, { headers })
}

test('refuse is an HTTP error', async () => {
  const response = await asked('refuse:503')
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({ error: { code: 'fault' } })
})

test('error and fail are events, at their place', async () => {
  const { text } = await readAll(await asked('error@5'))
  const types = [...text.matchAll(/^event: (.+)$/gm)].map(([, type]) => type)
  expect(types.slice(4)).toEqual(['response.output_text.delta', 'error', 'response.failed'])
  expect((await readAll(await asked('fail@4'))).text).not.toContain('event: error')
})

test('truncate is a clean end, malformed a line that is not JSON', async () => {
  const cut = await readAll(await asked('truncate@4'))
  expect([cut.text.match(/^event: /gm)?.length, cut.broken]).toEqual([4, undefined])
  const { text } = await readAll(await asked('malformed@4'))
  const [last] = text.trimEnd().split('\n').slice(-1)
  expect(() => JSON.parse(last?.replace('data: ', '') ?? '{}')).toThrow(SyntaxError)
})

test.each(['reset@4', 'stall@4', 'drop@4'])('%s breaks the body, after what came before', async (plan) => {
  const { text, broken } = await readAll(await asked(plan))
  expect(text.match(/^event: /gm)).toHaveLength(4)
  expect(broken).toBeInstanceOf(TypeError)
})

test.each([
  // The API says `response.failed` after it, and a failed response is an answer in one piece.
  ['error@3', 200],
  ['fail@3', 200],
  ['truncate@3', 502],
  ['reset@3', 502],
  ['stall@3', 504],
  ['malformed@3', 502],
  ['error', 200],
  ['truncate', 502],
])('%s of an answer in one piece has a status: %i', async (plan, status) => {
  const response = await asked(plan, {})
  expect(response.status).toBe(status)
  expect(JSON.stringify(await response.json())).toMatch(/fault|server_error/)
})

test('may stand in the address, as on a WebSocket, among other parameters', async () => {
  const { url } = await runServer({ FIXTURES_DIR: shelf })
  const ask = (query: string) =>
    fetch(`${url}/v1/responses${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-4.1-mini', input: INPUT }),
    })
  expect((await ask('?fault=refuse:503')).status).toBe(503)
  expect((await ask('?fault=refuse%3A503')).status).toBe(503)
  expect((await ask('?fault=')).status).toBe(200)
  // What is left of the query counts.
  expect((await ask('?a=1&fault=delay:1ms@2')).status).toBe(404)
})

test('an unknown one, and one if the API is called, are 400', async () => {
  expect((await asked('boom@1')).status).toBe(400)
  const live = await asked('reset@1', {}, { MODEL_MODE: 'live', OPENAI_API_KEY: 'sk-x' })
  expect(live.status).toBe(400)
  expect(await live.json()).toMatchObject({ error: { code: 'invalid_input' } })
})

test('an empty one is none', async () => {
  expect(await (await asked('', {})).json()).toMatchObject({ output: [{ content: [{ text: TEXT }] }] })
})

describe('each fault', () => {
  /** What a client that streams gets: the types of the events, how the body ended, and what the log calls it. */
  async function outcome(plan: string, env: Record<string, string> = {}) {
    const { url, lines } = await runServer({ FIXTURES_DIR: shelf, IDLE_TIMEOUT_MS: '20', ...env })
    const headers = { 'content-type': 'application/json', ...(plan === '' ? {} : { 'x-deltatape-fault': plan }) }
    const response = await postTo(url, { input: INPUT, stream: true }, { headers }).catch((error: unknown) => error)
    if (!(response instanceof Response)) return { status: undefined, isBroken: true, types: [], code: codeIn(lines) }
    const { text, broken } = await readAll(response)
    const types = [...text.matchAll(/^event: (.+)$/gm)].map(([, type]) => type)
    return { status: response.status, isBroken: broken !== undefined, types, code: codeIn(lines) }
  }

  const codeIn = (lines: readonly string[]): unknown =>
    lines.map((line): unknown => JSON.parse(line).code).find((code) => code !== undefined)

  const types = french.map(({ type }) => type)
  const before = types.slice(0, 7)

  test.each<[string, number, boolean, readonly unknown[], string | undefined]>([
    ['error@7', 200, false, [...before, 'error', 'response.failed'], 'upstream_error'],
    ['fail@7', 200, false, [...before, 'response.failed'], 'upstream_failed'],
    ['truncate@7', 200, false, before, 'upstream_truncated'],
    ['reset@7', 200, true, before, 'upstream_reset'],
    ['stall@7', 200, true, before, 'upstream_stalled'],
    ['malformed@7', 200, false, before, 'upstream_malformed'],
    ['drop@7', 200, true, before, 'dropped'],
    ['delay:5ms@7', 200, false, types, undefined],
    ['delay:5ms@3,reset@7', 200, true, before, 'upstream_reset'],
    // Before the first event it is known before the head.
    ['error', 200, false, ['error', 'response.failed'], 'upstream_error'],
    ['fail', 200, false, ['response.failed'], 'upstream_failed'],
    ['truncate', 502, false, [], 'upstream_truncated'],
    ['reset', 502, false, [], 'upstream_reset'],
    ['stall', 504, false, [], 'upstream_stalled'],
    ['malformed', 502, false, [], 'upstream_malformed'],
    ['delay:5ms', 200, false, types, undefined],
    // It does not happen after the last event.
    [`reset@${types.length}`, 200, false, types, undefined],
  ])('%s, in replay and of every answer', async (plan, status, isBroken, seen, code) => {
    const expected = { status, isBroken, types: seen, code }
    expect(await outcome(plan)).toEqual(expected)
    expect(await outcome('', { FAULT: plan })).toEqual(expected)
  })

  test('refuse and drop come before any answer', async () => {
    expect(await outcome('refuse:429')).toMatchObject({ status: 429, types: [] })
    expect(await outcome('drop')).toMatchObject({ status: undefined, isBroken: true, code: 'dropped' })
  })

  test('before the first event needs no fixture', async () => {
    const statuses = ['refuse:418', 'error', 'fail', 'truncate', 'stall'].map(
      async (plan) =>
        (await asked(plan, { input: 'nobody asked this', stream: true }, { IDLE_TIMEOUT_MS: '20' })).status,
    )
    expect(await Promise.all(statuses)).toEqual([418, 200, 200, 502, 504])
    expect((await asked('truncate@1', { input: 'nobody asked this' })).status).toBe(404)
  })

  test('of a mix is the same for the same seed, request and try, and some get none', async () => {
    const run = async (seed: string) => {
      const { url } = await runServer({ FIXTURES_DIR: shelf, IDLE_TIMEOUT_MS: '20' })
      const seen: string[] = []
      for (let round = 0; round < 20; round++) {
        const headers = { 'content-type': 'application/json', 'x-deltatape-fault': `chaos:${seed}:0.5` }
        const answer = await postTo(url, { input: INPUT, stream: true }, { headers }).catch(() => undefined)
        const { text = '', broken } = answer ? await readAll(answer) : {}
        seen.push(`${answer?.status} ${text.length} ${broken !== undefined}`)
      }
      return seen
    }
    const [one, again, other] = [await run('42'), await run('42'), await run('43')]
    expect(again).toEqual(one)
    expect(other).not.toEqual(one)
    expect(new Set(one).size).toBeGreaterThan(4)
  })
})
