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

export const gemini: Wire = {
  path: /^\/v1(?:beta)?\/models\/[^/]+:(?:streamGenerateContent|generateContent)$/,
  type: 'text/event-stream',
  streams: ({ path }) => path.includes(':streamGenerateContent?') && path.includes('alt=sse'),
  asks: sse(
    [
      chunk([{ text: 'I look. ' }]),
      chunk([{ functionCall: { name: 'get_weather', args: { city: 'Paris' }, id: 'fc-1' } }]),
      chunk([{ text: '' }], 'STOP'),
    ],
    { eol: '\r\n' },
  ),
  tells: sse(
    WORDS.map((text, index) => chunk([{ text }], index === WORDS.length - 1 ? 'STOP' : undefined)),
    { eol: '\r\n' },
  ),
  error: Buffer.concat(sse([failed], { eol: '\r\n' })),
  whole: JSON.stringify(chunk([{ text: WORDS.join('') }], 'STOP'), undefined, 2),
}
