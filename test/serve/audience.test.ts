/** What those are told who watch, and when. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Clock } from '../../server/base/clock.ts'
import { createRedactor } from '../../server/redact/redactor.ts'
import { type Audience, createAudience } from '../../server/serve/audience.ts'
import type { LiveMessage, LiveTurn } from '../../server/serve/feed.ts'
import type { TurnEntry, UnderWay } from '../../server/serve/journal.ts'
import { manualClock } from '../kit/tools.ts'

const ENTRY: TurnEntry = { endpoint: '/ws', count: 1, unit: 'frame', ms: 5 }

const HIT: TurnEntry = { ...ENTRY, action: { kind: 'hit', fixture: 'x.jsonl' } }

function setUp() {
  const clock = manualClock()
  const audience = createAudience({ mode: 'replay', redactor: createRedactor(), clock })
  return { clock, audience, begin: () => audience.begin({ endpoint: '/ws', spoken: '/ws', unit: 'frame' }) }
}

/** Somebody who watches, and reads or does not. */
function watcherOf(audience: Audience) {
  const messages: LiveMessage[] = []
  const turns = new Map<number, LiveTurn>()
  const watcher = { waiting: 0 }
  const leave = audience.watch({
    send(text) {
      const message: LiveMessage = JSON.parse(text)
      messages.push(message)
      for (const turn of message.turns) turns.set(turn.n, turn)
    },
    waitingBytes: () => watcher.waiting,
  })
  return { messages, turns, watcher, leave }
}

describe('a message', () => {
  test('gathers what happened in a tenth of a second, and tells of each turn once', async () => {
    const { clock, audience, begin } = setUp()
    const { messages } = watcherOf(audience)
    const [one, two] = [begin(), begin()]
    for (let piece = 0; piece < 50; piece++) one.sent(2, 10)
    await clock.advance(99)
    expect(messages.map(({ type }) => type)).toEqual(['hello'])
    await clock.advance(1)
    expect(messages[1]).toMatchObject({ type: 'turns', counters: { turns: 2, open: 2 } })
    expect(messages[1]?.turns).toMatchObject([
      { n: 2, count: 0, bytes: 0, ms: 100, open: true },
      { n: 1, count: 100, bytes: 500, firstMs: 0, ms: 100, open: true },
    ])
    two.ended(HIT)
    await clock.advance(100)
    expect(messages[2]).toMatchObject({
      counters: { hits: 1, open: 1 },
      turns: [{ n: 2, action: 'hit', ms: 5, open: false }],
    })
    await clock.advance(10_000)
    expect(messages).toHaveLength(3)
  })

  test('tells of 200 turns; the next one of the others', async () => {
    const { clock, audience, begin } = setUp()
    const { messages } = watcherOf(audience)
    for (let turn = 0; turn < 450; turn++) begin().ended(HIT)
    await clock.advance(300)
    expect(messages.slice(1).map(({ turns }) => turns.length)).toEqual([200, 200, 50])
    expect(messages.flatMap(({ turns }) => turns.map(({ n }) => n))).toEqual(
      Array.from({ length: 450 }, (_, at) => at + 1),
    )
  })
})

test('the last 500 turns are remembered, and those that are under way', async () => {
  const { clock, audience, begin } = setUp()
  const first = begin()
  for (let turn = 0; turn < 600; turn++) begin().ended(HIT)
  const { messages, turns } = watcherOf(audience)
  const told = messages[0]?.turns.map(({ n }) => n) ?? []
  expect(told).toEqual(Array.from({ length: 500 }, (_, at) => at + 102))
  first.ended({ ...ENTRY, code: 'cancelled', message: 'The client left.' })
  await clock.advance(100)
  expect(turns.get(1)).toMatchObject({ open: false, code: 'cancelled' })
  expect(messages.at(-1)?.counters).toEqual({ turns: 601, hits: 600, misses: 0, errors: 0, saved: 0, open: 0 })
})

test('nothing is timed while nobody watches', async () => {
  const timed: number[] = []
  const own = manualClock()
  const timer: Clock['timer'] = (ms, act) => {
    timed.push(ms)
    return own.timer(ms, act)
  }
  const clock: Clock = { ...own, timer }
  const audience = createAudience({ mode: 'live', redactor: createRedactor(), clock })
  const underWay = audience.begin({ endpoint: '/ws', spoken: '/ws', unit: 'frame' })
  underWay.sent(1, 1)
  underWay.ended(HIT)
  expect(timed).toEqual([])
})

