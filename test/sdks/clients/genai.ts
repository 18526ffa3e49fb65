/** @google/genai: generateContentStream and generateContent. */
import { ApiError, type Content, type GenerateContentResponse, GoogleGenAI, Type } from '@google/genai'
import { gemini } from '../wires/gemini.ts'
import { type At, KEY, type Told, type Turn, client } from './client.ts'

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
]
