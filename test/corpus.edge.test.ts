/** Real answers, all the way: sent in random pieces, recorded through the server, replayed without the upstream. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Call } from '../server/api/call.ts'
import { apiOf } from '../server/api/index.ts'
import { systemClock } from '../server/base/clock.ts'
import { type JsonObject, isObject } from '../server/base/json.ts'
import { readConfig } from '../server/serve/config.ts'
import { type RunningServer, startServer } from '../server/serve/server.ts'
import { openFixtures } from '../server/store/index.ts'
import type { Store } from '../server/store/store.ts'
import { connect } from './kit/client.ts'
import { type RealStream, absent, asSse, eventsOf, inChunks, readCorpus } from './kit/corpus.ts'
import { absent as absentAny, readAnswers, readRequest } from './kit/corpus-any.ts'
import { expectRules } from './kit/rules.ts'
import { type StandIn, startStandIn } from './kit/standin.ts'
import { openTestStore, readableLog, temporaryFolder } from './kit/tools.ts'

const MODEL = 'gpt-4.1-mini'

/** A call, and the answer that it got from a real API. */
interface Exchange {
  readonly name: string
  readonly method: string
  readonly path: string
  /** The JSON body of the request; the empty text if there is none. */
  readonly sent: string
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
}

const streams = readCorpus()

/** What is asked for the answer with a name. The chat asks the same for it as a program that calls the API. */
const requestFor = (name: string) => ({ model: MODEL, input: name })

const streamed: readonly Exchange[] = streams.map((stream) => ({
  name: stream.name,
  method: 'POST',
  path: '/v1/responses',
  sent: JSON.stringify({ ...requestFor(stream.name), stream: true }),
  status: 200,
  contentType: 'text/event-stream; charset=utf-8',
  body: asSse(stream),
}))

const real = readAnswers()

/** A real answer to the call that it was given to, which stands at `pathOf` here. */
const exchangesOf = (answers: typeof real, pathOf: (path: string, name: string) => string): readonly Exchange[] =>
  answers.map(({ name, status, contentType, body }) => {
    const { method, path, query, body: request } = readRequest({ name })
    const search = new URLSearchParams(query).toString()
    return {
      name,
      method,
      path: pathOf(path, name) + (search === '' ? '' : `?${search}`),
      sent: request === undefined ? '' : JSON.stringify(request),
      status,
      contentType,
      body,
    }
  })

const inOnePiece = exchangesOf(
  real.filter(({ api }) => api === 'openai-responses'),
  (path) => path.replace(/^.*?(?=\/responses)/, '/v1'),
)

/** The shortest of each API in each form, good and bad. Nothing is known of them but that they are bytes. */
const ofOthers = exchangesOf(
  [...Map.groupBy(real, ({ api, framing, status }) => `${api} ${framing} ${status < 400}`).values()].flatMap((alike) =>
    alike.toSorted((one, other) => one.body.length - other.body.length).slice(0, 1),
  ),
  (_path, name) => `/v1/other/${name}`,
)

const exchanges = [...streamed, ...inOnePiece, ...ofOthers]
const byName = new Map(exchanges.map((exchange) => [exchange.name, exchange]))

/** An upstream that answers in pieces what is asked for: by a header that passes through, or by the input. */
const startUpstream = (): Promise<StandIn> =>
  startStandIn(({ method, path, headers, body: request }) => {
    const name = String(headers['x-name'] ?? request.input)
    const { status = 400, contentType = '', body = Buffer.from('{}') } = byName.get(name) ?? {}
    // A WebSocket has messages, not pieces.
    const isSocket = method === 'GET' && path === '/v1/responses'
    const steps = isSocket
      ? body
          .toString()
          .split(/(?<=\n\n)/)
          .map((raw) => ({ raw }))
      : inChunks(body, name)
    return { status, headers: { 'content-type': contentType }, steps }
  })

async function start(env: Record<string, string>): Promise<RunningServer> {
  const config = readConfig({ PORT: '0', ...env })
  return startServer(config, { ...openFixtures(config, systemClock), log: readableLog().log, clock: systemClock })
}

