import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compare, describeComparison, runText } from '../server/compare.ts'
import type { Fixture } from '../server/fixture.ts'
import { identify } from '../server/identity.ts'
import type { JsonObject } from '../server/json.ts'
import { createRedactor } from '../server/redact.ts'
import { compose, words } from './answers.ts'
import { toEvents } from './tools.ts'

type Events = readonly Readonly<Record<string, unknown>>[]

const fixture = (
  events: Events,
  more: Partial<Fixture> = {},
  body: JsonObject = { model: 'm', input: 'Hi' },
): Fixture => ({
  ...identify(body, createRedactor()),
  recorded: { at: '2026-11-24T10:00:00.000Z', upstream: 'stand-in', openai: '7.57.0' },
  events: toEvents(events),
  ending: { end: 'complete' },
  endedAt: 100,
  ...more,
})

const says = (text: string, seed = 'a') => compose(seed).text(words(text)).completed()

describe('what does not count', () => {
  test('ids, times, padding and encrypted content', () => {
    const noisy = (seed: string): Events =>
      says('Hello there', seed).map((event, index) => ({
        ...event,
        sequence_number: index + seed.length,
        obfuscation: seed,
        created_at: seed.length,
        encrypted_content: seed,
      }))
    const [before, after] = [fixture(noisy('a')), fixture(noisy('long'), { endedAt: 9999 })]
    expect(compare(before, after)).toMatchObject({ same: true, timing: { duration: { before: 100, after: 9999 } } })
    expect(describeComparison(compare(before, after))).toBe('the same but for ids and times')
  })

  test('a fixture and itself, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ type: fc.string(), delta: fc.jsonValue(), x: fc.jsonValue() })), (events) => {
        expect(compare(fixture(events), fixture(events)).same).toBe(true)
      }),
    )
  })
})

describe('what counts', () => {
  test('the answer, the number of events, the usage', () => {
    const comparison = compare(fixture(says('Hello there')), fixture(says('Hello to you, there')))
    expect(comparison).toMatchObject({
      same: false,
      answer: [
        { kind: 'kept', text: 'Hello ' },
        { kind: 'added', text: 'to you, ' },
        { kind: 'kept', text: 'there' },
      ],
      events: [{ type: 'response.output_text.delta', before: 2, after: 5 }],
      usage: [
        { name: 'output_tokens', before: 2, after: 5 },
        { name: 'total_tokens', before: 18, after: 21 },
      ],
      ending: [],
      members: [],
    })
    expect(describeComparison(comparison)).toBe(
      'answer 2 words added; events output_text.delta ×2 → ×5; usage output_tokens 2 → 5, total_tokens 18 → 21',
    )
  })

  test('the members of the request, a conversation by the key that it continues', () => {
    const [before, after] = [
      { model: 'm', input: 'Hi' },
      { model: 'm', input: 'Ho', temperature: 1 },
    ].map((body) => fixture([], { ending: { end: 'unreachable' } }, body))
    if (!before || !after) throw new Error('none')
    expect(compare(before, after).request).toEqual([
      { name: 'input', before: 'Hi', after: 'Ho' },
      { name: 'temperature', before: undefined, after: 1 },
    ])
    expect(compare({ ...before, previousKey: 'a' }, { ...before, previousKey: 'b' }).request).toEqual([
      { name: 'previous_response_id', before: 'a', after: 'b' },
    ])
  })

  test('how it ended, and what was told with that', () => {
    const refused = (status: number, message: string): Fixture =>
      fixture([], {
        ending: { end: 'refused', status, headers: { 'x-request-id': message }, body: `{"error":"${message}"}` },
      })
    expect(compare(refused(429, 'a'), refused(500, 'b')).ending).toEqual([
      { name: 'status', before: 429, after: 500 },
      { name: 'body.error', before: 'a', after: 'b' },
    ])
    expect(describeComparison(compare(refused(429, 'a'), refused(500, 'b')))).toBe('status 429 → 500, body.error a → b')
    expect(compare(refused(429, 'a'), fixture(says('Hi'))).ending).toEqual([
      { name: 'ending', before: 'refused', after: 'completed' },
    ])
    const cut = (reason: string) => fixture(compose('a').text(['x']).incomplete(reason))
    expect(compare(cut('max_output_tokens'), cut('content_filter')).ending).toMatchObject([{ name: 'why' }])
  })

  test('function calls', () => {
    const call = (args: string) => fixture(compose('a').call('look', [args]).completed())
    expect(compare(call('{"at":1}'), call('{"at":2}')).output).toEqual([
      { name: 'output[0].arguments', before: '{"at":1}', after: '{"at":2}' },
    ])
    expect(describeComparison(compare(call('{"at":1}'), call('{"at":2}')))).toBe(
      'output output[0].arguments "{\\"at\\":1}" → "{\\"at\\":2}"',
    )
  })

  test('any other member of an event, by its type and path', () => {
    const reasons = (text: string) => fixture(compose('a').reasoning([text]).text(['Hi']).completed())
    const comparison = compare(reasons('Hm'), reasons('Ah'))
    expect(comparison).toMatchObject({ same: false, answer: [], events: [] })
    expect(comparison.members).toContainEqual({
      type: 'response.reasoning_summary_text.delta',
      member: 'delta',
      count: 1,
    })
    expect(describeComparison(comparison)).toMatch(/^members reasoning_summary_text\.delta delta ×1, .* and \d more$/)
  })

  test('deltas that are cut elsewhere, though the text is the same', () => {
    const cut = (...deltas: string[]) => fixture(compose('a').text(deltas).completed())
    expect(compare(cut('Bon', 'jour'), cut('Bonj', 'our')).members).toEqual([
      { type: 'response.output_text.delta', member: 'delta', count: 2 },
    ])
  })

  test('half of a surrogate pair in a delta, which JSON may carry, does no harm', () => {
    const half = (text: string) => fixture([{ type: 'response.output_text.delta', delta: text }])
    expect(compare(half('\ud83d'), half('\ud83e')).same).toBe(false)
  })
})

test('a line about a change is bounded', () => {
  const type = (seed: string) =>
    Array.from({ length: 500 }, (_, index) => ({ type: `${seed}.${index % 5}`, [seed]: index }))
  expect(describeComparison(compare(fixture(type('a')), fixture(type('b')))).length).toBeLessThan(300)
  expect(describeComparison(compare(fixture(says('Hi you')), fixture(says('Hi, you'))))).toContain(
    'answer differs in punctuation or white space',
  )
})

test('a row of events is told with its sign', () => {
  expect([
    runText({ type: 'response.output_text.delta', before: 1, after: 2 }),
    runText({ type: 'error', before: 1, after: 0 }),
    runText({ type: '', before: 0, after: 3 }),
  ]).toEqual(['output_text.delta ×1 → ×2', '-error ×1', '+(no type) ×3'])
})
