import { describe, expect, test } from 'vitest'
import { bodyHash } from '../../server/fixture/file.ts'
import type { Fixture } from '../../server/fixture/fixture.ts'
import { identify } from '../../server/fixture/key.ts'
import { responses } from '../../server/api/responses/index.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { redactAgain } from '../../server/upkeep/redone.ts'
import { type Rewrite, mergesIn, parentsFirst } from '../../server/upkeep/rewrite.ts'
import { parseRules } from '../../server/redact/rules.ts'
import { compose, words } from '../kit/answers.ts'
import { callOf, toRecords } from '../kit/calls.ts'
import { fixtureFor, fixtureOf, getCall, inOnePiece } from '../kit/fixtures.ts'

const plain = createRedactor()
const redactor = createRedactor(
  {},
  parseRules(JSON.stringify({ redact: [{ pattern: 'Ada|Bob', placeholder: '[name]' }] }), 'rules.json'),
)

/** A fixture as its file has it. */
function fixture(body: Readonly<Record<string, unknown>>, more: Partial<Fixture> = {}): Fixture {
  const events = compose('x').text(words('Hi there')).completed()
  const whole = fixtureOf(body, events, { responseId: 'resp_x', ...more })
  return { sha256: bodyHash(whole.records), ...whole }
}

describe('redactAgain', () => {
  test('leaves alone what is clean', async () => {
    const clean = fixture({ model: 'm', input: 'Hi' })
    expect(await redactAgain(clean, redactor, undefined)).toEqual({ fixture: clean, changed: false, kinds: new Set() })
  })

  test('gives the fixture that would be recorded now', async () => {
    const records = toRecords(compose('x').text(['Hi, A', 'da!']).completed())
    const { fixture: next, kinds } = await redactAgain(
      fixture({ model: 'm', input: 'I am Ada' }, { records }),
      redactor,
      undefined,
    )
    expect(next).toMatchObject(identify(callOf({ model: 'm', input: 'I am Bob' }), redactor))
    expect(next.records).toEqual(await redactor.records(records, responses))
    expect(next.sha256).toBe(bodyHash(next.records))
    expect(next.recorded.edited).toBeUndefined()
    expect(JSON.stringify(next)).not.toMatch(/Ada|"da!/)
    expect([...kinds]).toEqual(['[name]'])
  })

  test('redacts numbers beyond 2^53, the query and the headers as they stand', async () => {
    const call = callOf({ model: 'm', input: 'Ada' }, { query: '?user=Ada&n=1' })
    const content = Buffer.from('{"model":"m","input":"Ada","seed":9007199254740993}')
    const { response, records } = inOnePiece({ for: 'Ada' })
    const head = response && { ...response, headers: [...response.headers, ['location', 'of-Ada'] as const] }
    const { fixture: next } = await redactAgain(
      fixtureFor({ ...call, content, body: content }, { response: head, records }),
      redactor,
      undefined,
    )
    expect(next.requestText).toBe('{"model":"m","input":"[name]","seed":9007199254740993}')
    expect(next.call.query).toEqual([
      ['user', '[name]'],
      ['n', '1'],
    ])
    expect(next.response?.headers).toContainEqual(['location', 'of-[name]'])
    expect(next.records).toEqual([{ at: 10, wire: '{"for":"[name]"}' }])
  })

  test('redacts the path, without the rules of the user: its steps are ids', async () => {
    const path = `/v1/Ada/${'AKIA'}IOSFODNN7EXAMPLE`
    const { call, ...others } = fixtureFor(getCall('/v1/a'))
    const { fixture: next, changed } = await redactAgain({ ...others, call: { ...call, path } }, redactor, undefined)
    expect(next.call.path).toBe('/v1/Ada/[redacted:aws-key]')
    expect(changed).toBe(true)
  })

  test('changes what continues another key', async () => {
    const child = fixture({ model: 'm', input: 'Hi', previous_response_id: 'resp_x' }, { previousKey: 'a'.repeat(64) })
    const { fixture: next, changed } = await redactAgain(child, redactor, 'b'.repeat(64))
    expect(changed).toBe(true)
    expect(next).toMatchObject(
      identify(callOf({ model: 'm', input: 'Hi', previous_response_id: 'resp_x' }), plain, 'b'.repeat(64)),
    )
  })

  test('redacts why it broke', async () => {
    const ending = { end: 'malformed', why: 'Ada' } as const
    const { fixture: next, changed } = await redactAgain(
      fixture({ model: 'm' }, { records: [], ending }),
      redactor,
      undefined,
    )
    expect(changed).toBe(true)
    expect(next.ending).toEqual({ end: 'malformed', why: '[name]' })
  })

  test('marks a body that was edited before, which its new hash would not show any more', async () => {
    const edited = fixture({ model: 'm', input: 'I am Ada' }, { sha256: 'f'.repeat(64) })
    const { fixture: next } = await redactAgain(edited, redactor, undefined)
    expect(next.recorded).toEqual({ ...edited.recorded, edited: true })
    expect((await redactAgain(next, redactor, undefined)).fixture.recorded.edited).toBe(true)
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
  const plan = (name: string, more: Partial<Rewrite>): Rewrite => ({
    name,
    next: name,
    key: 'k',
    was: name,
    take: 1,
    changed: true,
    kinds: new Set(),
    previousKey: undefined,
    asks: 'k',
    good: true,
    at: '2026-11-24',
    stamp: 'absent',
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
