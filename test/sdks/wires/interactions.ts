/** Google's Interactions. */
import { USAGE, type Wire, WORDS, sse } from './wire.ts'

const usage = {
  total_input_tokens: USAGE.input,
  total_output_tokens: USAGE.output,
  total_tokens: USAGE.input + USAGE.output,
}

const times = { created: '2026-11-24T10:00:00Z', updated: '2026-11-24T10:00:00Z' }

const created = {
  interaction: { id: 'v1_standin', status: 'in_progress', object: 'interaction', model: 'standin-1' },
  event_type: 'interaction.created',
}

const ended = (status: string) => [
  { index: 0, event_type: 'step.stop' },
  { interaction: { id: 'v1_standin', status, usage, ...times }, event_type: 'interaction.completed' },
]

const delta = (part: object) => ({ index: 0, delta: part, event_type: 'step.delta' })

const nameOf = (event: object) => ('event_type' in event ? String(event.event_type) : '')

/** The last record has a name of its own. */
const events = (all: readonly object[]) => [...sse(all, { nameOf }), Buffer.from('event: done\ndata: [DONE]\n\n')]

export const interactions: Wire = {
  path: /^\/v1(?:beta)?\/interactions$/,
  type: 'text/event-stream',
  streams: ({ body }) => body.stream === true,
  asks: events([
    created,
    {
      index: 0,
      step: { id: 'call-1', signature: '', type: 'function_call', name: 'get_weather', arguments: {} },
      event_type: 'step.start',
    },
    delta({ arguments: '{"city":', type: 'arguments_delta' }),
    delta({ arguments: '"Paris"}', type: 'arguments_delta' }),
    ...ended('requires_action'),
  ]),
  tells: events([
    created,
    { index: 0, step: { type: 'model_output' }, event_type: 'step.start' },
    ...WORDS.map((text) => delta({ text, type: 'text' })),
    ...ended('completed'),
  ]),
  error: Buffer.concat(
    sse([{ error: { code: 'UNAVAILABLE', message: 'The model is overloaded.' }, event_type: 'error' }], { nameOf }),
  ),
  whole: JSON.stringify({
    id: 'v1_standin',
    status: 'completed',
    usage,
    ...times,
    object: 'interaction',
    model: 'standin-1',
    steps: [{ type: 'model_output', content: [{ type: 'text', text: WORDS.join('') }] }],
  }),
}
