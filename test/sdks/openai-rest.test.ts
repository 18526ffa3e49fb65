/** What the OpenAI SDK asks beside chats: embeddings, audio in and out. */
import { toFile } from 'openai'
import { expect, test } from 'vitest'
import { openai } from './clients/openai.ts'
import { inThreeWays, runApi } from './kit.ts'
import { sse } from './wires/wire.ts'

/** Bytes that are no text. */
const SOUND = Buffer.from(Uint8Array.from({ length: 30_000 }, (_, index) => (index * index) % 256))

const JSON_TYPE = { 'content-type': 'application/json' }

const ROUTES = ['by path', 'by host'] as const

test.each(ROUTES)('embeddings, %s', async (route) => {
  const floats = [0.5, -1.25, 3]
  const base64 = Buffer.from(Float32Array.from(floats).buffer).toString('base64')
  const api = await runApi(/^\/v1\/embeddings$/, ({ body: { encoding_format: format } }) => ({
    headers: JSON_TYPE,
    body: JSON.stringify(
      {
        object: 'list',
        data: [{ object: 'embedding', index: 0, embedding: format === 'base64' ? base64 : floats }],
        model: 'standin-1',
        usage: { prompt_tokens: 2, total_tokens: 2 },
      },
      undefined,
      2,
    ),
  }))
  const { direct, recorded, replayed } = await inThreeWays(api, route, async (host) => {
    const { embeddings } = openai({ base: `${host}/v1` })
    const input = { model: 'standin-1', input: ['Say hi', 'Zürich 👋'] }
    return [await embeddings.create(input), await embeddings.create({ ...input, encoding_format: 'float' })]
  })
  expect(direct.map(({ data }) => data[0]?.embedding)).toEqual([floats, floats])
  expect(recorded).toEqual(direct)
  expect(replayed).toEqual(direct)
})

test.each(ROUTES)('speech, %s: the very bytes', async (route) => {
  const api = await runApi(/^\/v1\/audio\/speech$/, () => ({
    headers: { 'content-type': 'audio/mpeg' },
    steps: [0, 10_000, 20_000].map((from) => ({ raw: SOUND.subarray(from, from + 10_000) })),
  }))
  const { direct, recorded, replayed } = await inThreeWays(api, route, async (host) => {
    const response = await openai({ base: `${host}/v1` }).audio.speech.create({
      model: 'standin-tts',
      voice: 'alloy',
      input: 'Hello',
    })
    const type = response.headers.get('content-type')
    return { type, sound: Buffer.from(await response.arrayBuffer()).toString('base64') }
  })
  expect(direct).toEqual({ type: 'audio/mpeg', sound: SOUND.toString('base64') })
  expect(recorded).toEqual(direct)
  expect(replayed).toEqual(direct)
})

test.each(ROUTES)('transcription, %s: a form that has another boundary each time', async (route) => {
  const done = { type: 'transcript.text.done', text: 'Hello there' }
  const deltas = ['Hello', ' there'].map((delta) => ({ type: 'transcript.text.delta', delta }))
  const api = await runApi(/^\/v1\/audio\/transcriptions$/, ({ headers }) =>
    headers['x-test-stream'] === '1'
      ? {
          headers: { 'content-type': 'text/event-stream; charset=utf-8' },
          steps: sse([...deltas, done, '[DONE]'], { eol: '\r\n' }).map((raw) => ({ raw })),
        }
      : { headers: JSON_TYPE, body: '{"text":"Hello there","usage":{"type":"duration","seconds":1}}' },
  )
  const { direct, recorded, replayed } = await inThreeWays(api, route, async (host) => {
    const { audio } = openai({ base: `${host}/v1` })
    const input = { model: 'standin-asr', file: await toFile(SOUND, 'speech.mp3', { type: 'audio/mpeg' }) }
    const whole = await audio.transcriptions.create(input)
    const events: unknown[] = []
    const stream = await audio.transcriptions.create({ ...input, stream: true }, { headers: { 'x-test-stream': '1' } })
    for await (const event of stream) events.push(event)
    return { whole, events }
  })
  expect(direct.whole.text).toBe('Hello there')
  expect(direct.events).toEqual([...deltas, done])
  expect(recorded).toEqual(direct)
  expect(replayed).toEqual(direct)
})

test('a form with another sound is a miss', async () => {
  const api = await runApi(/^\/v1\/audio\/transcriptions$/, () => ({ headers: JSON_TYPE, body: '{"text":"Hello"}' }))
  const { recorded, replayed } = await inThreeWays(api, 'by path', async (host, way) => {
    const sound = way === 'replayed' ? SOUND.toReversed() : SOUND
    const file = await toFile(sound, 'speech.mp3', { type: 'audio/mpeg' })
    return openai({ base: `${host}/v1` })
      .audio.transcriptions.create({ model: 'standin-asr', file })
      .catch((error: unknown) => String(error))
  })
  expect(recorded).toEqual({ text: 'Hello' })
  expect(replayed).toContain('No fixture for this request')
})
