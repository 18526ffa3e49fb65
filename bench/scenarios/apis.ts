import {
  type Exchange,
  MODEL,
  answerTo,
  chatAnswer,
  chatStream,
  inputAt,
  messagesStream,
  writeExchange,
} from '../answers.ts'
import type { Running } from '../lab.ts'
import { loadCalls } from '../load/streams.ts'
import { type Bench, type Table, atLeast, inTurn, type Row, type Scenario } from '../scenario.ts'
import { startDeltatape, startRaw } from '../sides.ts'

/** With the events around them, as many as in the scenario of the Responses API. */
const DELTAS = 102
/** Their chunks are of other lengths: so many make a body of the same. */
const CHAT_DELTAS = 75
const MESSAGES_DELTAS = 196
const CONNECTIONS = 50
const WARM_UP_MS = 2500

/** How long the text of a whole answer is that makes a body of two kilobytes. In characters. */
const SMALL_CHARS = 1650

/** About a megabyte: a list of vectors, as embeddings are. */
const VECTORS = 64
const DIMENSIONS = 820

const STREAM = 'text/event-stream; charset=utf-8'
const JSON_TYPE = 'application/json'

const messages = [{ role: 'user', content: 'Hi' }]
const streamed = JSON.stringify({ model: MODEL, messages, stream: true })
const whole = JSON.stringify({ model: MODEL, messages })

type Name = 'responses' | 'chat' | 'messages' | 'any' | 'small' | 'large'

function exchanges(): Record<Name, Exchange> {
  const { input, body } = answerTo(inputAt(0), DELTAS)
  const embedding = Array.from({ length: DIMENSIONS }, (_, index) => Math.sin(index + 1))
  const data = Array.from({ length: VECTORS }, (_, index) => ({ object: 'embedding', index, embedding }))
  return {
    responses: {
      path: '/v1/responses',
      json: JSON.stringify({ model: MODEL, input, stream: true }),
      contentType: STREAM,
      body,
    },
    chat: { path: '/v1/chat/completions', json: streamed, contentType: STREAM, body: chatStream(CHAT_DELTAS) },
    messages: {
      path: '/v1/messages',
      json: JSON.stringify({ model: 'claude-haiku-4-5', max_tokens: 1024, messages, stream: true }),
      contentType: STREAM,
      body: messagesStream(MESSAGES_DELTAS),
    },
    any: { path: '/v1/realtime/of-nobody', json: streamed, contentType: STREAM, body },
    small: { path: '/v1/chat/completions', json: whole, contentType: JSON_TYPE, body: chatAnswer(SMALL_CHARS) },
    large: {
      path: '/v1/embeddings',
      json: JSON.stringify({ model: 'text-embedding-3-small', input: 'Hi' }),
      contentType: JSON_TYPE,
      body: JSON.stringify({ object: 'list', data, model: 'text-embedding-3-small' }),
    },
  }
}

/** What is asked, and of whom. */
interface Side {
  readonly exchange: Exchange
  readonly of: Running
}

export const apis: Scenario = {
  name: 'apis',
  about: 'streams of other APIs beside the Responses API, and whole JSON answers',
  async run(bench) {
    const { lab } = bench
    const all = exchanges()
    const dir = await lab.folder()
    for (const exchange of Object.values(all)) await writeExchange(dir, exchange)
    const server = await startDeltatape(lab, { FIXTURES_DIR: dir })
    const raw = async (name: Name): Promise<Side> => ({
      exchange: all[name],
      of: await startRaw(lab, 'one-piece', all[name].body),
    })
    const ours = (name: Name): Side => ({ exchange: all[name], of: server })
    const raws = { chat: await raw('chat'), messages: await raw('messages'), small: await raw('small') }
    const large = await raw('large')
    const tables = [
      await streams(bench, [ours('chat'), raws.chat, ours('messages'), raws.messages]),
      await besides(bench, [ours('responses'), ours('chat'), ours('messages'), ours('any')]),
      await wholes(bench, [ours('small'), raws.small, ours('large'), large]),
    ]
    await Promise.all([server, ...Object.values(raws).map(({ of }) => of), large.of].map((side) => side.stop()))
    return tables
  },
}

/** Has each side answer for a while, in turn, once each is warm. */
async function measured(bench: Bench, sides: readonly Side[]): Promise<number[][]> {
  const load = ({ exchange: { path, json }, of: { url } }: Side, windowMs: number) =>
    loadCalls({ url, path, json, connections: CONNECTIONS, windowMs })
  for (const side of sides) {
    bench.say(`warming up ${side.exchange.path}`)
    await check(side.exchange, side.of.url)
    await load(side, WARM_UP_MS)
  }
  return inTurn(
    bench,
    'apis',
    sides.map((side) => () => load(side, bench.windowMs)),
  )
}

async function streams(bench: Bench, sides: readonly Side[]): Promise<Table> {
  const [chat = [], rawChat = [], ofMessages = [], rawMessages = []] = await measured(bench, sides)
  return {
    title: `Streams of ${kilobytes(sides)} kB, ${CONNECTIONS} connections, against a raw server that sends one piece`,
    unit: 'streams/s',
    rows: [
      { what: 'Chat Completions', ours: chat, against: rawChat, goal: atLeast(0.6) },
      { what: 'Messages', ours: ofMessages, against: rawMessages, goal: atLeast(0.6) },
    ],
  }
}

async function besides(bench: Bench, sides: readonly Side[]): Promise<Table> {
  const [against = [], ...others] = await measured(bench, sides)
  const names = ['Chat Completions', 'Messages', 'an API that is not known']
  return {
    title: `Streams of ${kilobytes(sides)} kB, ${CONNECTIONS} connections, beside the Responses API`,
    unit: 'streams/s',
    rows: others.map((ours, index): Row => ({ what: names[index] ?? '', ours, against, goal: atLeast(0.8) })),
  }
}

async function wholes(bench: Bench, sides: readonly Side[]): Promise<Table> {
  const [small = [], rawSmall = [], large = [], rawLarge = []] = await measured(bench, sides)
  return {
    title: `Whole JSON answers, ${CONNECTIONS} connections, against a raw server that sends one piece`,
    unit: 'answers/s',
    rows: [
      { what: '2 kB, Chat Completions', ours: small, against: rawSmall, goal: atLeast(0.7) },
      { what: '1 MB, embeddings', ours: large, against: rawLarge, goal: atLeast(0.7) },
    ],
  }
}

const kilobytes = ([first]: readonly Side[]): number => Math.round((first?.exchange.body.length ?? 0) / 1000)

/** Makes sure that what is measured is the answer. */
async function check({ path, json, body }: Exchange, url: URL): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(new URL(path, url), { method: 'POST', headers, body: json })
  const got = await response.text()
  if (got !== body) throw new Error(`${url.host}${path} did not send the answer, but ${got.slice(0, 300)}`)
}
