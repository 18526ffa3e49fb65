/** In the handlers of msw, which takes what a program sends to the network. */
import { http } from 'msw'
import { setupServer } from 'msw/node'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { readConfig } from '../../server/serve/config.ts'
import { createFetch } from '../../server/package/fetch.ts'
import { compose, steps, words } from '../kit/answers.ts'
import { folderWith, runStandIn, temporaryFolder } from '../kit/tools.ts'

const INPUT = 'Say hello to all in French'
const TEXT = 'Bonjour tout le monde !'
const french = compose('french').text(words(TEXT)).completed()

let shelf = ''
const network = setupServer()
beforeAll(async () => {
  shelf = await folderWith({ [INPUT]: { events: french } }, afterAll)
  network.listen({ onUnhandledFrame: 'bypass' })
})
afterEach(() => {
  network.resetHandlers()
  vi.useRealTimers()
  vi.restoreAllMocks()
})
afterAll(() => network.close())

const params = { model: 'gpt-4.1-mini', input: INPUT } as const

async function talk(baseURL?: string) {
  const openai = new OpenAI({
    apiKey: 'sk-of-the-client',
    maxRetries: 0,
    ...(baseURL === undefined ? {} : { baseURL }),
  })
  const types: string[] = []
  for await (const { type } of await openai.responses.create({ ...params, stream: true })) types.push(type)
  return { types, text: (await openai.responses.create(params)).output_text }
}

const EXPECTED = { types: french.map(({ type }) => type), text: TEXT }

test('it replays', async () => {
  const fetchHere = createFetch({ fixturesDir: shelf })
  network.use(http.all('https://api.openai.com/*', ({ request }) => fetchHere(request)))
  expect(await talk()).toEqual(EXPECTED)
  vi.useFakeTimers()
  expect(await talk()).toEqual(EXPECTED)
})

test('it records from an address that no handler takes', async () => {
  const whole = JSON.stringify(french.at(-1)?.response)
  const standIn = await runStandIn(({ body }) => (body.stream === true ? { steps: steps(french) } : { body: whole }))
  const dir = await temporaryFolder()
  const fetchHere = createFetch(readConfig({ MODEL_MODE: 'record', OPENAI_BASE_URL: standIn.url, FIXTURES_DIR: dir }))
  network.use(http.all('https://api.openai.com/*', ({ request }) => fetchHere(request)))
  expect(await talk()).toEqual(EXPECTED)
  expect(standIn.calls.map(({ headers }) => headers.authorization)).toEqual(Array(2).fill('Bearer sk-of-the-client'))
  network.resetHandlers(
    http.all('https://api.openai.com/*', ({ request }) => createFetch({ fixturesDir: dir })(request)),
  )
  expect(await talk()).toEqual(EXPECTED)
})

test('an abort reaches it', async () => {
  // msw tells of the abort as of an error of the handler.
  vi.spyOn(console, 'error').mockImplementation(() => {})
  const { promise: called, resolve } = Promise.withResolvers<void>()
  const standIn = await runStandIn(() => {
    resolve()
    return { instead: 'hang' }
  })
  const fetchHere = createFetch(readConfig({ MODEL_MODE: 'live', OPENAI_BASE_URL: standIn.url }))
  network.use(http.all('https://api.openai.com/*', ({ request }) => fetchHere(request)))
  const abort = new AbortController()
  const asking = fetch('https://api.openai.com/v1/responses', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-of-the-client' },
    body: JSON.stringify(params),
    signal: abort.signal,
  })
  await called
  abort.abort()
  await expect(asking).rejects.toMatchObject({ name: 'AbortError' })
  expect(await standIn.calls[0]?.closed).toEqual({ whole: false })
})
