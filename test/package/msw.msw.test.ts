/** Under msw, at the real addresses of APIs: what a program sees there is what it sees over HTTP. */
import nodeHttp from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import Anthropic from '@anthropic-ai/sdk'
import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import OpenAI from 'openai'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Settings, deltatape } from '../../server/package/msw.ts'
import { text } from '../../server/package/answers.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { folderWith, runStandIn, temporaryFolder } from '../kit/tools.ts'
import { endpointOf, leadingTo, runApi } from '../sdks/kit.ts'
import { messages } from '../sdks/wires/messages.ts'
import { WORDS } from '../sdks/wires/wire.ts'

const INPUT = 'Say hello to all in French'
const TEXT = 'Bonjour tout le monde, et bonne nuit !'
const french = compose('french').text(words(TEXT)).completed()
const TYPES = french.map(({ type }) => type)

const OPENAI = 'https://api.openai.com/v1/responses'
const JSON_TYPE = { 'content-type': 'application/json' }
const params = { model: 'gpt-4.1-mini', input: INPUT } as const

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

/** Puts handlers to work, with one of the user's own; whatever none of them takes is an error. */
function use(settings: Settings = {}) {
  const tape = deltatape(settings)
  const server = setupServer(
    ...tape,
    http.get('https://other.example/x', () => HttpResponse.json({ mine: true })),
  )
  server.listen({ onUnhandledFrame: 'error' })
  let isOpen = true
  const close = () => {
    if (isOpen) server.close()
    isOpen = false
  }
  onTestFinished(close)
  return { tape, close, openai: new OpenAI({ apiKey: 'sk-of-the-client', baseURL: 'https://api.openai.com/v1' }) }
}

const shelf = () => folderWith({ [INPUT]: { events: french } })

/** The types of events that a stream has, and the error that it ends with. */
async function listen(openai: OpenAI, headers: Record<string, string> = {}) {
  const types: string[] = []
  try {
    const stream = await openai.responses.create({ ...params, stream: true }, { headers, maxRetries: 0 })
    for await (const { type } of stream) types.push(type)
    return { types }
  } catch (error) {
    return { types, error }
  }
}

const post = (url: string, body: object, init: RequestInit = {}) =>
  fetch(url, {
    method: 'POST',
    headers: { ...JSON_TYPE, authorization: 'Bearer sk-of-the-client' },
    body: JSON.stringify(body),
    ...init,
  })

test('a program is answered at the address of the API, whichever client it has; all else is left to other handlers', async () => {
  const { tape, openai } = use({ fixtures: await shelf() })
  expect(await listen(openai)).toEqual({ types: TYPES })
  expect((await openai.responses.create(params)).output_text).toBe(TEXT)
  const byFetch = await post(OPENAI, { ...params, stream: true })
  expect(byFetch.headers.get('content-type')).toContain('text/event-stream')
  expect((await byFetch.text()).match(/^data: /gm)).toHaveLength(french.length)
  const byNode = nodeHttp
    .request(OPENAI.replace('https', 'http'), { method: 'POST', headers: JSON_TYPE })
    .end(JSON.stringify(params))
  const response = await new Promise<NodeJS.ReadableStream>((resolve) => void byNode.on('response', resolve))
  expect(await textOf(response)).toContain(TEXT)

  expect(await (await fetch('https://other.example/x')).json()).toEqual({ mine: true })
  vi.spyOn(console, 'error').mockImplementation(() => {})
  await expect(fetch('https://unknown.example/')).rejects.toThrow('fetch failed')
  expect(tape.turns()).toMatchObject(
    Array.from({ length: 4 }, () => ({ api: 'responses', path: '/v1/responses', action: 'hit', status: 200 })),
  )
  expect(tape.turns()).toEqual([])
  expect(tape.misses()).toEqual([])
  tape.endTest()
})

