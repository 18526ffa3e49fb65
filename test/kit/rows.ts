/** The rows of the table of APIs, with each way in which they stream: what asks for it, and what is sent. */
import type { Api, Asked } from '../../server/api/api.ts'
import type { Call } from '../../server/api/call.ts'
import { type FramingName, createReader } from '../../server/api/framing/index.ts'
import { apiNamed } from '../../server/api/index.ts'
import type { AnswerRecord } from '../../server/api/record.ts'
import type { JsonObject } from '../../server/base/json.ts'
import { converse, invoke } from '../sdks/wires/bedrock.ts'
import { chat } from '../sdks/wires/chat.ts'
import { cohere, cohereLines } from '../sdks/wires/cohere.ts'
import { gemini, geminiArray } from '../sdks/wires/gemini.ts'
import { interactions } from '../sdks/wires/interactions.ts'
import { messages } from '../sdks/wires/messages.ts'
import { ollama } from '../sdks/wires/ollama.ts'
import { responses } from '../sdks/wires/responses.ts'
import type { Wire } from '../sdks/wires/wire.ts'

/** A way to stream. */
export interface Way {
  readonly name: string
  readonly row: Api
  readonly framing: FramingName
  readonly wire: Wire
  /** The path with its query, of a call that streams and of one that does not. */
  readonly streams: string
  readonly inOne: string
  /** The member of a request that says whether it streams, if the path does not say it. */
  readonly stream: boolean
}

const way = (name: string, framing: FramingName, wire: Wire, streams: string, inOne?: string): Way => ({
  name: `${name}, ${framing}`,
  row: apiNamed(name.replace(/ .*/, '')),
  framing,
  wire,
  streams,
  inOne: inOne ?? streams,
  stream: inOne === undefined,
})

const GEMINI = '/v1beta/models/standin-1'
const BEDROCK = '/model/standin.one-v1%3A0'

export const WAYS: readonly Way[] = [
  way('responses', 'sse', responses, '/v1/responses'),
  way('chat-completions', 'sse', chat, '/v1/chat/completions'),
  way('messages', 'sse', messages, '/v1/messages'),
  way('gemini', 'sse', gemini, `${GEMINI}:streamGenerateContent?alt=sse`, `${GEMINI}:generateContent`),
  way('gemini', 'array', geminiArray, `${GEMINI}:streamGenerateContent`, `${GEMINI}:generateContent`),
  way('interactions', 'sse', interactions, '/v1beta/interactions'),
  way('ollama', 'lines', ollama, '/api/chat'),
  way('cohere', 'sse', cohere, '/v2/chat'),
  way('cohere', 'lines', cohereLines, '/v1/chat'),
  way('bedrock converse', 'eventstream', converse, `${BEDROCK}/converse-stream`, `${BEDROCK}/converse`),
  way('bedrock invoke', 'eventstream', invoke, `${BEDROCK}/invoke-with-response-stream`, `${BEDROCK}/invoke`),
]

/** A call that asks for a stream, or for an answer in one piece. */
export function callOfWay({ row, streams, inOne, stream }: Way, { whole = false } = {}): Call & Asked {
  const { pathname, search } = new URL(whole ? inOne : streams, 'http://stand-in')
  const request: JsonObject = { model: 'standin-1', ...(stream && { stream: !whole }) }
  const content = Buffer.from(JSON.stringify(request))
  return {
    api: row,
    method: 'POST',
    path: pathname,
    query: search,
    headers: [['content-type', 'application/json']],
    content,
    body: content,
  }
}

/** The records of a body that came at once. */
export function recordsOf(contentType: string, parts: readonly (string | Uint8Array)[]): AnswerRecord[] {
  const reader = createReader([['content-type', contentType]])
  return [...reader.read(Buffer.concat(parts.map((part) => Buffer.from(part))), 0), ...reader.end(0, true)]
}
