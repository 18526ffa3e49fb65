/**
 * Every fault of an upstream, and every way to ask: what a client sees of it, and of a good turn after it on the same
 * connection.
 */
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { compose, steps, words } from './answers.ts'
import { connect } from './client.ts'
import type { Answer, Call, Step } from './standin.ts'

const answer = compose('faults').text(words('one two three')).completed()
const partial: Step[] = steps(compose('faults').text(words('one two three')).cut().events)
const created: Step[] = steps(answer.slice(0, 1))
const failed = {
  type: 'response.failed',
  response: { id: 'resp_f', status: 'failed', error: { code: 'server_error', message: 'Oh' } },
}

/** What an upstream does, and what becomes of it. */
interface Case {
  readonly answer: Answer
  /** The code of the error frame; none if it is an answer. */
  readonly code?: string
  /** What a client of `/v1/responses` that streams sees: an HTTP status, or how the body of a 200 ends. */
  readonly sse: number | 'clean' | 'broken'
}

const STATUSES = [400, 401, 402, 403, 404, 405, 407, 408, 409, 413, 415, 418, 422, 429, 500, 501, 502, 503, 504, 529]

export const CASES: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    STATUSES.flatMap((status) => [
      [
        `HTTP ${status}`,
        {
          answer: { status, body: `{"error":{"message":"No ${status}","code":null}}` },
          code: 'upstream_refused',
          sse: status,
        },
      ],
      [
        `HTTP ${status} without JSON`,
        {
          answer: { status, headers: { 'content-type': 'text/plain' }, body: 'upstream connect error' },
          code: 'upstream_refused',
          sse: status,
        },
      ],
    ]),
  ),
  'HTTP 429 that asks to wait': {
    answer: { status: 429, headers: { 'retry-after': '60', 'x-should-retry': 'true' }, body: '{}' },
    code: 'upstream_refused',
    sse: 429,
  },
  'a nested error event': {
    answer: {
      steps: [
        ...created,
        { event: { type: 'error', error: { message: 'Oh', code: 'server_error' } } },
        { event: failed },
      ],
    },
    code: 'upstream_error',
    sse: 'clean',
  },
  'a flat error event': {
    answer: { steps: [...created, { event: { type: 'error', code: null, message: 'Oh', param: null } }] },
    code: 'upstream_error',
    sse: 'clean',
  },
  'an error event in the middle': {
    answer: { steps: [...partial, { event: { type: 'error', error: { message: 'Oh' } } }, { event: failed }] },
    code: 'upstream_error',
    sse: 'clean',
  },
  'an error event that only its name tells': {
    answer: { steps: [{ raw: 'event: error\ndata: {"message":"Oh"}\n\n' }] },
    code: 'upstream_error',
    sse: 'clean',
  },
  'an error without a type': {
    answer: { steps: [{ raw: 'data: {"error":{"message":"Oh"}}\n\n' }, 'hang'] },
    code: 'upstream_error',
    sse: 'clean',
  },
  'a failed response': { answer: { steps: [...partial, { event: failed }] }, code: 'upstream_failed', sse: 'clean' },
  'an incomplete response': {
    answer: { steps: steps(compose('faults').text(['one']).incomplete('max_output_tokens')) },
    sse: 'clean',
  },
  'a truncated stream': { answer: { steps: partial }, code: 'upstream_truncated', sse: 'clean' },
  'a stream cut inside the name of its first field': {
    answer: { steps: [{ raw: 'even' }] },
    code: 'upstream_truncated',
    sse: 'clean',
  },
  'a stream cut inside an event': {
    answer: { steps: [...partial, { raw: 'data: {"type":"resp' }] },
    code: 'upstream_truncated',
    sse: 'clean',
  },
  '[DONE] too early': {
    answer: { steps: [...partial, { raw: 'data: [DONE]\n\n' }] },
    code: 'upstream_truncated',
    sse: 'clean',
  },
  'an empty body': { answer: { steps: [] }, code: 'upstream_truncated', sse: 'clean' },
  'a reset before the headers': { answer: { instead: 'reset' }, code: 'upstream_unreachable', sse: 502 },
  'a reset after the headers': { answer: { steps: ['reset'] }, code: 'upstream_reset', sse: 'broken' },
  'a reset in the middle': { answer: { steps: [...partial, 'reset'] }, code: 'upstream_reset', sse: 'broken' },
  'a stall before the headers': { answer: { instead: 'hang' }, code: 'upstream_stalled', sse: 504 },
  'a stall after the headers': { answer: { steps: ['hang'] }, code: 'upstream_stalled', sse: 'broken' },
  'nothing but comments': {
    answer: { steps: [...Array.from({ length: 12 }, () => ({ raw: ': ping\n\n', after: 100 })), 'hang'] },
    code: 'upstream_stalled',
    sse: 'broken',
  },
  'a stall in the middle': { answer: { steps: [...partial, 'hang'] }, code: 'upstream_stalled', sse: 'broken' },
  'malformed JSON': {
    answer: { steps: [...partial, { raw: 'data: {"type":\n\n' }] },
    code: 'upstream_malformed',
    sse: 'clean',
  },
  'JSON that is no object': {
    answer: { steps: [{ raw: 'data: 7\n\n' }, 'hang'] },
    code: 'upstream_malformed',
    sse: 'broken',
  },
  'a page with status 200': {
    answer: { headers: { 'content-type': 'text/html' }, body: '<p>Log in</p>' },
    code: 'upstream_malformed',
    sse: 'clean',
  },
  'a page that does not end': {
    answer: { steps: [{ raw: '<html><p>Please wait' }, 'hang'] },
    code: 'upstream_malformed',
    sse: 'broken',
  },
  'a page that goes on for ever': {
    answer: { steps: Array.from({ length: 200 }, () => ({ raw: '<p>Please wait</p>\n', after: 10 })) },
    code: 'upstream_malformed',
    sse: 'clean',
  },
  'an answer that was not streamed': { answer: { body: '{"id":"resp_1"}' }, code: 'upstream_malformed', sse: 'clean' },
  'a body held open after the end': { answer: { steps: [...steps(answer), 'hang'] }, sse: 'clean' },
  'a reset after the end': { answer: { steps: [...steps(answer), 'reset'] }, sse: 'clean' },
  'junk after the end': { answer: { steps: [...steps(answer), { raw: 'data: <p>\n\ndata: {"type":' }] }, sse: 'clean' },
  'an end of another type': {
    answer: { steps: steps([...answer.slice(0, -1), { ...answer.at(-1), type: 'response.done' }]) },
    sse: 'clean',
  },
  'a slow trickle': { answer: { steps: answer.map((event) => ({ event, after: 20 })) }, sse: 'clean' },
  'comments and events that hold nothing': {
    answer: { steps: answer.flatMap((event) => [{ raw: ': ping\n\nevent: ping\ndata:\n\n' }, { event }]) },
    sse: 'clean',
  },
}

