import { describe, expect, test } from 'vitest'
import { fileName, identify, keyFor } from '../../server/fixture/key.ts'
import type { JsonObject } from '../../server/base/json.ts'
import type { Candidate } from '../../server/fixture/fixture.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { bodyFor, failedAlike, planRefresh, select, type Plan } from '../../server/upkeep/plan.ts'
import { compose } from '../kit/answers.ts'
import { toEvents } from '../kit/tools.ts'

const redactor = createRedactor()

function fixture(body: JsonObject, { at = '2026-11-24T10:00:00.000Z', previousKey = '' } = {}): Candidate {
  const identity = identify({ model: 'm', ...body }, redactor, previousKey || undefined)
  return {
    ...identity,
    name: fileName(identity),
    responseId: `resp_${String(body.input)}`,
    recorded: { at, upstream: 'stand-in', openai: '7.57.0' },
  }
}

const after = (parent: Candidate, input: string) =>
  fixture({ input, previous_response_id: `old_${input}` }, { previousKey: parent.key })

const ada = fixture({ input: 'I am Ada' })
const name = after(ada, 'My name?')
const spell = after(name, 'Spell it')
const paris = fixture({ input: [{ role: 'user', content: 'Weather in Paris?' }], model: 'large' }, { at: '2026-01-01' })
const ALL = [paris, spell, name, ada]

const sent = ({ send }: Plan) => send.map((each) => String(each.fixture.request.input))
const ANY = { words: [], model: undefined, before: undefined }

describe('select', () => {
  test.each([
    ['all', {}, ALL],
    ['by a word of the input, in whatever case', { words: ['PARIS'] }, [paris]],
    ['by a part of the name', { words: [ada.name.slice(-14)] }, [ada]],
    ['by several words that it holds', { words: ['Paris', 'weather'] }, [paris]],
    ['none that lacks one of them', { words: ['paris', 'spell'] }, []],
    ['by the model', { model: 'large' }, [paris]],
    ['by a part of the model', { model: 'l*g*' }, [paris]],
    ['by the model in full only', { model: 'larg.' }, []],
    ['by age', { before: new Date('2026-06-01') }, [paris]],
    ['by all of it', { words: ['ada'], before: new Date('2026-06-01') }, []],
  ])('%s', (_how, selection, expected) => {
    expect(select(ALL, { ...ANY, ...selection })).toEqual(expected)
  })

  test('a date that cannot be read is long ago', () => {
    const odd = fixture({ input: 'Hi' }, { at: 'yesterday' })
    expect(select([odd], { ...ANY, before: new Date(0) })).toEqual([odd])
  })
})

describe('planRefresh', () => {
  test('sends each turn of a conversation behind the one before, together', () => {
    const other = fixture({ input: 'Other' })
    expect(sent(planRefresh([...ALL, other], [spell, other, name, ada], redactor, []))).toEqual([
      'I am Ada',
      'My name?',
      'Spell it',
      'Other',
    ])
  })

  test('begins with what a selected turn continues, and says that it was not selected', () => {
    const { send } = planRefresh(ALL, [spell], redactor, [])
    expect(send.map(({ fixture: { key }, selected, after: parent }) => [key, selected, parent?.key])).toEqual([
      [ada.key, false, undefined],
      [name.key, false, ada.key],
      [spell.key, true, name.key],
    ])
  })

  test('a turn whose beginning no fixture holds is sent alone, as it was', () => {
    const [planned] = planRefresh([name], [name], redactor, []).send
    expect(planned && bodyFor(planned, undefined)).toEqual(name.request)
  })

  test('a request that was redacted is skipped; what continues it is sent with the id of its answer', () => {
    const secret = fixture({ input: 'My key is [redacted:aws-key]' })
    const next = after(secret, 'Which key?')
    const plan = planRefresh([secret, next], [secret, next], redactor, [])
    expect(plan.skipped).toEqual([{ name: secret.name, why: expect.stringContaining('holds [redacted:aws-key]') }])
    expect(plan.send.map((planned) => bodyFor(planned, undefined).previous_response_id)).toEqual([secret.responseId])
  })

  test('a request that would have another key is skipped', () => {
    const request = { ...ada.request, user: 'someone' }
    const odd = { ...ada, request, key: keyFor(request, undefined) }
    expect(planRefresh([odd], [odd], redactor, [])).toMatchObject({ send: [], skipped: [{ name: odd.name }] })
  })
})

test('the body has the id of the new answer that it continues', () => {
  const planned = planRefresh(ALL, [name], redactor, []).send.at(-1)
  expect(planned && bodyFor(planned, 'resp_new')).toEqual({ ...name.request, previous_response_id: 'resp_new' })
  expect(planned && bodyFor(planned, undefined).previous_response_id).toBe(ada.responseId)
})

test('failures are alike by their end, their status, or the event that ended them', () => {
  const refused = (status: number) => ({
    events: [],
    ending: { end: 'refused', status, headers: {}, body: '' } as const,
  })
  const stalled = { events: [], ending: { end: 'stalled' } as const }
  const failed = { events: toEvents(compose('a').failed('x', 'X')), ending: { end: 'complete' } as const }
  const error = { events: toEvents(compose('a').error('x', 'X')), ending: { end: 'complete' } as const }
  expect(failedAlike(refused(429), refused(429))).toBe(true)
  expect(failedAlike(stalled, stalled)).toBe(true)
  expect(failedAlike(failed, failed)).toBe(true)
  for (const [a, b] of [
    [refused(429), refused(500)],
    [refused(429), stalled],
    [failed, error],
  ] as const) {
    expect(failedAlike(a, b)).toBe(false)
  }
})
