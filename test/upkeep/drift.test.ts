import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { responses } from '../../server/api/responses/index.ts'
import { comparable, findDrift, groupDrifts } from '../../server/upkeep/drift.ts'
import { addAnswer, emptyOutline, typesWithin } from '../../server/upkeep/outline.ts'
import { parseEvent, type ModelEvent } from '../../server/api/event.ts'
import { MAX_DEPTH } from '../../server/base/json.ts'
import { compose, words } from '../kit/answers.ts'
import { absent, readCorpus } from '../kit/corpus.ts'
import { toEvents, toRecords } from '../kit/calls.ts'
import { inOnePiece } from '../kit/fixtures.ts'

type Json = Readonly<Record<string, unknown>>

/** Drift between two lists of events; what the first holds is known. */
const between = (before: readonly Json[], now: readonly Json[], known: readonly string[] = []) =>
  findDrift(toEvents(before), toEvents(now), { row: responses, types: new Set(known) })

/** Drift from one of the answers that are known, all of them to calls of one kind. */
const among = (all: readonly (readonly Json[])[], before: readonly Json[], now: readonly Json[]) => {
  const outline = emptyOutline()
  for (const each of all) addAnswer(outline, toEvents(each), responses)
  return findDrift(toEvents(before), toEvents(now), { row: responses, types: outline.types, outline })
}

const one = (members: Json) => [{ type: 'e', ...members }]
const answer = (text: string, seed = 'a') => compose(seed).text(words(text)).completed()

/** Changes every event of a type. */
const changed = (events: readonly Json[], type: string, change: (event: Json) => Json) =>
  events.map((event) => (event.type === type ? change(event) : event))

describe('drift is', () => {
  test('a type of event that is new, and one that comes no more', () => {
    const events = answer('Hello there')
    const shiny = { type: 'response.shiny', sequence_number: 3, output_index: 0 }
    expect(between(events, [...events, shiny])).toEqual([{ kind: 'event_added', event: 'response.shiny' }])
    expect(between([...events, shiny], events)).toEqual([{ kind: 'event_removed', event: 'response.shiny' }])
  })

  test('a member that is new, told once and without what is in it', () => {
    const events = answer('Hello there')
    const now = changed(events, 'response.output_text.delta', (event) => ({ ...event, rank: { place: [1] } }))
    expect(between(events, now)).toEqual([
      { kind: 'added', event: 'response.output_text.delta', path: 'rank', is: 'object' },
    ])
  })

  test('a new member of which only some have it', () => {
    expect(between([...one({}), ...one({})], [...one({}), ...one({ a: 1 })])).toMatchObject([{ path: 'a' }])
  })

  test('a member that is gone', () => {
    expect(between(one({ a: [{ b: 1, c: 2 }] }), one({ a: [{ b: 1 }, { b: 2 }] }))).toEqual([
      { kind: 'removed', event: 'e', path: 'a[].c', was: 'number' },
    ])
  })

  test('a member of another type', () => {
    expect(between(one({ a: 1 }), one({ a: '1' }))).toEqual([
      { kind: 'changed', event: 'e', path: 'a', was: 'number', is: 'string' },
    ])
    expect(between(one({ a: { b: 1 } }), one({ a: ['b'] }))).toMatchObject([{ was: 'object', is: 'array' }])
  })

  test('what was never null and always is now', () => {
    expect(between(one({ usage: { a: 1 } }), one({ usage: null }))).toMatchObject([{ was: 'object', is: 'null' }])
  })

  test('an item or a part of a type that no fixture holds', () => {
    const part = (...types: string[]) => one({ part: types.map((type) => ({ type })) })
    expect(between(part('text'), part('text', 'shiny'))).toEqual([
      { kind: 'changed', event: 'e', path: 'part[].type', was: '"text"', is: '"shiny"' },
    ])
    expect(between(part('text'), part('text', 'shiny'), ['shiny'])).toEqual([])
  })

  test('an array that was always empty and now has items, told once', () => {
    const [empty, full] = [one({ a: [], deep: { b: [[]] } }), one({ a: [{ b: 1, c: [] }], deep: { b: [['x', 1]] } })]
    expect(among([empty, empty], empty, full)).toEqual([
      { kind: 'added', event: 'e', path: 'a[]', is: 'object' },
      { kind: 'added', event: 'e', path: 'deep.b[][]', is: 'number or string' },
    ])
    expect(among([one({ a: [] }), one({ a: null })], one({ a: null }), one({ a: [1] }))).toMatchObject([
      { path: 'a[]' },
    ])
    const shiny = one({ a: [{ type: 'shiny' }] })
    expect(among([one({ a: [] })], one({ a: [] }), shiny)).toMatchObject([{ kind: 'added', path: 'a[]' }])
  })

  test('a member that every event had and that some lack now', () => {
    const [all, some] = [
      [...one({ a: 1, b: { c: '' } }), ...one({ a: 2, b: { c: '' } })],
      [...one({ a: 1, b: { c: '' } }), ...one({ b: { c: '' } }), ...one({ a: 1, b: {} })],
    ]
    const drifts = [
      { kind: 'optional', event: 'e', path: 'a', was: 'number' },
      { kind: 'optional', event: 'e', path: 'b.c', was: 'string' },
    ]
    expect(between(all, some)).toEqual(drifts)
    expect(among([all, one({ a: 1, b: { c: '' } })], all, some)).toEqual(drifts)
    const items = (...list: Json[]) => one({ list })
    expect(between(items({ a: 1 }, { a: 2 }), items({ a: 1 }, {}))).toMatchObject([
      { kind: 'optional', path: 'list[].a' },
    ])
  })

  test('an answer that has no item of a type that it had', () => {
    const called = compose('b').call('look', ['{}']).completed()
    expect(between(answer('Hello'), called, ['function_call'])).toContainEqual({
      kind: 'changed',
      event: 'response.output_item.added',
      path: 'item.type',
      was: '"message"',
      is: '"function_call"',
    })
  })

  test('an answer without anything in it', () => {
    expect(between(answer('Hello'), compose('b').completed()).map(({ event }) => event)).toContain(
      'response.output_item.added',
    )
  })
})

