/** @langchain/openai: the stream and the answer of a ChatOpenAI. */
import {
  AIMessage,
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  ToolMessage,
  type UsageMetadata,
} from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'
import { APIError } from 'openai'
import { chat as wire } from '../wires/chat.ts'
import { FOUND } from '../wires/wire.ts'
import { type At, KEY, PARAMETERS, type Told, type Turn, callsIn, client } from './client.ts'

const model = ({ base, headers = {}, retries, fetch }: At) =>
  new ChatOpenAI({
    model: 'standin-1',
    apiKey: KEY,
    configuration: { baseURL: base, defaultHeaders: headers, ...(fetch ? { fetch } : {}) },
    ...(retries ? {} : { maxRetries: 0 }),
  }).bindTools([{ type: 'function', function: { name: 'get_weather', parameters: PARAMETERS } }])

const messagesOf = ({ question, found }: Turn): BaseMessage[] => [
  new HumanMessage(question),
  ...(found
    ? [
        new AIMessage({
          content: '',
          tool_calls: [{ id: 'call_0aB1', name: 'get_weather', args: { city: 'Paris' }, type: 'tool_call' }],
        }),
        new ToolMessage({ tool_call_id: 'call_0aB1', content: FOUND }),
      ]
    : []),
]

function read(chunks: readonly AIMessageChunk[]): Told {
  const parts = chunks.flatMap(({ tool_call_chunks: calls }) => calls ?? [])
  const [usage] = chunks.map((chunk): UsageMetadata | undefined => chunk.usage_metadata).filter(Boolean)
  return {
    text: chunks.map(({ text }) => text).join(''),
    calls: callsIn(parts.map(({ name, args }) => ({ name, json: args }))),
    usage: { input: usage?.input_tokens, output: usage?.output_tokens },
  }
}

export const langchainClients = [
  client<AIMessageChunk>({
    name: 'langchain stream',
    wire,
    below: '/v1',
    byPath: true,
    async *stream(at, turn) {
      yield* await model(at).stream(messagesOf(turn))
    },
    read,
    whole: async (at, turn) => (await model(at).invoke(messagesOf(turn))).text,
    isOwn: (error) => error instanceof APIError,
  }),
]
