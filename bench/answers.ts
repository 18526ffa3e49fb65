/** Answers to be replayed: their events, what both endpoints send for them, and their fixtures. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatFixture } from '../server/fixture/file.ts'
import { createReader } from '../server/api/framing/index.ts'
import type { Headers } from '../server/api/headers.ts'
import { type Fixture } from '../server/fixture/fixture.ts'
import { fileName, identify } from '../server/fixture/key.ts'
import { createRedactor } from '../server/redact/redactor.ts'
import { compose } from '../test/kit/answers.ts'
import { sse } from '../test/kit/standin.ts'
import { STREAM, callOf, toRecords } from '../test/kit/calls.ts'

/** What deltatape asks for where it is not told otherwise. */
export const MODEL = 'gpt-4.1-mini'

export interface Answer {
  /** What is asked. */
  readonly input: string
  /** All of the text. */
  readonly text: string
  /** The events, as JSON. */
  readonly events: readonly string[]
  /** What `/ws-stream` sends. */
  readonly frames: readonly string[]
  /** The body that the Responses API sends. */
  readonly body: string
}

const PIECES = ['then ', 'some ', 'more ', 'text ', 'that ', 'says ', 'just ', 'what ', 'went ', 'past ']

/** How long each delta is, in characters. */
export const DELTA_CHARS = 5

/** An answer of so many deltas. Answers with inputs of one length and as many deltas are of one size. */
export function answerTo(input: string, deltas: number): Answer {
  const pieces = Array.from({ length: deltas }, (_, index) => PIECES[index % PIECES.length] ?? '')
  const seed = input.replaceAll(/\W/g, '')
  const events = compose(seed, MODEL).text(pieces).completed()
  const text = pieces.join('')
  return {
    input,
    text,
    events: events.map((event) => JSON.stringify(event)),
    frames: [
      ...pieces.map((message) => JSON.stringify({ type: 'delta', message })),
      JSON.stringify({
        type: 'message',
        message: text,
        response_id: `resp_${seed}`,
        model: `${MODEL}-2025-04-14`,
        status: 'completed',
        usage: { input_tokens: 16, output_tokens: deltas, total_tokens: 16 + deltas },
      }),
    ],
    body: events.map(sse).join(''),
  }
}

/** Input number `index`; all are of one length. */
export const inputAt = (index: number): string => `question ${String(index).padStart(6, '0')}`

const redactor = createRedactor()

/**
 * Writes the fixture of an answer.
 *
 * @param at when each event came, in ms, by its index
 */
export async function writeFixture(
  dir: string,
  { input, events }: Answer,
  at: (index: number) => number = (index) => index * 10,
): Promise<void> {
  const identity = identify(callOf({ model: MODEL, input }), redactor)
  const fixture: Fixture = {
    ...identity,
    response: STREAM,
    recorded: { at: '2026-11-24T00:00:00.000Z', upstream: 'bench' },
    records: toRecords(events.map((text) => JSON.parse(text))).map((record, index) => ({ ...record, at: at(index) })),
    ending: { end: 'complete' },
    endedAt: at(events.length),
  }
  await writeOne(dir, fixture)
}

async function writeOne(dir: string, fixture: Fixture): Promise<void> {
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, fileName(fixture)), formatFixture(fixture))
}

/** A call to any API and its whole answer, for which there is a fixture. */
export interface Exchange {
  readonly path: string
  /** What is asked. */
  readonly json: string
  readonly contentType: string
  readonly body: string
}

/** Writes the fixture of an exchange. */
export async function writeExchange(dir: string, { path, json, contentType, body }: Exchange): Promise<void> {
  const content = Buffer.from(json)
  const headers: Headers = [['content-type', contentType]]
  const reader = createReader(headers)
  const records = [...reader.read(Buffer.from(body), 10), ...reader.end(20, true)]
  await writeOne(dir, {
    ...identify(callOf({}, { path, content, body: content }), redactor),
    response: { status: 200, headers, framing: reader.framing() },
    recorded: { at: '2026-11-24T00:00:00.000Z', upstream: 'bench' },
    records,
    ending: { end: 'complete' },
    endedAt: 20,
  })
}

/** A stream of Chat Completions with so many deltas: OpenAI's chunks, and `[DONE]`. */
export function chatStream(deltas: number): string {
  const chunk = (delta: object, reason: string | null) => ({
    id: 'chatcmpl-bench00000000000000000000',
    object: 'chat.completion.chunk',
    created: 1_764_000_000,
    model: `${MODEL}-2025-04-14`,
    service_tier: 'default',
    system_fingerprint: 'fp_bench00000',
    choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
    obfuscation: 'bench000',
  })
  const pieces = Array.from({ length: deltas }, (_, index) => ({ content: PIECES[index % PIECES.length] ?? '' }))
  const chunks = [
    chunk({ role: 'assistant', content: '', refusal: null }, null),
    ...pieces.map((delta) => chunk(delta, null)),
    chunk({}, 'stop'),
  ]
  return `${chunks.map((each) => `data: ${JSON.stringify(each)}\n\n`).join('')}data: [DONE]\n\n`
}

/** A stream of Anthropic's Messages with so many deltas. */
export function messagesStream(deltas: number): string {
  const usage = { input_tokens: 16, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 1 }
  const message = { id: 'msg_bench000', type: 'message', role: 'assistant', model: 'claude-haiku-4-5', content: [] }
  const block = { type: 'text', text: '' }
  const events = [
    { type: 'message_start', message: { ...message, stop_reason: null, stop_sequence: null, usage } },
    { type: 'content_block_start', index: 0, content_block: block },
    { type: 'ping' },
    ...Array.from({ length: deltas }, (_, index) => {
      const text = PIECES[index % PIECES.length] ?? ''
      return { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }
    }),
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { ...usage, output_tokens: deltas },
    },
    { type: 'message_stop' },
  ]
  return events.map(sse).join('')
}

/** A whole answer of Chat Completions, of about so many characters. */
export function chatAnswer(chars: number): string {
  const content = Array.from({ length: chars / 5 }, (_, index) => PIECES[index % PIECES.length] ?? '').join('')
  return JSON.stringify({
    id: 'chatcmpl-bench00000000000000000000',
    object: 'chat.completion',
    created: 1_764_000_000,
    model: `${MODEL}-2025-04-14`,
    choices: [
      { index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: { prompt_tokens: 16, completion_tokens: chars / 5, total_tokens: 16 + chars / 5 },
  })
}