describe('no drift is', () => {
  test('another text, in other pieces, under other ids', () => {
    expect(between(answer('Hello', 'a'), answer('Hello there, how are you?', 'b'))).toEqual([])
  })

  test('that a model reasons, calls a tool or refuses beside what it did, where such answers are known', () => {
    const plain = answer('Hello')
    const more = compose('b').reasoning(['Hm']).text(['Hello']).call('look', ['{}']).completed()
    expect(between(more, plain)).toEqual([])
    expect(between(plain, more, [...typesWithin(toEvents(more))])).toEqual([])
    expect(between(plain, more).map(({ event }) => event)).toContain('response.function_call_arguments.delta')
    const refusal = compose('c').refusal(['No']).completed()
    expect(between(plain, refusal, [...typesWithin(toEvents(refusal))])).toEqual([])
  })

  test('that a text has annotations, or that what was reasoned has a summary', () => {
    const annotation = { type: 'url_citation', url: '' }
    const cited = { type: 'response.output_text.annotation.added', output_index: 0, content_index: 0, annotation }
    const [plain, more] = [answer('Hello'), [...answer('Hello'), cited]]
    expect(between(more, plain)).toEqual([])
    expect(between(plain, more, ['url_citation'])).toEqual([])
    expect(between(plain, more)).toEqual([{ kind: 'event_added', event: cited.type }])
    const silent = compose('c').reasoning([]).text(['Hello']).completed()
    const item = { type: 'reasoning', id: 'r', summary: [], status: 'completed' }
    const bare = silent
      .filter(({ type }) => !String(type).includes('summary'))
      .map((event) => (JSON.stringify(event).includes('summary_text') ? { ...event, item } : event))
      .filter(({ type }) => type !== 'response.completed')
    const ended = silent.filter(({ type }) => type !== 'response.completed')
    expect(between(ended, bare)).toEqual([])
    expect(between(bare, ended, ['summary_text'])).toEqual([])
  })

  test('what null becomes, what some have, what an array holds this time', () => {
    expect(between(one({ a: null }), one({ a: { b: 1 } }))).toEqual([])
    expect(between([...one({ a: 1 }), ...one({})], one({}))).toEqual([])
    expect(between(one({ a: [] }), one({ a: [{ b: 1 }] }))).toEqual([])
    expect(between(one({ a: [1, 'x'] }), one({ a: [2] }))).toEqual([])
  })

  test('the names of data, the echo of what fixtures leave out, and obfuscation', () => {
    expect(between(one({ metadata: { a: 1 } }), one({ metadata: { b: '' } }))).toEqual([])
    expect(between(one({ response: { user: 'u' } }), one({ response: { user: null } }))).toEqual([])
    expect(between(one({ obfuscation: 'x' }), one({}))).toEqual([])
  })

  test('nothing at all', () => {
    expect(between([], [])).toEqual([])
  })
})