/** The base addresses of an upstream, of a server that records from it, and of one that only passes on. */
interface Places {
  readonly dir: string
  readonly recording: RunningServer
  readonly live: RunningServer
}

/** Lets a test record, and takes the upstream away afterwards. */
async function whileThereIsAnApi(work: (places: Places) => Promise<void>): Promise<string> {
  const upstream = await startUpstream()
  const dir = await temporaryFolder(afterAll)
  const env = { OPENAI_API_KEY: 'sk-stand-in', OPENAI_BASE_URL: upstream.url, FIXTURES_DIR: dir, RECORD_FAILURES: '1' }
  const recording = await start({ MODEL_MODE: 'record', ...env })
  const live = await start({ MODEL_MODE: 'live', ...env })
  await work({ dir, recording, live })
  await Promise.all([recording.close(), live.close(), upstream.close()])
  return dir
}

/** What a client gets: what has to be equal. */
async function answerTo(url: string, { name, method, path, sent }: Exchange) {
  const response = await fetch(url + path, {
    method,
    headers: { 'content-type': 'application/json', 'x-name': name },
    ...(sent === '' ? {} : { body: sent }),
  })
  return {
    status: response.status,
    contentType: response.headers.get('content-type'),
    body: Buffer.from(await response.arrayBuffer()),
  }
}

/** Equal to the byte. A difference is told by where it begins, not by two megabytes. */
async function expectSame(url: string, exchange: Exchange): Promise<void> {
  const { body, ...head } = await answerTo(url, exchange)
  expect(head, exchange.name).toEqual({ status: exchange.status, contentType: exchange.contentType })
  if (body.equals(exchange.body)) return
  const at = body.findIndex((byte, index) => byte !== exchange.body[index])
  const around = (bytes: Buffer) => bytes.subarray(Math.max(at - 40, 0), at + 40).toString()
  expect(around(body), `${exchange.name}, at byte ${at}`).toBe(around(exchange.body))
  expect(body.length, exchange.name).toBe(exchange.body.length)
}

/** The frames of a chat that asks for each stream, one after another. */
async function chatAbout(url: string): Promise<readonly string[]> {
  const chat = await connect(url)
  for (const { name } of streams) {
    chat.send({ input: name, id: name })
    await chat.turn()
  }
  await chat.close()
  return chat.transcript
}

