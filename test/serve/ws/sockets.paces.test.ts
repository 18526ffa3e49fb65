/** Paces that a client asks for on a WebSocket: for all turns of its connection. */
import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { compose, words } from '../../kit/answers.ts'
import { connect } from '../../kit/client.ts'
import { folderWith, runServer } from '../../kit/tools.ts'

const FRENCH = 'Say hello to all in French'

const events = compose('french').text(words('Bonjour tout le monde !')).completed()

const shelf = () => folderWith({ [FRENCH]: { events } })

/** Nobody waits for the second event. */
const SLOW = '600000ms'

test.each(['/ws-stream', '/ws'])('%s: connections of different paces get the same frames', async (path) => {
  const { url } = await runServer({ FIXTURES_DIR: await shelf() })
  const transcripts: (readonly string[])[] = []
  for (const query of ['', '?pace=1000000x', '?pace=instant', '?pace=0.001ms', '']) {
    const chat = await connect(url + path + query)
    chat.send({ input: FRENCH })
    await chat.turn()
    transcripts.push(chat.transcript)
    await chat.close()
  }
  for (const each of transcripts) expect(each).toEqual(transcripts[0])
})

test('a slow turn waits, beside one of the same fixture that does not', async () => {
  const { url } = await runServer({ FIXTURES_DIR: await shelf() })
  // The first delta is the fifth event.
  const slow = await connect(`${url}/ws-stream`, { headers: { 'x-deltatape-pace': SLOW } })
  slow.send({ id: 'slow', input: FRENCH })
  const fast = await connect(`${url}/ws-stream`)
  fast.send({ input: FRENCH })
  expect((await fast.turn()).at(-1)).toMatchObject({ type: 'message' })
  slow.send({ type: 'cancel', id: 'slow' })
  expect(await slow.turn()).toEqual([expect.objectContaining({ type: 'error', code: 'cancelled' })])
})

test('a pace and a fault go together, on a server that is slow', async () => {
  const { url } = await runServer({ FIXTURES_DIR: await shelf(), REPLAY_PACE: SLOW })
  const chat = await connect(`${url}/@me/ws-stream?fault=reset@7&pace=instant`)
  for (const input of [FRENCH, FRENCH]) {
    chat.send({ input })
    const frames = await chat.turn()
    expect(frames.map(({ type }) => type)).toEqual(['delta', 'delta', 'delta', 'error'])
  }
})

test('a wrong pace, or one in another mode, ends each turn with its error', async () => {
  const replaying = await runServer({ FIXTURES_DIR: await shelf() })
  const wrong = await connect(`${replaying.url}/ws?pace=fast`)
  for (const input of [FRENCH, FRENCH]) {
    wrong.send({ input })
    expect(await wrong.turn()).toEqual([
      expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining('15ms') }),
    ])
  }
  const live = await runServer({ MODEL_MODE: 'live', OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' })
  const chat = await connect(`${live.url}/ws?pace=instant`)
  chat.send({ input: FRENCH })
  expect(await chat.turn()).toEqual([
    expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining('replay mode only') }),
  ])
})

test('/v1/responses: the events come at the pace that is asked for', async () => {
  const { url } = await runServer({ FIXTURES_DIR: await shelf(), REPLAY_PACE: SLOW })
  const ws = new WebSocket(`${url.replace('http', 'ws')}/v1/responses?pace=instant`)
  const types: unknown[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  ws.on('open', () => ws.send(JSON.stringify({ type: 'response.create', model: 'gpt-4.1-mini', input: FRENCH })))
  ws.on('message', (data) => {
    types.push(JSON.parse(String(data)).type)
    if (types.at(-1) === 'response.completed') resolve()
  })
  await promise
  expect(types).toEqual(events.map(({ type }) => type))
  ws.terminate()
})
