/** Real answers of many APIs, all the way: sent in random pieces, recorded through one server, replayed by another. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { any } from '../server/api/any.ts'
import { apiOf } from '../server/api/index.ts'
import { systemClock } from '../server/base/clock.ts'
import { readConfig } from '../server/serve/config.ts'
import { type RunningServer, startServer } from '../server/serve/server.ts'
import { openFixtures } from '../server/store/index.ts'
import { inChunks } from './kit/corpus.ts'
import { type RealAnswer, absent, readAnswers, readRequest } from './kit/corpus-any.ts'
import { type StandIn, type Step, startStandIn } from './kit/standin.ts'
import { readableLog, temporaryFolder } from './kit/tools.ts'

/** What an upstream sends for one call, and how it ends. */
interface Exchange {
  /** Stands in the query, so that no two calls are the same. */
  readonly id: string
  readonly method: string
  readonly path: string
  readonly sent: string
  readonly status: number
  readonly contentType: string
  readonly body: Buffer
  readonly end: 'clean' | 'broken'
}

const answers = readAnswers()

const exchangeOf = (answer: RealAnswer, asked = answer): Exchange => {
  const { method, path, query, body } = readRequest(asked)
  const id = answer.name
  return {
    id,
    method,
    path: `${path}?${new URLSearchParams([...query, ['exchange', id]]).toString()}`,
    sent: body === undefined ? '' : JSON.stringify(body),
    status: answer.status,
    contentType: answer.contentType,
    body: answer.body,
    end: 'clean',
  }
}

const isKnown = ({ method, path }: Exchange): boolean => apiOf({ method, path: path.replace(/\?.*/s, '') }) !== any

/** The first record after which a stream may be whole, by the API of the corpus: something that stands in it, in any framing. */
const TERMINALS: Readonly<Record<string, RegExp>> = {
  'anthropic-messages': /"type":\s*"message_stop"/,
  'vertex-anthropic': /"type":\s*"message_stop"/,
  'chat-completions': /"finish_reason":\s*"/,
  completions: /"finish_reason":\s*"/,
  'gemini-stream': /"finishReason":\s*["\d]/,
  'gemini-interactions': /"interaction\.completed?"/,
  'cohere-chat': /"type":\s*"message-end"|"stream-end"/,
  ollama: /"done":\s*true/,
  'bedrock-converse-stream': /messageStop/,
  'audio-transcriptions': /"transcript\.text\.done"/,
  'openai-threads': /event: done/,
}

/** What stands between two records. Messages of AWS say their length instead. */
const SEPARATORS: Readonly<Record<string, RegExp>> = {
  sse: /\n\n/g,
  'sse-crlf': /\r\n\r\n/g,
  ndjson: /\n/g,
  'json-array': /\n(?=,)/g,
}

/** Where the first record begins after which a stream may be whole; undefined if nothing is known of it. */
function terminalIn({ api, framing, body }: RealAnswer): number | undefined {
  const text = body.toString('latin1')
  const at = TERMINALS[api]?.exec(text)?.index
  if (at === undefined) return undefined
  if (framing === 'eventstream') return messageAt(body, at)
  const separator = SEPARATORS[framing]
  if (!separator) return undefined
  return [...text.slice(0, at).matchAll(separator)].reduce((_start, { index, 0: found }) => index + found.length, 0)
}

/** Where the message begins that holds a byte. */
function messageAt(body: Buffer, at: number): number {
  let start = 0
  while (start + body.readUInt32BE(start) <= at) start += body.readUInt32BE(start)
  return start
}

/** A stream that was cut before it was whole: between two records, or within one, or with a connection that broke. */
function cutOf(answer: RealAnswer, index: number): Exchange[] {
  const exchange = exchangeOf({ ...answer, name: `${answer.name}-cut` }, answer)
  const at = answer.status < 300 && isKnown(exchange) ? terminalIn(answer) : undefined
  if (at === undefined) return []
  const body = answer.body.subarray(0, index % 3 === 1 ? at + 6 : at)
  return [{ ...exchange, body, end: index % 3 === 2 ? 'broken' : 'clean' }]
}

async function serve(env: Record<string, string>): Promise<RunningServer> {
  const config = readConfig({ PORT: '0', ...env })
  return startServer(config, { ...openFixtures(config, systemClock), log: readableLog().log, clock: systemClock })
}

/** What a client gets. */
async function ask(url: string, { method, path, sent }: Exchange) {
  const response = await fetch(url + path, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(sent === '' ? {} : { body: sent }),
  })
  const chunks: Uint8Array[] = []
  let end: Exchange['end'] = 'clean'
  try {
    for await (const chunk of response.body ?? []) chunks.push(chunk)
  } catch {
    end = 'broken'
  }
  const { status, headers } = response
  const contentType = headers.get('content-type') ?? ''
  return { status, contentType, body: Buffer.concat(chunks), end, hasFixture: headers.has('x-deltatape-fixture') }
}