test.each<[string, Partial<TurnEntry>, object]>([
  ['a hit', { action: { kind: 'hit', fixture: 'x' } }, { hits: 1 }],
  ['a recorded failure', { action: { kind: 'hit', fixture: 'x' }, code: 'upstream_reset' }, { hits: 1 }],
  ['a miss', { action: { kind: 'miss', fixture: 'x' }, code: 'fixture_miss' }, { misses: 1 }],
  ['what was saved', { action: { kind: 'saved', fixture: 'x' } }, { saved: 1 }],
  ['what was saved as it was', { action: { kind: 'unchanged', fixture: 'x' } }, { saved: 1 }],
  [
    'a failure that was saved',
    { action: { kind: 'saved', fixture: 'x' }, code: 'upstream_reset' },
    { saved: 1, errors: 1 },
  ],
  ['what was not saved', { action: { kind: 'not_saved', fixture: 'x' }, code: 'upstream_reset' }, { errors: 1 }],
  ['what was written', { action: { kind: 'written', fixture: 'x' }, code: 'upstream_refused' }, {}],
  ['what was cancelled', { code: 'cancelled' }, {}],
  ['an error', { code: 'invalid_json' }, { errors: 1 }],
  ['an answer that is live', {}, {}],
])('%s counts as that', (_what, entry, counted) => {
  const { audience, begin } = setUp()
  begin().ended({ ...ENTRY, ...entry })
  const none = { turns: 1, hits: 0, misses: 0, errors: 0, saved: 0, open: 0 }
  expect(watcherOf(audience).messages[0]?.counters).toEqual({ ...none, ...counted })
})

describe('a watcher', () => {
  test('that is slow is told nothing meanwhile, holds nobody up, and gets how things stand then', async () => {
    const { clock, audience, begin } = setUp()
    const [slow, fast] = [watcherOf(audience), watcherOf(audience)]
    slow.watcher.waiting = 65 * 1024
    const turn = begin()
    await clock.advance(500)
    turn.sent(3, 30)
    await clock.advance(500)
    turn.ended(HIT)
    begin()
    await clock.advance(500)
    expect(slow.messages).toHaveLength(1)
    expect(fast.messages).toHaveLength(4)
    slow.watcher.waiting = 64 * 1024
    await clock.advance(100)
    expect(slow.messages).toHaveLength(2)
    expect(slow.messages[1]?.turns.map(({ n, open }) => [n, open])).toEqual([
      [1, false],
      [2, true],
    ])
    expect([...slow.turns.keys()].toSorted()).toEqual([...fast.turns.keys()].toSorted())
  })

  test('is one of eight, and told nothing after it left', async () => {
    const { clock, audience, begin } = setUp()
    const all = Array.from({ length: 9 }, () => watcherOf(audience))
    expect(all.map(({ leave }) => leave !== undefined)).toEqual([...Array.from({ length: 8 }, () => true), false])
    expect(all[8]?.messages).toEqual([])
    all[0]?.leave?.()
    begin()
    await clock.advance(100)
    expect(all.map(({ messages }) => messages.length)).toEqual([1, 2, 2, 2, 2, 2, 2, 2, 0])
    expect(watcherOf(audience).leave).toBeDefined()
  })

  test('knows in the end how every turn stands, whatever happened and however slow it was', async () => {
    const step = fc.oneof(
      fc.constant('begin' as const),
      fc.record({ turn: fc.nat(), does: fc.constantFrom('sends' as const, 'ends' as const) }),
      fc.record({ waiting: fc.constantFrom(0, 100_000) }),
      fc.record({ ms: fc.integer({ min: 1, max: 250 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (all) => {
        const { clock, audience, begin } = setUp()
        const { watcher, turns, messages } = watcherOf(audience)
        const open: { n: number; underWay: UnderWay }[] = []
        const sent = new Map<number, number>()
        for (const each of all) {
          if (each === 'begin') {
            const n = sent.size + 1
            sent.set(n, 0)
            open.push({ n, underWay: begin() })
          } else if ('ms' in each) {
            const before = messages.length
            await clock.advance(each.ms)
            expect(messages.length - before).toBeLessThanOrEqual(Math.ceil(each.ms / 100) + 1)
          } else if ('waiting' in each) {
            watcher.waiting = each.waiting
          } else if (open.length > 0) {
            const [turn] =
              each.does === 'ends' ? open.splice(each.turn % open.length, 1) : [open[each.turn % open.length]]
            if (each.does === 'ends') turn?.underWay.ended(HIT)
            else if (turn) {
              turn.underWay.sent(1, 7)
              sent.set(turn.n, (sent.get(turn.n) ?? 0) + 1)
            }
          }
        }
        watcher.waiting = 0
        await clock.advance(200)
        const isOpen = new Set(open.map(({ n }) => n))
        expect([...turns.values()].map(({ n, count, open: its }) => [n, count, its]).toSorted()).toEqual(
          [...sent].map(([n, count]) => [n, count, isOpen.has(n)]).toSorted(),
        )
        const { counters } = messages.at(-1) ?? {}
        expect(counters).toMatchObject({ turns: sent.size, open: open.length, hits: sent.size - open.length })
      }),
    )
  })
})
