/** What the OpenAI SDK asks beside chats: embeddings, audio in and out. */
import { toFile } from 'openai'
import { expect, test } from 'vitest'
import { openai } from './clients/openai.ts'
import { inThreeWays, runApi } from './kit.ts'
import { FLOATS, HEARD, SOUND, TRANSCRIPT, embeddings, speech, transcriptions } from './wires/rest.ts'

const ROUTES = ['by path', 'by host'] as const

test.each(ROUTES)('embeddings, %s', async (route) => {
  const { direct, recorded, replayed } = await inThreeWays(await runApi(embeddings), route, async (host) => {
    const client = openai({ base: `${host}/v1` })
    const input = { model: 'standin-1', input: ['Say hi', 'Zürich 👋'] }
    return [
      await client.embeddings.create(input),
      await client.embeddings.create({ ...input, encoding_format: 'float' }),
    ]
  })
  expect(direct.map(({ data }) => data[0]?.embedding)).toEqual([FLOATS, FLOATS])
  expect(recorded).toEqual(direct)
  expect(replayed).toEqual(direct)
})

test.each(ROUTES)('speech, %s: the very bytes', async (route) => {
  const { direct, recorded, replayed } = await inThreeWays(await runApi(speech), route, async (host) => {
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

test('a long speech, which stands beside its fixture', async () => {
  const long = Buffer.concat(Array.from({ length: 60 }, () => SOUND))
  const api = await runApi({
    path: /^\/v1\/audio\/speech$/,
    answer: () => ({ headers: { 'content-type': 'audio/mpeg' }, body: long }),
  })
  const { direct, recorded, replayed } = await inThreeWays(api, 'by path', async (host) => {
    const response = await openai({ base: `${host}/v1` }).audio.speech.create({
      model: 'standin-tts',
      voice: 'alloy',
      input: 'Hello, at length',
    })
    return Buffer.from(await response.arrayBuffer()).equals(long)
  })
  expect([direct, recorded, replayed]).toEqual([true, true, true])
})

test.each(ROUTES)('transcription, %s: a form that has another boundary each time', async (route) => {
  const { direct, recorded, replayed } = await inThreeWays(await runApi(transcriptions), route, async (host) => {
    const { audio } = openai({ base: `${host}/v1` })
    const input = { model: 'standin-asr', file: await toFile(SOUND, 'speech.mp3', { type: 'audio/mpeg' }) }
    const whole = await audio.transcriptions.create(input)
    const events: unknown[] = []
    for await (const event of await audio.transcriptions.create({ ...input, stream: true })) events.push(event)
    return { whole, events }
  })
  expect(direct.whole.text).toBe(HEARD)
  expect(direct.events).toEqual(TRANSCRIPT)
  expect(recorded).toEqual(direct)
  expect(replayed).toEqual(direct)
})

test('a form with another sound is a miss', async () => {
  const { recorded, replayed } = await inThreeWays(await runApi(transcriptions), 'by path', async (host, way) => {
    const sound = way === 'replayed' ? SOUND.toReversed() : SOUND
    const file = await toFile(sound, 'speech.mp3', { type: 'audio/mpeg' })
    return openai({ base: `${host}/v1` })
      .audio.transcriptions.create({ model: 'standin-asr', file })
      .catch((error: unknown) => String(error))
  })
  expect(recorded).toMatchObject({ text: HEARD })
  expect(replayed).toContain('No fixture for this request')
})