/** Does work for all, several at a time; gives what came of it, in no order. */
async function forAll<T>(exchanges: readonly Exchange[], work: (exchange: Exchange) => Promise<T[]>): Promise<T[]> {
  const left = [...exchanges]
  const found: T[] = []
  const one = async () => {
    for (let exchange = left.pop(); exchange; exchange = left.pop()) found.push(...(await work(exchange)))
  }
  await Promise.all(Array.from({ length: 6 }, one))
  return found
}

/** In which way answers are others than the upstream's. A difference is told by where it begins, not by two megabytes. */
const differences = (url: string, exchanges: readonly Exchange[]): Promise<unknown[]> =>
  forAll(exchanges, async (exchange) => {
    const { body, hasFixture: _, ...head } = await ask(url, exchange)
    const { status, contentType, end, id } = exchange
    const isSame = head.status === status && head.contentType === contentType && head.end === end
    if (isSame && body.equals(exchange.body)) return []
    const at = body.findIndex((byte, index) => byte !== exchange.body[index])
    return [{ id, ...head, expected: [status, contentType, end], at, of: [body.length, exchange.body.length] }]
  })

/** Those of which there is a fixture. */
const savedOf = (url: string, exchanges: readonly Exchange[]): Promise<string[]> =>
  forAll(exchanges, async (exchange) => ((await ask(url, exchange)).hasFixture ? [exchange.id] : []))

/** Whether an answer says that the API failed. */
const isFailed = ({ status, contentType, body }: Exchange): boolean =>
  status >= 400 ||
  (contentType.includes('event-stream') && /^event: error|"error":\{"(?:code|message)"/m.test(body.toString()))

describe.skipIf(absent)(`every answer${absent ? `: ${absent}` : ''}`, () => {
  const whole = answers.map((answer) => exchangeOf(answer))
  const [failed, good] = [whole.filter(isFailed), whole.filter((exchange) => !isFailed(exchange))]
  const cut = answers.flatMap(cutOf)
  const byId = new Map([...whole, ...cut].map((exchange) => [exchange.id, exchange]))
  const servers: RunningServer[] = []
  let upstream: StandIn
  let host = ''

  /** The address of the upstream behind a server of ours. */
  const before = async (env: Record<string, string>): Promise<string> => {
    const server = await serve({ OPENAI_API_KEY: 'sk-stand-in', UPSTREAMS: host, ...env })
    servers.push(server)
    return `${server.url}/${host}`
  }

  beforeAll(async () => {
    upstream = await startStandIn(({ path }) => {
      const exchange = byId.get(new URL(path, 'http://x').searchParams.get('exchange') ?? '')
      if (!exchange) return { status: 500, body: '{}' }
      const { status, contentType, body, end, id } = exchange
      const steps: Step[] = [...inChunks(body, id), ...(end === 'broken' ? (['close'] as const) : [])]
      return { status, headers: { 'content-type': contentType }, steps }
    })
    host = new URL(upstream.url).host
  })
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close(0)))
    await upstream?.close()
  })

  test('is there, with failures, and cuts of each kind', () => {
    expect(whole.length).toBeGreaterThan(700)
    expect(failed.length).toBeGreaterThan(20)
    expect(cut.length).toBeGreaterThan(300)
    expect(new Set(cut.map(({ end }) => end)).size).toBe(2)
  })

  test('is recorded as it passes, and replayed to the byte if it was whole; what was not is not saved', async () => {
    const dir = await temporaryFolder()
    expect(await differences(await before({ MODEL_MODE: 'record', FIXTURES_DIR: dir }), [...whole, ...cut])).toEqual([])
    const replaying = await before({ FIXTURES_DIR: dir })
    expect(await differences(replaying, good)).toEqual([])
    expect(await savedOf(replaying, [...failed, ...cut])).toEqual([])
  })

  test('is replayed to the byte and to the kind of its end, whatever it was, if failures are saved', async () => {
    const dir = await temporaryFolder()
    const recording = await before({ MODEL_MODE: 'record', FIXTURES_DIR: dir, RECORD_FAILURES: '1' })
    expect(await differences(recording, [...failed, ...cut])).toEqual([])
    expect(await differences(await before({ FIXTURES_DIR: dir }), [...failed, ...cut])).toEqual([])
  })
})
