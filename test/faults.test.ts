/** Every fault of an upstream × every way to ask × every mode that calls the API: one right end, in its time. */
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { z } from 'zod'
import { readConfig } from '../server/config.ts'
import { systemClock } from '../server/pace.ts'
import { createRedactor } from '../server/redact.ts'
import { startServer, type RunningServer } from '../server/server.ts'
import { compose, steps, words } from './answers.ts'
import { connect } from './client.ts'
import { expectRules } from './rules.ts'
import { startStandIn, type Answer, type StandIn, type Step } from './standin.ts'
import { readableLog, temporaryFolder } from './tools.ts'

const answer = compose('faults').text(words('one two three')).completed()
const partial: Step[] = steps(compose('faults').text(words('one two three')).cut().events)
const created: Step[] = steps(answer.slice(0, 1))
const failed = {
  type: 'response.failed',
  response: { id: 'resp_f', status: 'failed', error: { code: 'server_error', message: 'Oh' } },
}

interface Case {
  readonly answer: Answer
  /** The code of the error frame, or none where it is an answer. */
  readonly code?: string
  /** What a client of `/v1/responses` that streams sees: an HTTP status, or how the stream ends. */
  readonly sse: number | 'clean' | 'broken'
}

const STATUSES = [400, 401, 402, 403, 404, 405, 407, 408, 409, 413, 415, 418, 422, 429, 500, 501, 502, 503, 504, 529]

const CASES: Readonly<Record<string, Case>> = {
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
    sse: 502,
  },
  'an answer behind an error': {
    answer: {
      steps: [{ event: { type: 'error', error: { message: 'Oh', code: 'server_error' } } }, ...steps(answer)],
    },
    code: 'upstream_error',
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
  'an empty body': { answer: { steps: [] }, code: 'upstream_truncated', sse: 502 },
  'a reset before the headers': { answer: { instead: 'reset' }, code: 'upstream_unreachable', sse: 502 },
  'a reset after the headers': { answer: { steps: ['reset'] }, code: 'upstream_reset', sse: 502 },
  'a reset in the middle': { answer: { steps: [...partial, 'reset'] }, code: 'upstream_reset', sse: 'broken' },
  'a stall before the headers': { answer: { instead: 'hang' }, code: 'upstream_stalled', sse: 504 },
  'a stall after the headers': { answer: { steps: ['hang'] }, code: 'upstream_stalled', sse: 504 },
  'a stall in the middle': { answer: { steps: [...partial, 'hang'] }, code: 'upstream_stalled', sse: 'broken' },
  'malformed JSON': {
    answer: { steps: [...partial, { raw: 'data: {"type":\n\n' }] },
    code: 'upstream_malformed',
    sse: 'clean',
  },
  'JSON that is no object': {
    answer: { steps: [{ raw: 'data: 7\n\n' }, 'hang'] },
    code: 'upstream_malformed',
    sse: 502,
  },
  'a page with status 200': {
    answer: { headers: { 'content-type': 'text/html' }, body: '<p>Log in</p>' },
    code: 'upstream_malformed',
    sse: 502,
  },
  'a page that does not end': {
    answer: { steps: [{ raw: '<html><p>Please wait' }, 'hang'] },
    code: 'upstream_malformed',
    sse: 502,
  },
  'a page that goes on for ever': {
    answer: { steps: Array.from({ length: 200 }, () => ({ raw: '<p>Please wait</p>\n', after: 10 })) },
    code: 'upstream_malformed',
    sse: 502,
  },
  'an answer that was not streamed': { answer: { body: '{"id":"resp_1"}' }, code: 'upstream_malformed', sse: 502 },
  'a body held open behind the end': { answer: { steps: [...steps(answer), 'hang'] }, sse: 'clean' },
  'a slow trickle': { answer: { steps: answer.map((event) => ({ event, after: 20 })) }, sse: 'clean' },
  'comments and events that hold nothing': {
    answer: { steps: answer.flatMap((event) => [{ raw: ': ping\n\nevent: ping\ndata:\n\n' }, { event }]) },
    sse: 'clean',
  },
}

const GOOD: Answer = { steps: steps(answer) }
const eventSchema = z.looseObject({ type: z.string() })
const isEnd = (type: string) => ['response.completed', 'response.incomplete', 'response.failed', 'error'].includes(type)

describe.each(['live', 'record'])('%s', (mode) => {
  let standIn: StandIn
  let server: RunningServer

  beforeAll(async () => {
    standIn = await startStandIn(({ body }) => CASES[String(body.input)]?.answer ?? GOOD)
    const config = readConfig({
      MODEL_MODE: mode,
      OPENAI_API_KEY: 'sk-stand-in',
      OPENAI_BASE_URL: standIn.url,
      FIXTURES_DIR: await temporaryFolder(afterAll),
      RECORD_FAILURES: '1',
      PORT: '0',
      FIRST_EVENT_TIMEOUT_MS: '1000',
      IDLE_TIMEOUT_MS: '1000',
    })
    server = await startServer(config, { log: readableLog().log, redactor: createRedactor(), clock: systemClock })
  })
  afterAll(async () => {
    await server.close(0)
    await standIn.close()
  })

  /** By hand: a fetch hides HTTP 407 from whoever asks. */
  const post = async (input: string): Promise<{ status: number | undefined; text: () => Promise<string> }> => {
    const sent = request(`${server.url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    })
    sent.end(JSON.stringify({ model: 'm', input, stream: true }))
    const response = await new Promise<IncomingMessage>((resolve, reject) =>
      sent.on('response', resolve).on('error', reject),
    )
    return { status: response.statusCode, text: () => text(response) }
  }

  test.concurrent.each(Object.entries(CASES))('%s', async (input, { code, sse }) => {
    const overChat = async (path: string) => {
      const chat = await connect(server.url + path)
      chat.send({ input, id: 'fault' })
      chat.send({ input: 'good', id: 'good' })
      await chat.turn()
      await chat.turn()
      const [turn, good] = expectRules(chat.transcript, ['fault', 'good'], { streamed: path === '/ws-stream' })
      expect(turn?.at(-1)?.code).toBe(code)
      expect(good?.at(-1)?.message).toBe('one two three')
      await chat.close()
    }

    const overSocket = async () => {
      const ws = new WebSocket(`${server.url.replace('http', 'ws')}/v1/responses`)
      await once(ws, 'open')
      const ends: string[] = []
      const done = Promise.withResolvers<void>()
      ws.on('message', (data) => {
        const { type } = eventSchema.parse(JSON.parse(String(data)))
        // What follows an error event belongs to it.
        if (isEnd(type) && !(type === 'response.failed' && ends.at(-1) === 'error')) ends.push(type)
        if (ends.length === 2 && ends[1] === 'response.completed') done.resolve()
      })
      for (const asked of [input, 'good'])
        ws.send(JSON.stringify({ type: 'response.create', model: 'm', input: asked }))
      await done.promise
      expect(ends).toHaveLength(2)
      ws.close()
    }

    const overSse = async () => {
      const response = await post(input)
      if (typeof sse === 'number') {
        expect(response.status).toBe(sse)
        await response.text()
      } else {
        expect(response.status).toBe(200)
        const read = await response.text().then(
          () => 'clean',
          () => 'broken',
        )
        expect(read).toBe(sse)
      }
      expect(await (await post('good')).text()).toContain('response.completed')
    }

    await Promise.all([overChat('/ws'), overChat('/ws-stream'), overSocket(), overSse()])
  })
})
