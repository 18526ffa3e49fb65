/** groq-sdk: Chat Completions below a path of its own. */
import Groq, { APIError } from 'groq-sdk'
import type { ChatCompletionChunk, ChatCompletionMessageParam } from 'groq-sdk/resources/chat'
import { groq as wire } from '../wires/chat.ts'
import { FOUND } from '../wires/wire.ts'
import { type At, KEY, PARAMETERS, type Told, type Turn, callsIn, client } from './client.ts'

const groq = ({ base, headers = {}, retries, fetch }: At) =>
  new Groq({
    baseURL: base,
    apiKey: KEY,
    defaultHeaders: headers,
    ...(retries ? {} : { maxRetries: 0 }),
    ...(fetch ? { fetch } : {}),
  })

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

const bodyOf = (turn: Turn) => ({
  model: 'standin-1',
  messages: messagesOf(turn),
  tools: [{ type: 'function' as const, function: { name: 'get_weather', parameters: PARAMETERS } }],
})

function read(chunks: readonly ChatCompletionChunk[]): Told {
  const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta))
  const usage = chunks.at(-1)?.x_groq?.usage
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

export const groqClients = [
  client<ChatCompletionChunk>({
    name: 'groq chat.completions.create',
    wire,
    below: '',
    byPath: true,
    async *stream(at, turn) {
      yield* await groq(at).chat.completions.create({ ...bodyOf(turn), stream: true })
    },
    read,
    whole: async (at, turn) => groq(at).chat.completions.create(bodyOf(turn)),
    isOwn: (error) => error instanceof APIError,
  }),
]
