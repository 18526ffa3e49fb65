/** openai: Responses, as a stream of events and with the helper that puts them together. */
import { APIError, OpenAIError } from 'openai'
import type { FunctionTool, ResponseInputItem, ResponseStreamEvent } from 'openai/resources/responses/responses'
import { responses as wire } from '../wires/responses.ts'
import { FOUND } from '../wires/wire.ts'
import { type At, PARAMETERS, type Told, type Turn, callsIn, client } from './client.ts'
import { openai } from './openai.ts'

const tools: FunctionTool[] = [{ type: 'function', name: 'get_weather', parameters: PARAMETERS, strict: false }]

const inputOf = ({ question, found }: Turn): ResponseInputItem[] => [
  { role: 'user', content: question },
  ...(found
    ? [
        {
          type: 'function_call' as const,
          call_id: 'call_asks_0',
          name: 'get_weather',
          arguments: '{"city":"Paris"}',
        },
        { type: 'function_call_output' as const, call_id: 'call_asks_0', output: FOUND },
      ]
    : []),
]

const bodyOf = (turn: Turn) => ({ model: 'standin-1', input: inputOf(turn), tools })

function read(events: readonly ResponseStreamEvent[]): Told {
  const added = events.flatMap((event) => (event.type === 'response.output_item.added' ? [event.item] : []))
  const [usage] = events.flatMap((event) => (event.type === 'response.completed' ? [event.response.usage] : []))
  return {
    text: events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join(''),
    calls: callsIn([
      ...added.map((item) => ({ name: item.type === 'function_call' ? item.name : '' })),
      ...events.map((event) => ({
        json: event.type === 'response.function_call_arguments.delta' ? event.delta : '',
      })),
    ]),
    usage: { input: usage?.input_tokens, output: usage?.output_tokens },
  }
}

const shared = {
  wire,
  below: '/v1',
  byPath: true,
  read,
  whole: async (at: At, turn: Turn) => openai(at).responses.create(bodyOf(turn)),
}

export const responsesClients = [
  client<ResponseStreamEvent>({
    ...shared,
    name: 'openai responses.create',
    async *stream(at, turn) {
      yield* await openai(at).responses.create({ ...bodyOf(turn), stream: true })
    },
    isOwn: (error) => error instanceof APIError,
  }),
  client<ResponseStreamEvent>({
    ...shared,
    name: 'openai responses.stream',
    async *stream(at, turn) {
      const stream = openai(at).responses.stream(bodyOf(turn))
      // What the helper adds to an event while it goes on is not what was sent.
      for await (const event of stream) yield structuredClone(event)
      await stream.finalResponse()
    },
    isOwn: (error) => error instanceof OpenAIError,
  }),
]