test('calls are recorded from the API, once each, and replayed without it', async () => {
  const api = await runApi(endpointOf(messages), {
    path: /\/responses$/,
    answer: ({ body }) =>
      body.stream === true ? { steps: steps(french) } : { body: JSON.stringify(french.at(-1)?.response) },
  })
  onTestFinished(() => api.close())
  const fixtures = await temporaryFolder()
  for (const [name, value] of Object.entries(leadingTo('by path', api.origin))) vi.stubEnv(name, value)
  const talk = async (openai: OpenAI) => {
    // Not before: an SDK keeps the fetch that it finds when it is made.
    const anthropic = new Anthropic({ apiKey: 'sk-of-the-client', baseURL: 'https://api.anthropic.com' })
    const spoken = anthropic.messages.stream({
      model: 'standin-1',
      max_tokens: 9,
      messages: [{ role: 'user', content: 'Tell it' }],
    })
    return {
      ...(await listen(openai)),
      said: await spoken.finalText(),
      whole: (await openai.responses.create(params)).output_text,
    }
  }
  const expected = { types: TYPES, said: WORDS.join(''), whole: TEXT }

  vi.stubEnv('MODEL_MODE', 'record')
  const recorder = use({ fixtures })
  expect(await talk(recorder.openai)).toEqual(expected)
  // What was configured is the API, too, wherever it is.
  expect(await (await post(`${api.origin}/v1/responses`, { ...params, store: true })).text()).toContain(TEXT)
  expect(recorder.tape.turns().map(({ action }) => action)).toEqual(Array(4).fill('saved'))
  expect(api.calls).toHaveLength(4)
  const keys = new Set(api.calls.map(({ headers }) => headers.authorization))
  expect([...keys]).toEqual(['Bearer sk-of-the-client'])
  recorder.close()

  vi.unstubAllEnvs()
  const player = use({ fixtures })
  expect(await talk(player.openai)).toEqual(expected)
  expect(player.tape.turns().map(({ action }) => action)).toEqual(['hit', 'hit', 'hit'])
  expect(api.calls).toHaveLength(4)
})

test('a host is taken that upstreams names, and recorded and replayed under its own name', async () => {
  const standIn = await runStandIn(() => ({ headers: { 'content-type': 'application/json' }, body: '{"choices":[]}' }))
  const { host } = new URL(standIn.url)
  const fixtures = await temporaryFolder()
  const url = `http://${host}/v1/chat/completions`
  const call = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] }
  for (const mode of ['record', 'replay'] as const) {
    const { tape, close } = use({ fixtures, mode, upstreams: [host] })
    expect(await (await post(url, call)).json()).toEqual({ choices: [] })
    expect(tape.turns()).toMatchObject([{ host, action: mode === 'record' ? 'saved' : 'hit' }])
    close()
  }
  expect(standIn.calls).toHaveLength(1)
})

describe('what breaks', () => {
  test.each([
    ['reset@7', 7],
    ['drop@7', 7],
    ['reset', 0],
  ])('%s is an error at the client, after all that came before', async (fault, count) => {
    const { openai } = use({ fixtures: await shelf() })
    const { types, error } = await listen(openai, { 'x-deltatape-fault': fault })
    expect(types).toEqual(TYPES.slice(0, count))
    expect(error).toBeInstanceOf(Error)
  })

  test('is what the API broke, when it is recorded and when it is replayed', async () => {
    const standIn = await runStandIn(() => ({ steps: [...steps(french.slice(0, 5)), { wait: 20 }, 'reset'] }))
    vi.stubEnv('RECORD_FAILURES', '1')
    const fixtures = await temporaryFolder()
    for (const mode of ['record', 'replay'] as const) {
      const { openai, close } = use({ fixtures, mode, baseURL: standIn.url })
      const { types, error } = await listen(openai)
      expect([mode, types]).toEqual([mode, TYPES.slice(0, 5)])
      expect(error).toBeInstanceOf(Error)
      close()
    }
  })

  test('is asked for by words for the next answers, or for so many', async () => {
    const { tape, openai } = use({ fixtures: await shelf() })
    tape.fault('refuse:429', 1)
    await expect(openai.responses.create(params, { maxRetries: 0 })).rejects.toMatchObject({ status: 429 })
    expect((await openai.responses.create(params)).output_text).toBe(TEXT)
    tape.fault('drop')
    await expect(openai.responses.create(params, { maxRetries: 0 })).rejects.toThrow('Connection error')
    await expect(openai.responses.create(params, { maxRetries: 0 })).rejects.toThrow('Connection error')
    tape.fault()
    expect((await openai.responses.create(params)).output_text).toBe(TEXT)
    expect(() => tape.fault('burn')).toThrow(expect.objectContaining({ code: 'invalid_input' }))
    const live = deltatape({ mode: 'live' })
    expect(() => live.fault('drop')).toThrow(expect.objectContaining({ code: 'invalid_input' }))
  })
})

