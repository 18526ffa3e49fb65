/** A test that fakes its timers, and talks to sockets in its own process: nothing in them may wait for a faked one. */
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { Batch } from '../../../server/api/record.ts'
import { systemClock } from '../../../server/base/clock.ts'
import { fresh } from '../../../server/base/memo.ts'
import type { Model } from '../../../server/model/model.ts'
import { compose } from '../../kit/answers.ts'
import { connect } from '../../kit/client.ts'
import { expectRules } from '../../kit/rules.ts'
import { folderWith, runServer } from '../../kit/tools.ts'
import { FRENCH, answerOf, keptAnswer, keptBatch, runScripted, runSockets } from './kit.ts'

const BATCH = keptBatch(compose('x').text(['one', ' two']).completed())

/** The records at the pace of a recording: a real moment before each. */
async function* paced({ items }: Batch, signal: AbortSignal): AsyncGenerator<Batch> {
  for (const record of items) {
    await systemClock.sleep(1, signal)
    yield fresh([record])
  }
}

const MODELS: Readonly<Record<string, Model>> = {
  instant: async () => keptAnswer([BATCH]),
  recorded: async (_call, signal) => answerOf(paced(BATCH, signal)),
}

describe.each(Object.entries(MODELS))('at %s pace', (_pace, model) => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test.each(['/ws', '/ws-stream'])('%s answers one turn after another', async (path) => {
    const { url } = await runSockets(model)
    const chat = await connect(`${url}${path}`)
    for (const id of ['1', '2', '3']) chat.send({ input: 'Hi', id })
    for (let turn = 0; turn < 3; turn++) expect((await chat.turn()).at(-1)).toMatchObject({ message: 'one two' })
    expectRules(chat.transcript, ['1', '2', '3'], { streamed: path === '/ws-stream' })
    chat.ws.close(1000)
    expect(await chat.closed).toBe(1000)
  })

  test('/v1/responses sends its events', async () => {
    const { url } = await runSockets(model)
    const ws = new WebSocket(`${url.replace('http', 'ws')}/v1/responses`)
    onTestFinished(() => ws.terminate())
    const messages: unknown[] = []
    ws.on('message', (data) => messages.push(JSON.parse(String(data))))
    await once(ws, 'open')
    ws.send(JSON.stringify({ type: 'response.create', model: 'm', input: 'Hi' }))
    while (messages.length < BATCH.items.length) await once(ws, 'message')
    expect(messages).toEqual(BATCH.items.map(({ event }) => event?.body))
  })
})

describe.each(['instant', 'recorded'])('a whole server at %s pace', (pace) => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('answers a chat and a client of the API', async () => {
    const events = compose('x').text(['one', ' two']).completed()
    const server = await runServer({ FIXTURES_DIR: await folderWith({ Hi: { events } }), REPLAY_PACE: pace })
    const chat = await connect(`${server.url}/ws-stream`)
    chat.send({ input: 'Hi' })
    expect((await chat.turn()).at(-1)).toMatchObject({ type: 'message', message: 'one two' })
    const ws = new WebSocket(`${server.url.replace('http', 'ws')}/v1/responses`)
    let count = 0
    ws.on('message', () => count++)
    await once(ws, 'open')
    ws.send(JSON.stringify({ type: 'response.create', model: 'gpt-4.1-mini', input: 'Hi' }))
    while (count < events.length) await once(ws, 'message')
    // The client would wait for the end of its connection by a timer that is faked.
    ws.terminate()
    chat.ws.terminate()
    await server.close(0)
  })
})

test('what a test does with its faked timers does nothing to a connection', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { url } = await runScripted()
  const chat = await connect(`${url}/ws`)
  chat.send('junk')
  await chat.next()
  expect(vi.getTimerCount()).toBe(0)
  vi.advanceTimersByTime(10 * 60_000)
  chat.send({ input: 'miss' })
  expect(await chat.next()).toMatchObject({ code: 'fixture_miss' })
  chat.send({ input: FRENCH })
  expect(await chat.next()).toMatchObject({ type: 'message' })
})

test('a server that stops says goodbye, and does not wait for a client that does not answer', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { url, sockets } = await runScripted()
  const [polite, silent] = await Promise.all([connect(`${url}/ws`), connect(`${url}/ws`)])
  silent.ws.pause()
  await sockets.drain()
  expect(await polite.closed).toBe(1001)
  silent.ws.terminate()
})
