/** Gemini's generateContent, streamed as server-sent events with CR LF. */
import { USAGE, type Wire, WORDS, sse } from './wire.ts'

const chunk = (parts: readonly object[], finishReason?: string) => ({
  candidates: [{ content: { parts, role: 'model' }, ...(finishReason ? { finishReason } : {}), index: 0 }],
  usageMetadata: {
    promptTokenCount: USAGE.input,
    candidatesTokenCount: USAGE.output,
    totalTokenCount: USAGE.input + USAGE.output,
  },
  modelVersion: 'standin-1',
  responseId: 'resp-1',
})

const failed = { error: { code: 503, message: 'The model is overloaded.', status: 'UNAVAILABLE' } }

const asks = sse(
  [
    chunk([{ text: 'I look. ' }]),
    chunk([{ functionCall: { name: 'get_weather', args: { city: 'Paris' }, id: 'fc-1' } }]),
    chunk([{ text: '' }], 'STOP'),
  ],
  { eol: '\r\n' },
)

const tells = sse(
  WORDS.map((text, index) => chunk([{ text }], index === WORDS.length - 1 ? 'STOP' : undefined)),
  { eol: '\r\n' },
)

/** The data of an event. */
const dataOf = (record: Buffer) => record.toString().slice('data: '.length).trimEnd()

const elements = (records: readonly Buffer[]) => [
  ...records.map((record, index) => Buffer.from(`${index === 0 ? '[' : ',\r\n'}${dataOf(record)}`)),
  Buffer.from('\n]\n'),
]

export const gemini: Wire = {
  path: /^\/v1(?:beta)?\/models\/[^/]+:(?:streamGenerateContent|generateContent)$/,
  type: 'text/event-stream',
  streams: ({ path }) => path.includes(':streamGenerateContent?') && path.includes('alt=sse'),
  asks,
  tells,
  error: Buffer.concat(sse([failed], { eol: '\r\n' })),
  whole: JSON.stringify(chunk([{ text: WORDS.join('') }], 'STOP'), undefined, 2),
}

/** The same without `alt=sse`: one array. */
export const geminiArray: Wire = {
  ...gemini,
  type: 'application/json; charset=UTF-8',
  streams: ({ path }) => path.includes(':streamGenerateContent') && !path.includes('alt=sse'),
  asks: elements(asks),
  tells: elements(tells),
  error: Buffer.from(`,\r\n${JSON.stringify(failed)}\n]\n`),
}
