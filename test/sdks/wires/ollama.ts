/** Ollama's own chat: lines of JSON, streamed unless the request says otherwise. */
import { USAGE, type Wire, WORDS } from './wire.ts'

const line = (message: object, rest: object = { done: false }) => ({
  model: 'standin-1',
  created_at: '2026-11-24T10:00:00.000Z',
  message: { role: 'assistant', content: '', ...message },
  ...rest,
})

const done = {
  done_reason: 'stop',
  done: true,
  total_duration: 31,
  prompt_eval_count: USAGE.input,
  eval_count: USAGE.output,
}

const lines = (objects: readonly object[]) => objects.map((object) => Buffer.from(`${JSON.stringify(object)}\n`))

export const ollama: Wire = {
  path: /^\/api\/chat$/,
  type: 'application/x-ndjson',
  streams: ({ body }) => body.stream !== false,
  asks: lines([
    line({ content: 'I look. ' }),
    line({ tool_calls: [{ function: { name: 'get_weather', arguments: { city: 'Paris' } } }] }),
    line({}, done),
  ]),
  tells: lines([...WORDS.map((content) => line({ content })), line({}, done)]),
  error: Buffer.concat(lines([{ error: 'the model has crashed' }])),
  whole: JSON.stringify(line({ content: WORDS.join('') }, done)),
}
