/** cohere-ai: chatStream and chat, version 2. */
import { type Cohere, CohereClientV2, CohereError } from 'cohere-ai'
import { cohere as wire } from '../wires/cohere.ts'
import { FOUND } from '../wires/wire.ts'
import { type At, KEY, PARAMETERS, type Told, type Turn, callsIn, client } from './client.ts'

const cohere = ({ base, headers = {}, retries }: At) =>
  new CohereClientV2({ token: KEY, environment: base, headers, ...(retries ? {} : { maxRetries: 0 }) })

const bodyOf = ({ question, found }: Turn) => ({
  model: 'standin-1',
  tools: [{ type: 'function' as const, function: { name: 'get_weather', parameters: PARAMETERS } }],
  messages: [
    { role: 'user' as const, content: question },
    ...(found
      ? [
          {
            role: 'assistant' as const,
            toolCalls: [
              {
                id: 'get_weather_0standin',
                type: 'function' as const,
                function: { name: 'get_weather', arguments: '{"city":"Paris"}' },
              },
            ],
          },
          { role: 'tool' as const, toolCallId: 'get_weather_0standin', content: FOUND },
        ]
      : []),
  ],
})

function read(chunks: readonly Cohere.V2ChatStreamResponse[]): Told {
  const end = chunks.flatMap((chunk) => (chunk.type === 'message-end' ? [chunk.delta?.usage?.tokens] : [])).at(0)
  const calls = chunks.flatMap((chunk) =>
    chunk.type === 'tool-call-start' || chunk.type === 'tool-call-delta'
      ? [chunk.delta?.message?.toolCalls?.function]
      : [],
  )
  return {
    text: chunks
      .map((chunk) => (chunk.type === 'content-delta' ? (chunk.delta?.message?.content?.text ?? '') : ''))
      .join(''),
    calls: callsIn(calls.map((call) => ({ name: call && 'name' in call ? call.name : '', json: call?.arguments }))),
    usage: { input: end?.inputTokens, output: end?.outputTokens },
  }
}

export const cohereClients = [
  client<Cohere.V2ChatStreamResponse>({
    name: 'cohere chatStream',
    wire,
    below: '',
    byPath: true,
    async *stream(at, turn) {
      yield* await cohere(at).chatStream(bodyOf(turn))
    },
    read,
    whole: async (at, turn) => cohere(at).chat(bodyOf(turn)),
    isOwn: (error) => error instanceof CohereError,
  }),
]
