/** @mistralai/mistralai: chat.stream and chat.complete. */
import { HTTPClient, Mistral } from '@mistralai/mistralai'
import type {
  ChatCompletionRequest,
  ChatCompletionStreamRequest,
  CompletionEvent,
} from '@mistralai/mistralai/models/components'
import { MistralError } from '@mistralai/mistralai/models/errors'
import { mistral as wire } from '../wires/chat.ts'
import { FOUND } from '../wires/wire.ts'
import { type At, KEY, PARAMETERS, type Told, type Turn, callsIn, client } from './client.ts'

function mistral({ base, headers = {}, fetch }: At): Mistral {
  const httpClient = new HTTPClient(fetch ? { fetcher: fetch } : {})
  httpClient.addHook('beforeRequest', (request) => {
    for (const [name, value] of Object.entries(headers)) request.headers.set(name, value)
  })
  return new Mistral({ apiKey: KEY, serverURL: base, httpClient })
}

const bodyOf = ({ question, found }: Turn): ChatCompletionRequest & ChatCompletionStreamRequest => ({
  model: 'standin-1',
  tools: [{ type: 'function', function: { name: 'get_weather', parameters: PARAMETERS } }],
  messages: [
    { role: 'user', content: question },
    ...(found
      ? [
          {
            role: 'assistant' as const,
            toolCalls: [{ id: 'call_0aB1', function: { name: 'get_weather', arguments: '{"city":"Paris"}' } }],
          },
          { role: 'tool' as const, toolCallId: 'call_0aB1', content: FOUND },
        ]
      : []),
  ],
})

function read(chunks: readonly CompletionEvent[]): Told {
  const deltas = chunks.flatMap(({ data }) => data.choices.map(({ delta }) => delta))
  const usage = chunks.at(-1)?.data.usage
  return {
    text: deltas.map(({ content }) => (typeof content === 'string' ? content : '')).join(''),
    calls: callsIn(
      deltas
        .flatMap(({ toolCalls }) => toolCalls ?? [])
        .map((part) => ({ name: part.function.name, json: String(part.function.arguments) })),
    ),
    usage: { input: usage?.promptTokens, output: usage?.completionTokens },
  }
}

export const mistralClients = [
  client<CompletionEvent>({
    name: 'mistral chat.stream',
    wire,
    below: '',
    byPath: false,
    async *stream(at, turn) {
      yield* await mistral(at).chat.stream(bodyOf(turn))
    },
    read,
    whole: async (at, turn) => mistral(at).chat.complete(bodyOf(turn)),
    isOwn: (error) => error instanceof MistralError,
  }),
]
