/** Google's Interactions. */
import { USAGE, type Wire, WORDS, sse } from './wire.ts'

const usage = {
  total_tokens: USAGE.input + USAGE.output,
  total_input_tokens: USAGE.input,
  total_output_tokens: USAGE.output,
}

const about = (status: string, rest: object = {}) => ({
  id: 'v1_standin',
  status,
  object: 'interaction',
  model: 'standin-1',
  ...rest,
})

const event = (event_type: string, rest: object) => ({ ...rest, event_type })

const begun = [
  event('interaction.created', { interaction: about('in_progress') }),
  event('interaction.status_update', { interaction_id: 'v1_standin', status: 'in_progress' }),
]

const step = (index: number, begins: object, deltas: readonly object[]) => [
  event('step.start', { index, step: begins }),
  ...deltas.map((delta) => event('step.delta', { index, delta })),
  event('step.stop', { index }),
]

const end = (status: string) => event('interaction.completed', { interaction: about(status, { usage }) })

const DONE = Buffer.from('event: done\ndata: [DONE]\n\n')

const nameOf = (data: object) => ('event_type' in data ? String(data.event_type) : '')

const events = (...all: readonly object[]) => [...sse([...begun, ...all], { nameOf }), DONE]

export const interactions: Wire = {
  path: /^\/v1(?:beta)?\/interactions$/,
  type: 'text/event-stream',
  streams: ({ body }) => body.stream === true,
  asks: events(
    ...step(0, { type: 'thought' }, [{ type: 'thought_signature', signature: 'c3RhbmRpbg==' }]),
    ...step(1, { type: 'function_call', id: 'call_1', name: 'get_weather', arguments: {} }, [
      { type: 'arguments_delta', arguments: '{"city":' },
      { type: 'arguments_delta', arguments: '"Paris"}' },
    ]),
    end('requires_action'),
  ),
  tells: events(
    ...step(
      0,
      { type: 'model_output' },
      WORDS.map((text) => ({ type: 'text', text })),
    ),
    end('completed'),
  ),
  error: Buffer.concat(
    sse([event('error', { error: { code: 'UNAVAILABLE', message: 'The model is overloaded.' } })], { nameOf }),
  ),
  whole: JSON.stringify(
    about('completed', { usage, steps: [{ type: 'model_output', content: [{ type: 'text', text: WORDS.join('') }] }] }),
    undefined,
    2,
  ),
}
