/** @anthropic-ai/sdk: Messages, as a stream of events and with the helper that puts them together. */
import Anthropic, { APIError, AnthropicError } from '@anthropic-ai/sdk'
import type { MessageParam, RawMessageStreamEvent, Tool } from '@anthropic-ai/sdk/resources'
import { messages } from '../wires/messages.ts'
import { FOUND } from '../wires/wire.ts'
import { type At, KEY, type Told, type Turn, callsIn, client } from './client.ts'

const anthropic = ({ base, headers = {}, retries, fetch }: At) =>
  new Anthropic({
    baseURL: base,
    apiKey: KEY,
    defaultHeaders: headers,
    ...(retries ? {} : { maxRetries: 0 }),
    ...(fetch ? { fetch } : {}),
  })

const tools: Tool[] = [
  { name: 'get_weather', input_schema: { type: 'object', properties: { city: { type: 'string' } } } },
]

const messagesOf = ({ question, found }: Turn): MessageParam[] => [
  { role: 'user', content: question },
  ...(found
    ? [
        {
          role: 'assistant' as const,
          content: [
            { type: 'tool_use' as const, id: 'toolu_01standin', name: 'get_weather', input: { city: 'Paris' } },
          ],
        },
        {
          role: 'user' as const,
          content: [{ type: 'tool_result' as const, tool_use_id: 'toolu_01standin', content: FOUND }],
        },
      ]
    : []),
]

/** What is asked, whatever the model. */
export const promptOf = (turn: Turn) => ({ max_tokens: 99, messages: messagesOf(turn), tools })

const bodyOf = (turn: Turn) => ({ model: 'standin-1', ...promptOf(turn) })

export function read(events: readonly RawMessageStreamEvent[]): Told {
  const deltas = events.flatMap((event) => (event.type === 'content_block_delta' ? [event.delta] : []))
  const blocks = events.flatMap((event) => (event.type === 'content_block_start' ? [event.content_block] : []))
  const [start] = events.flatMap((event) => (event.type === 'message_start' ? [event.message.usage] : []))
  const [end] = events.flatMap((event) => (event.type === 'message_delta' ? [event.usage] : []))
  return {
    text: deltas.map((delta) => (delta.type === 'text_delta' ? delta.text : '')).join(''),
    calls: callsIn([
      ...blocks.map((block) => ({ name: block.type === 'tool_use' ? block.name : '' })),
      ...deltas.map((delta) => ({ json: delta.type === 'input_json_delta' ? delta.partial_json : '' })),
    ]),
    usage: { input: start?.input_tokens, output: end?.output_tokens },
  }
}

const shared = {
  wire: messages,
  below: '',
  byPath: true,
  read,
  whole: async (at: At, turn: Turn) => anthropic(at).messages.create(bodyOf(turn)),
}

export const anthropicClients = [
  client<RawMessageStreamEvent>({
    ...shared,
    name: 'anthropic messages.create',
    async *stream(at, turn) {
      yield* await anthropic(at).messages.create({ ...bodyOf(turn), stream: true })
    },
    isOwn: (error) => error instanceof APIError,
  }),
  client<RawMessageStreamEvent>({
    ...shared,
    name: 'anthropic messages.stream',
    async *stream(at, turn) {
      const stream = anthropic(at).messages.stream(bodyOf(turn))
      // What the helper adds to an event while it goes on is not what was sent.
      for await (const event of stream) yield structuredClone(event)
      await stream.finalMessage()
    },
    isOwn: (error) => error instanceof AnthropicError,
  }),
]
