import { describe, expect, test } from 'vitest'
import type { Fixture } from '../../server/fixture/fixture.ts'
import { identify } from '../../server/fixture/key.ts'
import type { JsonObject } from '../../server/base/json.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { mergesIn, parentsFirst, redactAgain, type Planned } from '../../server/upkeep/rewrite.ts'
import { parseRules } from '../../server/redact/rules.ts'
import { compose, words } from '../kit/answers.ts'
import { toEvents } from '../kit/tools.ts'

const plain = createRedactor()
const redactor = createRedactor(
  {},
  parseRules(JSON.stringify({ redact: [{ pattern: 'Ada|Bob', placeholder: '[name]' }] }), 'rules.json'),
)

const fixture = (body: JsonObject, more: Partial<Fixture> = {}): Fixture => ({
  ...identify(body, plain, more.previousKey),
  responseId: 'resp_x',
  recorded: { at: '2026-11-24T10:00:00.000Z', upstream: 'stand-in', openai: '7.57.0' },
  events: toEvents(compose('x').text(words('Hi there')).completed()),
  ending: { end: 'complete' },
  endedAt: 100,
  ...more,
})

describe('redactAgain', () => {
  test('leaves alone what is clean', () => {
    const clean = fixture({ model: 'm', input: 'Hi' })
    expect(redactAgain(clean, redactor, undefined)).toEqual({ fixture: clean, changed: false, kinds: new Set() })
  })

  test('gives the fixture that would be recorded now', () => {
    const events = toEvents(compose('x').text(['Hi, A', 'da!']).completed())
    const { fixture: next, kinds } = redactAgain(
      fixture({ model: 'm', input: 'I am Ada' }, { events }),
      redactor,
      undefined,
    )
    expect(next).toMatchObject(identify({ model: 'm', input: 'I am Bob' }, redactor))
    expect(next.events).toEqual(redactor.events(events))
    expect(JSON.stringify(next)).not.toMatch(/Ada|"da!/)
    expect([...kinds]).toEqual(['[name]'])
  })

  test('changes what continues another key', () => {
    const child = fixture({ model: 'm', input: 'Hi', previous_response_id: 'resp_x' }, { previousKey: 'a'.repeat(64) })
    const { fixture: next, changed } = redactAgain(child, redactor, 'b'.repeat(64))
    expect(changed).toBe(true)
    expect(next).toMatchObject(identify({ ...child.request }, plain, 'b'.repeat(64)))
  })

  test.each<[Fixture['ending']]>([
    [{ end: 'refused', status: 400, headers: { 'x-a': 'Ada' }, body: '{"error":"Ada"}' }],
    [{ end: 'malformed', text: 'Ada' }],
    [{ end: 'reset', why: 'of Ada' }],
  ])('redacts the ending %j', (ending) => {
    const { fixture: next, changed } = redactAgain(fixture({ model: 'm' }, { events: [], ending }), redactor, undefined)
    expect(changed).toBe(true)
    expect(next.ending).toEqual(JSON.parse(JSON.stringify(ending).replaceAll('Ada', '[name]')))
  })
})

test('parentsFirst', () => {
  const one = fixture({ model: 'm', input: '1' })
  const two = fixture({ model: 'm', input: '2' }, { previousKey: one.key })
  const three = fixture({ model: 'm', input: '3' }, { previousKey: two.key })
  const lost = fixture({ model: 'm', input: '4' }, { previousKey: 'f'.repeat(64) })
  expect(parentsFirst([three, lost, two, one])).toEqual([one, two, three, lost])
  const [a, b] = [
    { ...one, previousKey: two.key },
    { ...two, previousKey: one.key },
  ]
  expect(new Set(parentsFirst([a, b]))).toEqual(new Set([a, b]))
})

test('mergesIn keeps a finished answer before a failed one, and the newer of two alike', () => {
  const plan = (name: string, more: Partial<Planned>): Planned => ({
    name,
    next: name,
    key: 'k',
    changed: true,
    kinds: new Set(),
    previousKey: undefined,
    good: true,
    at: '2026-11-24',
    ...more,
  })
  const [older, newer, failed] = [
    plan('older', {}),
    plan('newer', { at: '2026-11-25' }),
    plan('failed', { at: '2026-11-26', good: false }),
  ]
  expect(mergesIn([older, failed, newer, plan('other', { key: 'l' })])).toEqual([
    { kept: newer, dropped: [older, failed] },
  ])
  expect(mergesIn([plan('a', { changed: false }), plan('b', { changed: false })])).toEqual([])
})
