/** How an answer of the Responses API is written down that nobody recorded. */
import { indented } from '../../base/json-format.ts'
import type { JsonObject, JsonValue } from '../../base/json.ts'
import { cut } from '../cut.ts'
import { EVENT_STREAM, sseEvent } from '../error.ts'
import { type Draft, type Part, type Said, type Writer, type Writing } from '../said.ts'
import { objectsIn } from '../told.ts'
import { creates } from './events.ts'

export const writer: Writer = { answers: creates, draft }

function draft(said: Said, writing: Writing): Draft {
  const { id, request } = writing
  const items = itemsOf(said, writing)
  const headers = [['x-request-id', `req_${id('request').slice(0, 32)}`] as const]
  const last = responseOf(writing, said.isCut ? 'incomplete' : 'completed', items)
  if (request.stream !== true) {
    const records = [{ at: 0, wire: indented(JSON.stringify(last), 2) }]
    return { headers: [['content-type', 'application/json'], ...headers], framing: 'json', records }
  }
  const begun = responseOf(writing, 'in_progress', [])
  const events: JsonObject[] = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
    ...items.flatMap(eventsOf),
    { type: said.isCut ? 'response.incomplete' : 'response.completed', response: last },
  ]
  const records = events.map(({ type = '', ...event }, index) =>
    sseEvent({ type, ...event, sequence_number: index }, `${type}`),
  )
  return { headers: [['content-type', EVENT_STREAM], ...headers], framing: 'sse', records }
}

/** Members of a response that repeat those of its request, and what they are if that has none. */
const ECHOED: JsonObject = {
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt_cache_key: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  service_tier: 'default',
  store: true,
  temperature: 1,
  text: { format: { type: 'text' }, verbosity: 'medium' },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: 'disabled',
  user: null,
  metadata: {},
}

type Status = 'in_progress' | 'completed' | 'incomplete'

function responseOf(
  { id, seconds, model, request, tokens }: Writing,
  status: Status,
  output: JsonObject[],
): JsonObject {
  const { input, output: written, reasoning } = tokens
  const usage = {
    input_tokens: input,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: written,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + written,
  }
  const repeated = Object.entries(ECHOED).map(([name, value]): [string, JsonValue] => [name, request[name] ?? value])
  return {
    id: `resp_${id('answer').slice(0, 50)}`,
    object: 'response',
    created_at: seconds,
    status,
    background: false,
    completed_at: status === 'completed' ? seconds : null,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    model,
    output,
    ...Object.fromEntries(repeated),
    usage: status === 'in_progress' ? null : usage,
  }
}

/** The output items. Texts and refusals that follow each other are parts of one message. */
function itemsOf({ parts, isCut }: Said, { id }: Writing): JsonObject[] {
  const items: JsonObject[] = []
  let content: JsonObject[] | undefined
  const message = (): JsonObject[] => {
    const open: JsonObject[] = []
    const status = isCut ? 'incomplete' : 'completed'
    items.push({
      id: `msg_${id(`item ${items.length}`).slice(0, 50)}`,
      type: 'message',
      status,
      content: open,
      role: 'assistant',
    })
    return open
  }
  for (const part of parts) {
    if (part.type === 'text' || part.type === 'refusal') {
      content ??= message()
      content.push(partOf(part))
      continue
    }
    content = undefined
    items.push(itemOf(part, id(`item ${items.length}`).slice(0, 50), id(`call ${items.length}`).slice(0, 24)))
  }
  // A model that has nothing to say says so in a message.
  if (items.length === 0) message().push(partOf({ type: 'text', text: '' }))
  return items
}

const partOf = ({ type, text }: Extract<Part, { readonly type: 'text' | 'refusal' }>): JsonObject =>
  type === 'text' ? { type: 'output_text', annotations: [], logprobs: [], text } : { type: 'refusal', refusal: text }

const itemOf = (part: Extract<Part, { readonly type: 'tool' | 'reasoning' }>, id: string, call: string): JsonObject =>
  part.type === 'reasoning'
    ? { id: `rs_${id}`, type: 'reasoning', summary: [{ type: 'summary_text', text: part.text }] }
    : {
        id: `fc_${id}`,
        type: 'function_call',
        status: 'completed',
        arguments: part.arguments,
        call_id: `call_${call}`,
        name: part.name,
      }

/** The events of one item: it begins empty, is filled, and is told once more as a whole. */
function eventsOf(item: JsonObject, index: number): JsonObject[] {
  const place = { item_id: item.id ?? '', output_index: index }
  const empty: JsonObject = {
    ...item,
    ...(item.type === 'reasoning' ? { summary: [] } : { status: 'in_progress' }),
    ...(item.type === 'message' ? { content: [] } : {}),
    ...(item.type === 'function_call' ? { arguments: '' } : {}),
  }
  return [
    { type: 'response.output_item.added', output_index: index, item: empty },
    ...insideOf(item, place),
    { type: 'response.output_item.done', output_index: index, item },
  ]
}

function insideOf({ type, arguments: args = '', content, summary }: JsonObject, place: JsonObject): JsonObject[] {
  if (type === 'function_call') {
    const event = 'response.function_call_arguments'
    return [
      ...cut(`${args}`).map((delta) => ({ type: `${event}.delta`, ...place, delta })),
      { type: `${event}.done`, ...place, arguments: args },
    ]
  }
  const [parts, at, kind] =
    type === 'reasoning' ? [summary, 'summary_index', 'reasoning_summary'] : [content, 'content_index', 'content']
  return objectsIn(parts).flatMap((part, index) => partEvents(part, { ...place, [at]: index }, kind))
}

/** What the events of a part are called, by its type, and which member holds its text. */
const CALLED: Readonly<Record<string, readonly [event: string, member: string]>> = {
  output_text: ['output_text', 'text'],
  refusal: ['refusal', 'refusal'],
  summary_text: ['reasoning_summary_text', 'text'],
}

function partEvents(part: JsonObject, place: JsonObject, kind: string): JsonObject[] {
  const [event, member] = CALLED[`${part.type}`] ?? ['', '']
  const text = `${part[member] ?? ''}`
  const logprobs = part.type === 'output_text' ? { logprobs: [] } : {}
  return [
    { type: `response.${kind}_part.added`, ...place, part: { ...part, [member]: '' } },
    ...cut(text).map((delta) => ({ type: `response.${event}.delta`, ...place, delta, ...logprobs })),
    { type: `response.${event}.done`, ...place, [member]: text, ...logprobs },
    { type: `response.${kind}_part.done`, ...place, part },
  ]
}