describe('no drift is, by what other fixtures show,', () => {
  test('that an array has items', () => {
    const full = one({ a: [{ b: 1 }] })
    expect(among([one({ a: [] }), full], one({ a: [] }), full)).toEqual([])
    const typed = one({ a: [{ type: 'known' }] })
    expect(among([one({ a: [] }), one({ other: { type: 'known' } })], one({ a: [] }), typed)).toEqual([])
    expect(among([one({ a: null })], one({ a: null }), full)).toEqual([])
  })

  test('that a member is absent sometimes, or that an answer comes in more pieces', () => {
    const all = [...one({ a: 1 }), ...one({ a: 2 })]
    const some = [...one({ a: 1 }), ...one({})]
    expect(among([all, some], all, some)).toEqual([])
    expect(among([some], some, [...some, ...one({})])).toEqual([])
    // The only piece was the last one, too.
    expect(among([one({ end: 'stop' })], one({ end: 'stop' }), [...one({}), ...one({ end: 'stop' })])).toEqual([])
  })
})

describe('whatever the events are', () => {
  const event = fc.record({ type: fc.constantFrom('a', 'b'), body: fc.jsonValue({ maxDepth: 4 }) })
  const events = fc.array(event, { maxLength: 6 })

  test('an answer does not differ from itself, in whatever order', () => {
    fc.assert(
      fc.property(events, (list) => {
        expect(between(list, list)).toEqual([])
        expect(between(list, list.toReversed())).toEqual([])
      }),
    )
  })

  test('a new member is found, and one that is gone', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 6 }), (list) => {
        const more = list.map((each) => ({ ...each, brand_new: 1 }))
        const types = new Set(list.map(({ type }) => type))
        expect(between(list, more).map(({ kind }) => kind)).toEqual([...types].map(() => 'added'))
        expect(between(more, list).map(({ kind }) => kind)).toEqual([...types].map(() => 'removed'))
      }),
    )
  })

  test('nesting has a limit', () => {
    const depth = MAX_DEPTH - 2
    const text = `{"type":"e","deep":${'['.repeat(depth)}1${']'.repeat(depth)}}`
    const deep = [parseEvent(text, 0) ?? []].flat()
    expect(findDrift(deep, deep, { row: responses, types: typesWithin(deep) })).toEqual([])
    expect(deep).toHaveLength(1)
  })
})

describe.skipIf(absent)(`real streams${absent ? `: ${absent}` : ''}`, () => {
  const streams = readCorpus().map(({ lines }) => toEvents(lines.map((line): Json => JSON.parse(line))))
  const known = { row: responses, types: new Set(streams.flatMap((events) => [...typesWithin(events)])) }

  test('do not differ from themselves', () => {
    for (const events of streams) expect(findDrift(events, events, known)).toEqual([])
  })

  test('show a member that is gone from their deltas', () => {
    const without = ({ type, body: { delta: _delta, ...rest } }: ModelEvent): Json => ({ ...rest, type })
    for (const events of streams.filter((each) => each.some(({ type }) => type === 'response.output_text.delta'))) {
      const now = toEvents(
        events.map((each) => (each.type === 'response.output_text.delta' ? without(each) : each.body)),
      )
      expect(findDrift(events, now, known)).toEqual([
        { kind: 'removed', event: 'response.output_text.delta', path: 'delta', was: 'string' },
      ])
    }
  })
})

describe('what is compared of an answer', () => {
  const none = { row: responses, types: new Set<string>() }

  test('are its events', () => {
    const events = answer('Hello')
    expect(comparable({ api: 'responses', records: toRecords(events) })).toEqual(toEvents(events))
  })

  test('is the response, if it came in one piece', () => {
    const { response } = answer('Hello').at(-1) ?? {}
    const piece = (value: unknown) => comparable({ api: 'responses', ...inOnePiece(value) })
    expect(findDrift(piece(response), piece(response), none)).toEqual([])
    expect(findDrift(piece(response), piece({ ...Object(response), shiny: 1 }), none)).toEqual([
      { kind: 'added', event: 'response.completed', path: 'response.shiny', is: 'number' },
    ])
  })

  test('is the body of any other API, if it is JSON', () => {
    const body = (value: unknown) => comparable({ api: 'any', ...inOnePiece(value) })
    expect(findDrift(body({ data: [{ id: 'a' }] }), body({ data: [{ id: 1 }] }), none)).toEqual([
      { kind: 'changed', event: 'body', path: 'body.data[].id', was: 'string', is: 'number' },
    ])
    expect(findDrift(body([1]), body(['1']), none)).toMatchObject([{ path: 'body[]' }])
    expect(comparable({ api: 'any', records: [{ at: 1, wire: 'Hello' }] })).toEqual([])
  })
})

test('what the same fixtures have is one group, and what most have comes first', () => {
  const [a, b] = [
    { kind: 'event_added', event: 'a' },
    { kind: 'event_added', event: 'b' },
  ] as const
  expect(
    groupDrifts([
      { name: 'y', drifts: [a] },
      { name: 'x', drifts: [a, b, b] },
      { name: 'z', drifts: [] },
    ]),
  ).toEqual([
    { fixtures: ['x', 'y'], drifts: [a] },
    { fixtures: ['x'], drifts: [b] },
  ])
})
