/** openai: Chat Completions, as a stream of chunks and with the helper that puts them together. */
import OpenAI, { APIError, OpenAIError } from 'openai'
import type { ChatCompletionChunk, ChatCompletionMessageParam, ChatCompletionTool } from 'openai/resources'
import { chat } from '../wires/chat.ts'
import { FOUND } from '../wires/wire.ts'
import { type At, KEY, PARAMETERS, type Told, type Turn, callsIn, client } from './client.ts'

/** The client, for other calls too. */
export const openai = ({ base, headers = {}, retries, fetch }: At): OpenAI =>
  new OpenAI({
    baseURL: base,
    apiKey: KEY,
    defaultHeaders: headers,
    ...(retries ? {} : { maxRetries: 0 }),
    ...(fetch ? { fetch } : {}),
  })

const tools: ChatCompletionTool[] = [{ type: 'function', function: { name: 'get_weather', parameters: PARAMETERS } }]

const messagesOf = ({ question, found }: Turn): ChatCompletionMessageParam[] => [
  { role: 'user', content: question },
  ...(found
    ? [
        {
          role: 'assistant' as const,
          tool_calls: [
            {
              id: 'call_0aB1',
              type: 'function' as const,
              function: { name: 'get_weather', arguments: '{"city":"Paris"}' },
            },
          ],
        },
        { role: 'tool' as const, tool_call_id: 'call_0aB1', content: FOUND },
      ]
    : []),
]

export const bodyOf = (turn: Turn) => ({ model: 'standin-1', messages: messagesOf(turn), tools })

export const streamed = (turn: Turn) => ({
  ...bodyOf(turn),
  stream: true as const,
  stream_options: { include_usage: true },
})

export function read(chunks: readonly ChatCompletionChunk[]): Told {
  const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta))
  const usage = chunks.at(-1)?.usage
  return {
    text: deltas.map(({ content }) => content ?? '').join(''),
    calls: callsIn(
      deltas
        .flatMap(({ tool_calls }) => tool_calls ?? [])
        .map((part) => ({ name: part.function?.name, json: part.function?.arguments })),
    ),
    usage: { input: usage?.prompt_tokens, output: usage?.completion_tokens },
  }
}

const shared = {
  wire: chat,
  below: '/v1',
  byPath: true,
  read,
  whole: async (at: At, turn: Turn) => openai(at).chat.completions.create(bodyOf(turn)),
}

export const openaiClients = [
  client<ChatCompletionChunk>({
    ...shared,
    name: 'openai chat.completions.create',
    async *stream(at, turn) {
      yield* await openai(at).chat.completions.create(streamed(turn))
    },
    isOwn: (error) => error instanceof APIError,
  }),
  client<ChatCompletionChunk>({
    ...shared,
    name: 'openai chat.completions.stream',
    async *stream(at, turn) {
      const stream = openai(at).chat.completions.stream(streamed(turn))
      yield* stream
      await stream.finalChatCompletion()
    },
    isOwn: (error) => error instanceof OpenAIError,
  }),
]
