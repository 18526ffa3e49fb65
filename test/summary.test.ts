import { expect, test } from 'vitest'
import { identify } from '../server/identity.ts'
import type { Ending } from '../server/model/model.ts'
import { createRedactor } from '../server/redact.ts'
import { summarize } from '../server/summary.ts'
import { compose, words } from './answers.ts'
import { toEvents } from './tools.ts'

const summary = (objects: readonly Readonly<Record<string, unknown>>[], ending: Ending = { end: 'complete' }) =>
  summarize({
    ...identify({ model: 'm', input: 'Hi' }, createRedactor()),
    recorded: { at: '2026-11-24T10:00:00.000Z', upstream: 'stand-in', openai: '7.57.0' },
    events: toEvents(objects),
    ending,
    endedAt: 1000,
  })

test('tells what a fixture holds', () => {
  expect(summary(compose('a').text(words('Hello there')).completed())).toMatchObject({
    model: 'm',
    ending: 'completed',
    why: undefined,
    events: 10,
    answer: 'Hello there',
    output: [{ type: 'message' }],
    firstDeltaMs: 40,
    durationMs: 1000,
    usage: { input_tokens: 16, output_tokens: 2, total_tokens: 18 },
    recordedAt: '2026-11-24T10:00:00.000Z',
    upstream: 'stand-in',
  })
})

test.each([
  [
    'incomplete',
    compose('b').text(['a']).incomplete('max_output_tokens'),
    'The answer was cut short: max_output_tokens.',
  ],
  ['failed', compose('c').failed('server_error', 'It broke.'), 'The API failed to answer: It broke (server_error).'],
  ['error', compose('d').error('server_error', 'It broke.'), 'The API sent an error: It broke (server_error).'],
])('%s', (ending, events, why) => {
  expect(summary(events)).toMatchObject({ ending, why })
})

test.each([
  [{ end: 'refused', status: 429, headers: {}, body: '{"error":{"message":"Slow down."}}' }, 'HTTP 429: Slow down.'],
  [{ end: 'reset', why: 'ECONNRESET' }, 'broke before the answer was finished: ECONNRESET.'],
  [{ end: 'malformed', text: '{"a' }, 'no event: {"a.'],
] as const)('%j', (ending, why) => {
  expect(summary([], ending)).toMatchObject({
    ending: ending.end,
    why: expect.stringContaining(why),
    answer: '',
    firstDeltaMs: undefined,
    usage: undefined,
  })
})
