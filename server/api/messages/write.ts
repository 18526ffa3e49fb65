/** How a message of Anthropic's is written down that nobody recorded. */
import type { JsonObject } from '../../base/json.ts'
import { cut } from '../cut.ts'
import { EVENT_STREAM, sseEvent } from '../error.ts'
import type { AnswerRecord } from '../record.ts'
import { type Draft, type Part, type Said, type Writer, type Writing, argumentsOf, partsOf, toJson } from '../said.ts'

/** Neither batches nor the counting of tokens. */
const ANSWERED = /(?:\/messages|:(?:streamRaw|raw)Predict)$/

export const writer: Writer = { answers: ({ method, path }) => method === 'POST' && ANSWERED.test(path), draft }

function draft(said: Said, writing: Writing): Draft {
  const { request, path, id } = writing
  const headers = [['request-id', `req_01${id('request').slice(0, 22)}`] as const]
  if (request.stream === true || path.endsWith(':streamRawPredict')) {
    return { headers: [['content-type', EVENT_STREAM], ...headers], framing: 'sse', records: streamOf(said, writing) }
  }
  const content = said.parts.map((part, index) => blockOf(part, index, writing))
  const message = { ...messageOf(writing), content, ...reasonOf(said), usage: usageOf(writing) }
  const records = [{ at: 0, wire: toJson(message) }]
  return { headers: [['content-type', 'application/json'], ...headers], framing: 'json', records }
}

const messageOf = ({ id, model }: Writing): JsonObject => ({
  id: `msg_01${id('answer').slice(0, 22)}`,
  type: 'message',
  role: 'assistant',
  model,
})

const usageOf = ({ tokens: { input, output } }: Writing): JsonObject => ({
  input_tokens: input,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: output,
})

/** That the model does not want to is told by the reason for which it stops; its words are a text like any other. */
function reasonOf(said: Said): JsonObject {
  const isRefused = partsOf(said, 'refusal').length > 0
  const word = isRefused ? 'refusal' : partsOf(said, 'tool').length > 0 ? 'tool_use' : 'end_turn'
  return { stop_reason: said.isCut ? 'max_tokens' : word, stop_sequence: null }
}

/** A block, whole. What signs a thought is made up: the API itself would not take it back. */
function blockOf(part: Part, index: number, { id }: Writing): JsonObject {
  if (part.type === 'tool') {
    const { name, arguments: args } = part
    return { type: 'tool_use', id: `toolu_01${id(`call ${index}`).slice(0, 22)}`, name, input: argumentsOf(args) }
  }
  return part.type === 'reasoning'
    ? { type: 'thinking', thinking: part.text, signature: id(`signature ${index}`) }
    : { type: 'text', text: part.text }
}

function streamOf(said: Said, writing: Writing): AnswerRecord[] {
  const { tokens } = writing
  const start = { ...messageOf(writing), content: [], stop_reason: null, stop_sequence: null }
  const events: JsonObject[] = [
    { type: 'message_start', message: { ...start, usage: { ...usageOf(writing), output_tokens: 1 } } },
    ...said.parts.flatMap((part, index) => blockEvents(part, index, writing)),
    { type: 'message_delta', delta: reasonOf(said), usage: { output_tokens: tokens.output } },
    { type: 'message_stop' },
  ]
  // The API sends one early, and programs have to bear it.
  return events
    .toSpliced(said.parts.length > 0 ? 2 : 1, 0, { type: 'ping' })
    .map((event) => sseEvent(event, `${event.type}`))
}

function blockEvents(part: Part, index: number, writing: Writing): JsonObject[] {
  const block = blockOf(part, index, writing)
  const delta = (what: JsonObject): JsonObject => ({ type: 'content_block_delta', index, delta: what })
  const around = (empty: JsonObject, deltas: readonly JsonObject[]): JsonObject[] => [
    { type: 'content_block_start', index, content_block: { ...block, ...empty } },
    ...deltas.map(delta),
    { type: 'content_block_stop', index },
  ]
  switch (part.type) {
    case 'tool':
      return around(
        { input: {} },
        ['', ...cut(part.arguments)].map((piece) => ({ type: 'input_json_delta', partial_json: piece })),
      )
    case 'reasoning':
      return around({ thinking: '', signature: '' }, [
        ...cut(part.text).map((piece) => ({ type: 'thinking_delta', thinking: piece })),
        { type: 'signature_delta', signature: block.signature ?? '' },
      ])
    default:
      return around(
        { text: '' },
        cut(part.text).map((piece) => ({ type: 'text_delta', text: piece })),
      )
  }
}
