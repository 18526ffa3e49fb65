/** What OpenAI answers beside chats: embeddings, audio out and in. */
import type { Answer, Call } from '../../kit/standin.ts'
import { sse } from './wire.ts'

/** Where an answer stands, and what it is. */
export interface Endpoint {
  readonly path: RegExp
  answer(call: Call): Answer
}

const JSON_TYPE = { 'content-type': 'application/json' }

export const FLOATS = [0.5, -1.25, 3]

export const embeddings: Endpoint = {
  path: /^\/v1\/embeddings$/,
  answer({ body: { encoding_format: format, input } }) {
    const base64 = Buffer.from(Float32Array.from(FLOATS).buffer).toString('base64')
    const embedding = format === 'base64' ? base64 : FLOATS
    const data = [input].flat().map((_text, index) => ({ object: 'embedding', index, embedding }))
    const usage = { prompt_tokens: 2, total_tokens: 2 }
    return {
      headers: JSON_TYPE,
      body: JSON.stringify({ object: 'list', data, model: 'standin-1', usage }, undefined, 2),
    }
  },
}

/** Bytes that are no text. */
export const SOUND = Buffer.from(Uint8Array.from({ length: 30_000 }, (_, index) => (index * index) % 256))

export const speech: Endpoint = {
  path: /^\/v1\/audio\/speech$/,
  answer: () => ({
    headers: { 'content-type': 'audio/mpeg' },
    steps: [0, 10_000, 20_000].map((from) => ({ raw: SOUND.subarray(from, from + 10_000) })),
  }),
}

/** What is heard in it. */
export const HEARD = 'It is 21 degrees in Paris.'

export const TRANSCRIPT = [
  ...['It is 21', ' degrees in Paris.'].map((delta) => ({ type: 'transcript.text.delta', delta })),
  { type: 'transcript.text.done', text: HEARD },
]

/** The form says whether the answer is a stream. */
export const transcriptions: Endpoint = {
  path: /^\/v1\/audio\/transcriptions$/,
  answer: ({ text }) =>
    /name="stream"\r\n\r\ntrue\r\n/.test(text)
      ? {
          headers: { 'content-type': 'text/event-stream; charset=utf-8' },
          steps: sse([...TRANSCRIPT, '[DONE]'], { eol: '\r\n' }).map((raw) => ({ raw })),
        }
      : { headers: JSON_TYPE, body: JSON.stringify({ text: HEARD, usage: { type: 'duration', seconds: 1 } }) },
}
