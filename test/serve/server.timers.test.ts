/** A test that fakes its timers, all that vitest fakes by default, with the whole server in its process. */
import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { compose, steps, words } from '../kit/answers.ts'
import { connect } from '../kit/client.ts'
import { folderWith, runServer, runStandIn, temporaryFolder } from '../kit/tools.ts'
import { ask } from './http/kit.ts'

const INPUT = 'Say hello to all in French'
const TEXT = 'Bonjour tout le monde !'
const french = compose('french').text(words(TEXT)).completed()

let shelf = ''
beforeAll(async () => {
  shelf = await folderWith({ [INPUT]: { events: french } }, afterAll)
})
afterEach(() => void vi.useRealTimers())

/** Every way to ask; each gives the text of the answer. */
const WAYS: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
  async '/ws'(url) {
    const chat = await connect(`${url}/ws`)
    chat.send({ input: INPUT })
    const frame = await chat.next()
    await chat.close()
    return frame.message
  },
  async '/ws-stream'(url) {
    const chat = await connect(`${url}/ws-stream`)
    chat.send({ input: INPUT })
    const frames = await chat.turn()
    await chat.close()
    return frames
      .slice(0, -1)
      .map(({ message }) => message)
      .join('')
  },
  async 'POST /v1/responses'(url) {
    const { body } = await ask(url, { body: JSON.stringify({ model: 'gpt-4.1-mini', input: INPUT, stream: true }) })
    const last = /event: response\.completed\ndata: (.+)\n\n$/.exec(body.toString())?.[1]
    return JSON.parse(last ?? '{}').response?.output[0].content[0].text
  },
  async 'POST /v1/responses, not streamed'(url) {
    const { body } = await ask(url, { body: JSON.stringify({ model: 'gpt-4.1-mini', input: INPUT }) })
    return JSON.parse(body.toString()).output[0].content[0].text
  },
  async 'the WebSocket of /v1/responses'(url) {
    const ws = new WebSocket(`${url.replace('http', 'ws')}/v1/responses`)
    onTestFinished(() => ws.terminate())
    await once(ws, 'open')
    const { promise: answered, resolve } = Promise.withResolvers<unknown>()
    ws.on('message', (data) => {
      const { type, response } = JSON.parse(String(data))
      if (type === 'response.completed') resolve(response.output[0].content[0].text)
    })
    ws.send(JSON.stringify({ type: 'response.create', model: 'gpt-4.1-mini', input: INPUT }))
    return answered
  },
}

describe.each(Object.entries(WAYS))('%s', (_name, way) => {
  test.each(['instant', 'recorded', '5x', '1ms'])('is answered at the pace %s', async (pace) => {
    const env = { FIXTURES_DIR: shelf, REPLAY_PACE: pace }
    const before = await runServer(env)
    vi.useFakeTimers()
    const after = await runServer(env)
    for (const { url } of [before, after, before]) expect(await way(url)).toBe(TEXT)
    expect(vi.getTimerCount()).toBe(0)
    await after.close()
  })

  test.each(['live', 'record', 'auto'])('calls the API, mode %s', async (mode) => {
    const whole = JSON.stringify(french.at(-1)?.response)
    const standIn = await runStandIn(({ body, method }) =>
      method === 'POST' && body.stream !== true ? { body: whole } : { steps: steps(french) },
    )
    vi.useFakeTimers()
    const server = await runServer({
      MODEL_MODE: mode,
      OPENAI_API_KEY: 'sk-stand-in',
      OPENAI_BASE_URL: standIn.url,
      FIXTURES_DIR: await temporaryFolder(),
    })
    for (let time = 0; time < 3; time++) expect(await way(server.url)).toBe(TEXT)
    expect(vi.getTimerCount()).toBe(0)
    expect(standIn.calls).toHaveLength(mode === 'auto' ? 1 : 3)
    await server.close()
  })
})

test('hours that a test lets pass end nothing', async () => {
  const { promise: called, resolve } = Promise.withResolvers<void>()
  const rest = Promise.withResolvers<void>()
  const standIn = await runStandIn(() => {
    resolve()
    return { steps: [...steps(french.slice(0, 5)), { until: rest.promise }, ...steps(french.slice(5))] }
  })
  vi.useFakeTimers()
  const server = await runServer({ MODEL_MODE: 'live', OPENAI_API_KEY: 'sk-x', OPENAI_BASE_URL: standIn.url })
  const answer = WAYS['/ws-stream']?.(server.url)
  await called
  vi.advanceTimersByTime(10 * 60 * 60_000)
  rest.resolve()
  expect(await answer).toBe(TEXT)
})