const GOOD: Answer = { steps: steps(answer) }

/** What the stand-in answers: the fault that the input names, or a good answer. */
export const answerTo = ({ body }: Call): Answer => CASES[String(body.input)]?.answer ?? GOOD

/** How long the server may wait for these upstreams. */
export const DEADLINES = { FIRST_EVENT_TIMEOUT_MS: '2000', IDLE_TIMEOUT_MS: '2000' }

const chatSchema = z.looseObject({ type: z.string(), id: z.string(), message: z.string(), code: z.string().optional() })

/** The ends of all turns in the order they came; `broken` where frames of two turns mix or deltas do not add up. */
const overChat = (path: string) => async (url: string, input: string) => {
  const chat = await connect(url + path)
  chat.send({ input, id: 'fault' })
  chat.send({ input: 'good', id: 'good' })
  await chat.turn()
  await chat.turn()
  await chat.close()
  const ends: string[] = []
  let deltas: string[] = []
  let ids = new Set<string>()
  for (const frame of chat.transcript.map((sent) => chatSchema.parse(JSON.parse(sent)))) {
    ids.add(frame.id)
    if (frame.type === 'delta') {
      deltas.push(frame.message)
      continue
    }
    const adds = frame.type === 'error' || path === '/ws' || deltas.join('') === frame.message
    const right = ids.size === 1 && adds && (path === '/ws-stream' || deltas.length === 0)
    ends.push(right ? `${frame.id}: ${frame.code ?? frame.type}` : 'broken')
    deltas = []
    ids = new Set()
  }
  return ends
}

const eventSchema = z.looseObject({ type: z.string().optional() })
const ANSWERS = new Set(['response.completed', 'response.incomplete', 'response.done'])
const FAILURES = new Set(['response.failed', 'error'])

const overSocket = async (url: string, input: string) => {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/v1/responses`)
  await once(ws, 'open')
  const ends: string[] = []
  const done = Promise.withResolvers<void>()
  ws.on('message', (data) => {
    const { type = '' } = eventSchema.parse(JSON.parse(String(data)))
    if (ANSWERS.has(type)) ends.push('answer')
    // What follows an error event belongs to it.
    else if (FAILURES.has(type) && !(type === 'response.failed' && ends.at(-1) === 'failure')) ends.push('failure')
    if (ends.length === 2) done.resolve()
  })
  for (const asked of [input, 'good']) ws.send(JSON.stringify({ type: 'response.create', model: 'm', input: asked }))
  await done.promise
  ws.close()
  await once(ws, 'close')
  return ends
}

/** By hand: a fetch hides HTTP 407 from whoever asks. */
async function post(url: string, input: string): Promise<IncomingMessage> {
  const sent = request(`${url}/v1/responses`, { method: 'POST', headers: { 'content-type': 'application/json' } })
  const responded = new Promise<IncomingMessage>((resolve, reject) => sent.on('response', resolve).on('error', reject))
  sent.end(JSON.stringify({ model: 'm', input, stream: true }))
  return responded
}

const overSse = async (url: string, input: string) => {
  const response = await post(url, input)
  const read = await text(response).then(
    () => 'clean',
    () => 'broken',
  )
  const good = await text(await post(url, 'good'))
  return [
    response.statusCode === 200 ? read : String(response.statusCode),
    good.includes('response.completed') ? 'answer' : 'failure',
  ]
}

interface Way {
  /** Asks for a fault, and then for a good turn; gives how each ended. */
  ask(url: string, input: string): Promise<string[]>
  /** How they have to end. */
  expected(asked: Case): string[]
}

const overChatAs = (path: string): Way => ({
  ask: overChat(path),
  expected: ({ code = 'message' }) => [`fault: ${code}`, 'good: message'],
})

/** Every way to ask. */
export const WAYS: Readonly<Record<string, Way>> = {
  '/ws': overChatAs('/ws'),
  '/ws-stream': overChatAs('/ws-stream'),
  '/v1/responses over a WebSocket': {
    ask: overSocket,
    expected: ({ code }) => [code === undefined ? 'answer' : 'failure', 'answer'],
  },
  '/v1/responses over HTTP': { ask: overSse, expected: ({ sse }) => [String(sse), 'answer'] },
}