/** The messages of the API's own WebSocket mode for each stream, all on one connection. */
async function createOver(url: string): Promise<readonly JsonObject[][]> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/v1/responses`)
  await once(ws, 'open')
  const answers: JsonObject[][] = []
  for (const { name, lines } of streams) {
    const messages: JsonObject[] = []
    const done = Promise.withResolvers<void>()
    const take = (data: unknown) => {
      const message: unknown = JSON.parse(String(data))
      if (isObject(message)) messages.push(message)
      if (messages.length === lines.length) done.resolve()
    }
    ws.on('message', take)
    ws.send(JSON.stringify({ type: 'response.create', ...requestFor(name) }))
    await done.promise
    ws.off('message', take)
    answers.push(messages)
  }
  ws.close()
  await once(ws, 'close')
  return answers
}

/** A fixture that was recorded of an exchange. */
async function fixtureOf(store: Store, { method, path, sent }: Exchange) {
  const [pathname = '', query = ''] = path.split(/(?=\?)/)
  const content = Buffer.from(sent)
  const headers: Call['headers'] = [['content-type', 'application/json']]
  const api = apiOf({ method, path: pathname })
  return store.find(await store.identify({ api, method, path: pathname, query, headers, body: content, content }))
}

const chats = ['/ws', '/ws-stream'] as const

describe.skipIf(absent)(`streams${absent ? `: ${absent}` : ''}`, () => {
  const ids = streams.map(({ name }) => name)
  const transcripts = new Map<string, readonly string[]>()
  let dir = ''
  let replaying: RunningServer

  beforeAll(async () => {
    dir = await whileThereIsAnApi(async ({ recording, live }) => {
      for (const exchange of streamed) await expectSame(recording.url, exchange)
      for (const path of chats) transcripts.set(path, await chatAbout(live.url + path))
    })
    replaying = await start({ FIXTURES_DIR: dir })
  })
  afterAll(() => replaying?.close(0))

  test('are there', () => {
    expect(streams.length).toBeGreaterThan(0)
  })

  test('are replayed to the byte, twice', async () => {
    for (const exchange of [...streamed, ...streamed]) await expectSame(replaying.url, exchange)
  })

  test('are on the disk as whole answers, with the hash of what is replayed', async () => {
    const store = openTestStore(dir)
    for (const exchange of streamed) {
      const fixture = await fixtureOf(store, exchange)
      expect(fixture?.ending, exchange.name).toEqual({ end: 'complete' })
      expect(fixture?.sha256, exchange.name).toBe(createHash('sha256').update(exchange.body).digest('hex'))
    }
  })

  test.each(chats)('give %s the frames that it had from the API, by the rules', async (path) => {
    const transcript = transcripts.get(path) ?? []
    expectRules(transcript, ids, { streamed: path === '/ws-stream' })
    expect(await chatAbout(replaying.url + path)).toEqual(transcript)
  })

  test('give the WebSocket of the API its events', async () => {
    const answers = await createOver(replaying.url)
    for (const [index, stream] of streams.entries()) expect(answers[index], stream.name).toEqual(eventsOf(stream))
  })

  test('give the response that ends them to a call that does not stream', async () => {
    for (const stream of streams) {
      const { status, contentType, body } = await answerTo(replaying.url, {
        ...exchangeOf(stream),
        sent: JSON.stringify(requestFor(stream.name)),
      })
      expect({ status, contentType }, stream.name).toEqual({ status: 200, contentType: 'application/json' })
      const { output, ...whole } = objectIn(JSON.parse(body.toString()))
      const { output: listed, ...expected } = objectIn(eventsOf(stream).at(-1)?.response)
      expect(whole, stream.name).toEqual(expected)
      if (Array.isArray(listed) && listed.length > 0) expect(output, stream.name).toEqual(listed)
      else expect(output, stream.name).toEqual(itemsOf(stream))
    }
  })

  test('are the same fixtures if they are recorded over the WebSocket of the API, or by a chat', async () => {
    for (const record of [createOver, (url: string) => chatAbout(`${url}/ws-stream`)]) {
      const other = await whileThereIsAnApi(async ({ recording }) => void (await record(recording.url)))
      const server = await start({ FIXTURES_DIR: other })
      for (const exchange of streamed) await expectSame(server.url, exchange)
      await server.close()
    }
  })
})

describe.skipIf(absentAny)(`other answers${absentAny ? `: ${absentAny}` : ''}`, () => {
  test.each([
    ['in one piece', inOnePiece],
    ['of other APIs', ofOthers],
  ])('%s are replayed to the byte, whatever their status', async (_which, those) => {
    const dir = await whileThereIsAnApi(async ({ recording }) => {
      for (const exchange of those) await expectSame(recording.url, exchange)
    })
    const { url, close } = await start({ FIXTURES_DIR: dir })
    for (const exchange of [...those, ...those]) await expectSame(url, exchange)
    await close()
    const store = openTestStore(dir)
    for (const exchange of those) {
      const fixture = await fixtureOf(store, exchange)
      expect(fixture?.ending.end, exchange.name).toBe(exchange.status < 400 ? 'complete' : 'refused')
      expect(fixture?.sha256, exchange.name).toBe(createHash('sha256').update(exchange.body).digest('hex'))
    }
    expect(new Set(those.map(({ status }) => status < 400)).size).toBe(2)
  })
})

const exchangeOf = ({ name }: RealStream): Exchange => {
  const found = byName.get(name)
  if (!found) throw new Error(`There is no exchange ${name}.`)
  return found
}

const objectIn = (value: unknown): JsonObject => (isObject(value) ? value : {})

/** The items that a stream made, in order: what an answer in one piece lists, even if the last event of the stream does not. */
const itemsOf = (stream: RealStream) =>
  eventsOf(stream).flatMap(({ type, item }) => (type === 'response.output_item.done' && item ? [item] : []))