test('what the API sends arrives as it comes, and a client that leaves ends its call', async () => {
  const { promise: seen, resolve: see } = Promise.withResolvers<void>()
  const standIn = await runStandIn(() => ({
    steps: [...steps(french.slice(0, 4)), { until: seen }, ...steps(french.slice(4, 5)), 'hang'],
  }))
  const { tape } = use({ mode: 'live', baseURL: standIn.url })
  const abort = new AbortController()
  const response = await post(OPENAI, { ...params, stream: true }, { signal: abort.signal })
  let got = ''
  const reading = (async () => {
    for await (const chunk of response.body ?? []) {
      got += Buffer.from(chunk).toString()
      if (got.split('\n\n').length > 4) see()
      if (got.split('\n\n').length > 5) abort.abort()
    }
  })()
  await expect(reading).rejects.toMatchObject({ name: 'AbortError' })
  expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
  await expect.poll(() => tape.turns()).toMatchObject([{ code: 'cancelled' }])
})

describe('a call without a fixture', () => {
  test('is told to the client and to the test, with the command of its run', async () => {
    vi.stubEnv('npm_lifecycle_event', 'test:unit')
    const { tape, openai } = use({ fixtures: await shelf() })
    const unseen = { ...params, input: 'Say hello to nobody' }
    await expect(openai.responses.create(unseen)).rejects.toMatchObject({ status: 404, code: 'fixture_miss' })
    expect(tape.turns()).toMatchObject([{ action: 'miss', code: 'fixture_miss' }])
    expect(() => tape.endTest()).toThrow(/No fixture for this request .*MODEL_MODE=auto npm run test:unit`\./)
    tape.endTest()
    await openai.responses.create(unseen).catch(() => {})
    expect(tape.misses()).toMatchObject([{ action: 'miss' }])
    tape.endTest()
  })

  test('is one, too, where a folder that was named is not there', async () => {
    const { tape, openai } = use({ fixtures: '/nowhere/fixtures' })
    await expect(openai.responses.create(params, { maxRetries: 0 })).rejects.toMatchObject({
      code: 'fixtures_unusable',
    })
    expect(() => tape.endTest()).toThrow('"/nowhere/fixtures" does not exist')
  })
})

test('what a test wants of its answers ends with it', async () => {
  const { tape, openai } = use({ fixtures: await shelf() })
  tape.answer('What is the weather?', [text('It is '), text('sunny.')])
  const asked = { ...params, input: 'What is the weather?' }
  expect((await openai.responses.create(asked)).output_text).toBe('It is sunny.')
  tape.fault('drop')
  expect(tape.turns()).toMatchObject([{ action: 'written' }])
  tape.endTest()
  expect((await openai.responses.create(params)).output_text).toBe(TEXT)
  await expect(openai.responses.create(asked)).rejects.toMatchObject({ code: 'fixture_miss' })
  expect(() => tape.endTest()).toThrow('No fixture')
})

test('a setting that there is not, or that has no such value, is refused at once', () => {
  const misspelt: object = { fixture: 'x' }
  expect(() => deltatape(misspelt)).toThrow('fixture: there is no such setting. There are fixtures, model,')
  expect(() => deltatape({ pace: 'fast' })).toThrow('pace must be')
  expect(() => deltatape({ upstreams: ['a b'] })).toThrow('upstreams must be')
})

test("the addresses of a deltatape around this process are nobody else's", async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const url = 'http://127.0.0.1:4999'
  vi.stubEnv('DELTATAPE_URL', url)
  vi.stubEnv('OPENAI_BASE_URL', `${url}/@w1/v1`)
  use({ fixtures: await shelf() })
  await expect(post(`${url}/@w1/v1/responses`, params)).rejects.toThrow('fetch failed')
  expect((await post(OPENAI, params)).status).toBe(200)
})
