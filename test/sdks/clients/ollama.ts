/** ollama: chat, streamed and not. */
import { type ChatResponse, Ollama } from 'ollama'
import { ollama as wire } from '../wires/ollama.ts'
import { FOUND } from '../wires/wire.ts'
import { type At, type Told, type Turn, client } from './client.ts'

const ollama = ({ base, headers = {}, fetch }: At) =>
  new Ollama({ host: base, headers: { ...headers }, ...(fetch ? { fetch } : {}) })

const bodyOf = ({ question, found }: Turn) => ({
  model: 'standin-1',
  tools: [
    {
      type: 'function',
      function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
    },
  ],
  messages: [
    { role: 'user', content: question },
    ...(found
      ? [
          {
            role: 'assistant',
            content: '',
            tool_calls: [{ function: { name: 'get_weather', arguments: { city: 'Paris' } } }],
          },
          { role: 'tool', content: FOUND },
        ]
      : []),
  ],
})

const read = (chunks: readonly ChatResponse[]): Told => ({
  text: chunks.map(({ message }) => message.content).join(''),
  calls: chunks
    .flatMap(({ message }) => message.tool_calls ?? [])
    .map(({ function: { name, arguments: args } }) => ({ name, args })),
  usage: { input: chunks.at(-1)?.prompt_eval_count, output: chunks.at(-1)?.eval_count },
})

export const ollamaClients = [
  client<ChatResponse>({
    name: 'ollama chat',
    wire,
    below: '',
    byPath: true,
    async *stream(at, turn) {
      yield* await ollama(at).chat({ ...bodyOf(turn), stream: true })
    },
    read,
    whole: async (at, turn) => ollama(at).chat({ ...bodyOf(turn), stream: false }),
    // The class is not exported.
    isOwn: (error) => error instanceof Error && error.name === 'ResponseError',
  }),
]
