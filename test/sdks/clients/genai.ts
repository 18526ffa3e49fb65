/** @google/genai: generateContentStream and generateContent, and interactions. */
import {
  ApiError,
  type Content,
  type GenerateContentResponse,
  GoogleGenAI,
  type Interactions,
  Type,
} from '@google/genai'
import { gemini } from '../wires/gemini.ts'
import { interactions } from '../wires/interactions.ts'
import { FOUND } from '../wires/wire.ts'
import { type At, KEY, PARAMETERS, type Told, type Turn, callsIn, client } from './client.ts'

const genai = ({ base, headers = {} }: At) => new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: base, headers } })

const contentsOf = ({ question, found }: Turn): Content[] => [
  { role: 'user', parts: [{ text: question }] },
  ...(found
    ? [
        { role: 'model', parts: [{ functionCall: { id: 'fc-1', name: 'get_weather', args: { city: 'Paris' } } }] },
        { role: 'user', parts: [{ functionResponse: { id: 'fc-1', name: 'get_weather', response: { degrees: 21 } } }] },
      ]
    : []),
]

const parametersOf = (turn: Turn) => ({
  model: 'standin-1',
  contents: contentsOf(turn),
  config: {
    tools: [
      {
        functionDeclarations: [
          { name: 'get_weather', parameters: { type: Type.OBJECT, properties: { city: { type: Type.STRING } } } },
        ],
      },
    ],
  },
})

function read(chunks: readonly Partial<GenerateContentResponse>[]): Told {
  const parts = chunks.flatMap(({ candidates = [] }) => candidates.flatMap(({ content }) => content?.parts ?? []))
  const usage = chunks.at(-1)?.usageMetadata
  return {
    text: parts.map(({ text }) => text ?? '').join(''),
    calls: parts.flatMap(({ functionCall: call }) => (call ? [{ name: call.name ?? '', args: call.args }] : [])),
    usage: { input: usage?.promptTokenCount, output: usage?.candidatesTokenCount },
  }
}

/** The SDK adds the headers of HTTP, which tell of the connection as well. */
const withoutHttp = ({ sdkHttpResponse: _http, ...chunk }: GenerateContentResponse): Partial<GenerateContentResponse> =>
  chunk

const interactionOf = ({ question, found }: Turn) => ({
  model: 'standin-1',
  tools: [{ type: 'function' as const, name: 'get_weather', parameters: PARAMETERS }],
  input: [
    { type: 'user_input' as const, content: [{ type: 'text' as const, text: question }] },
    ...(found
      ? [
          { type: 'function_call' as const, id: 'call_1', name: 'get_weather', arguments: { city: 'Paris' } },
          { type: 'function_result' as const, call_id: 'call_1', name: 'get_weather', result: FOUND },
        ]
      : []),
  ],
})

function readInteraction(events: readonly Interactions.InteractionSSEEvent[]): Told {
  const deltas = events.flatMap((event) => (event.event_type === 'step.delta' ? [event.delta] : []))
  const steps = events.flatMap((event) => (event.event_type === 'step.start' ? [event.step] : []))
  const [usage] = events.flatMap((event) =>
    event.event_type === 'interaction.completed' ? [event.interaction.usage] : [],
  )
  return {
    text: deltas.map((delta) => (delta.type === 'text' ? delta.text : '')).join(''),
    calls: callsIn([
      ...steps.map((step) => ({ name: step.type === 'function_call' ? step.name : '' })),
      ...deltas.map((delta) => ({ json: delta.type === 'arguments_delta' ? delta.arguments : '' })),
    ]),
    usage: { input: usage?.total_input_tokens, output: usage?.total_output_tokens },
  }
}

export const genaiClients = [
  client<Partial<GenerateContentResponse>>({
    name: 'google-genai models.generateContentStream',
    wire: gemini,
    below: '',
    byPath: true,
    async *stream(at, turn) {
      for await (const chunk of await genai(at).models.generateContentStream(parametersOf(turn)))
        yield withoutHttp(chunk)
    },
    read,
    whole: async (at, turn) => withoutHttp(await genai(at).models.generateContent(parametersOf(turn))),
    isOwn: (error) => error instanceof ApiError,
  }),
  client<Interactions.InteractionSSEEvent>({
    name: 'google-genai interactions.create',
    wire: interactions,
    below: '',
    byPath: true,
    async *stream(at, turn) {
      yield* await genai(at).interactions.create({ ...interactionOf(turn), stream: true })
    },
    read: readInteraction,
    async whole(at, turn) {
      const { steps, usage } = await genai(at).interactions.create(interactionOf(turn))
      return { steps, usage }
    },
    // Its classes are not exported.
    isOwn: (error) => error instanceof Error && ('status' in error || error.name === 'APIConnectionError'),
  }),
]
