import { type Exchange, MODEL, answerTo, chatStream, inputAt, writeExchange } from '../answers.ts'
import { loadCalls } from '../load/streams.ts'
import { atLeast, inTurn, type Scenario } from '../scenario.ts'
import { startDeltatape, startRaw } from '../sides.ts'

/** With the events around them, as many as in the scenario of the Responses API. */
const DELTAS = 102
/** Its chunks are longer: so many make a body of the same length. */
const CHAT_DELTAS = 75
const CONNECTIONS = 50
const WARM_UP_MS = 2500

/** About a megabyte: a list of vectors, as embeddings are. */
const VECTORS = 64
const DIMENSIONS = 820

const STREAM = 'text/event-stream; charset=utf-8'

const request = JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: 'Hi' }], stream: true })

function exchanges(): Record<'responses' | 'chat' | 'any' | 'large', Exchange> {
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
    chat: { path: '/v1/chat/completions', json: request, contentType: STREAM, body: chatStream(CHAT_DELTAS) },
    any: { path: '/v1/realtime/of-nobody', json: request, contentType: STREAM, body },
    large: {
      path: '/v1/embeddings',
      json: JSON.stringify({ model: 'text-embedding-3-small', input: 'Hi' }),
      contentType: 'application/json',
      body: JSON.stringify({ object: 'list', data, model: 'text-embedding-3-small' }),
    },
  }
}

export const apis: Scenario = {
  name: 'apis',
  about: 'streams of other APIs beside the Responses API, and a large JSON answer',
  async run(bench) {
    const { lab, windowMs, say } = bench
    const { responses, chat, any, large } = exchanges()
    const dir = await lab.folder()
    for (const exchange of [responses, chat, any, large]) await writeExchange(dir, exchange)
    const [server, raw] = await Promise.all([
      startDeltatape(lab, { FIXTURES_DIR: dir }),
      startRaw(lab, 'one-piece', large.body),
    ])
    const load = ({ path, json }: Exchange, { url } = server, ms = windowMs) =>
      loadCalls({ url, path, json, connections: CONNECTIONS, windowMs: ms })
    const sides = [
      [responses, server],
      [chat, server],
      [any, server],
      [large, server],
      [large, raw],
    ] as const
    for (const [exchange, side] of sides) {
      say(`warming up ${exchange.path}`)
      await check(exchange, side.url)
      await load(exchange, side, WARM_UP_MS)
    }
    const [first = [], second = [], third = [], ours = [], against = []] = await inTurn(
      bench,
      'apis',
      sides.map(
        ([exchange, side]) =>
          () =>
            load(exchange, side),
      ),
    )
    await Promise.all([server.stop(), raw.stop()])
    return [
      {
        title: `Streams of ${Math.round(responses.body.length / 1000)} kB, ${CONNECTIONS} connections, beside the Responses API`,
        unit: 'streams/s',
        rows: [
          { what: 'Chat Completions', ours: second, against: first, goal: atLeast(0.8) },
          { what: 'an API that is not known', ours: third, against: first, goal: atLeast(0.8) },
        ],
      },
      {
        title: `JSON of ${(large.body.length / 1e6).toFixed(1)} MB, ${CONNECTIONS} connections`,
        unit: 'answers/s',
        rows: [{ what: 'vs raw server, one piece', ours, against, goal: atLeast(0.7) }],
      },
    ]
  },
}

/** Makes sure that what is measured is the answer. */
async function check({ path, json, body }: Exchange, url: URL): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(new URL(path, url), { method: 'POST', headers, body: json })
  const got = await response.text()
  if (got !== body) throw new Error(`${url.host}${path} did not send the answer, but ${got.slice(0, 300)}`)
}
