import { describe, expect, test } from 'vitest'
import type { LiveTurn } from '../../../server/serve/feed.ts'
import type { Cut, Expected } from '../../../web/replay/expected.ts'
import type { Facts, Pair } from '../../../web/replay/facts.ts'
import { faultIn } from '../../../web/replay/faults.ts'
import { Heard } from '../../../web/replay/heard.ts'
import { CALL_RULES, CHAT_RULES, verdictOf } from '../../../web/replay/rules.ts'

const delta = (message: string): string => JSON.stringify({ type: 'delta', message })
const error = (code: string): string => JSON.stringify({ type: 'error', message: 'no', code })
const FRAMES = [delta('Hi'), delta(' you'), JSON.stringify({ type: 'message', message: 'Hi you' })]
const CHAT: Expected = {
  unit: 'frame',
  length: 3,
  frames: FRAMES,
  body: new Uint8Array(),
  until: [1, 2, 3],
  chars: [2, 6, 6],
  text: 'Hi you',
  endedAt: 9,
}
const BODY: Expected = {
  ...CHAT,
  unit: 'byte',
  length: 6,
  frames: [],
  body: new TextEncoder().encode('abcdef'),
  until: [2, 4, 6, 6],
}
const RECORDED = { status: 200, ending: 'completed' } as const

const chat = (frames: readonly string[], end?: Heard['end']): Heard => {
  const heard = new Heard(CHAT)
  for (const frame of frames) heard.frame(1, frame)
  heard.end ??= end
  return heard
}
const call = (text: string, how: 'whole' | 'broken' = 'whole', status = 200): Heard => {
  const heard = new Heard(BODY)
  if (text !== '') heard.chunk(1, new TextEncoder().encode(text))
  heard.status = status
  heard.end = { how, at: 2 }
  return heard
}
const cutAt = (words: string, length: number): Pick<Facts, 'fault' | 'cut'> => {
  const fault = faultIn(words)
  const cut: Cut | undefined = fault && { fault, length, records: length }
  return { fault: words, cut }
}
const pairOf = (frames: readonly string[], more: Partial<Pair> = {}): Pair => ({
  first: chat(frames),
  second: chat(frames),
  order: frames.map(() => '1').join('') + frames.map(() => '2').join(''),
  ...more,
})
const turn: LiveTurn = {
  n: 1,
  unit: 'frame',
  endpoint: '/@x/ws-stream',
  at: '',
  count: 1,
  bytes: 9,
  ms: 4,
  open: false,
}
const states = (facts: Partial<Facts> & Pick<Facts, 'heard'>, rules = CHAT_RULES): readonly string[] =>
  rules.map((rule) => verdictOf(rule, { fault: '', recorded: RECORDED, stopped: false, ...facts }).state)
const fifth = (facts: Partial<Facts> & Pick<Facts, 'heard'>): string | undefined =>
  CHAT_RULES[4]?.[1]({ fault: '', recorded: RECORDED, stopped: false, ...facts })?.seen

describe('of a chat', () => {
  test('all hold if all is as it was recorded', () => {
    const left = { turn: { ...turn, code: 'cancelled' as const }, came: 1 }
    expect(states({ heard: chat(FRAMES), pair: pairOf(FRAMES), left })).toEqual(CHAT_RULES.map(() => 'holds'))
  })

  test('none is known before anything has come, and never will be once it is stopped', () => {
    expect(states({ heard: chat([]) })).toEqual(CHAT_RULES.map(() => 'pending'))
    const stopped = chat([FRAMES[0] ?? ''], { how: 'stopped', at: 1 })
    expect(states({ heard: stopped, stopped: true })).toEqual(CHAT_RULES.map(() => 'unchecked'))
  })

  test.each([
    ['a second end', [...FRAMES, FRAMES[2] ?? ''], undefined],
    ['a frame behind the end', [...FRAMES, FRAMES[0] ?? ''], undefined],
    ['no end', FRAMES.slice(0, 2), { how: 'closed', at: 2, code: 1006, reason: '' } as const],
  ])('%s breaks the first', (_what, frames, end) => expect(states({ heard: chat(frames, end) })[0]).toBe('broken'))

  test('a message that is not its deltas breaks the second', () => {
    expect(states({ heard: chat([FRAMES[0] ?? '', FRAMES[2] ?? '']) })[1]).toBe('broken')
  })

  test('a turn that ends with an error has no message: the second is not said to hold', () => {
    expect(states({ heard: chat([FRAMES[0] ?? '', error('upstream_reset')]), ...cutAt('reset@1', 1) })[1]).toBe(
      'unchecked',
    )
    expect(states({ heard: chat([delta('Ho'), error('upstream_reset')]), ...cutAt('reset@1', 1) })[1]).toBe('broken')
  })

  test.each([
    ['mixed frames', { order: '121122' }, 'broken'],
    ['a frame of neither turn', { order: '1?' }, 'broken'],
    ['a connection that closes', { closed: 1006 }, 'broken'],
    ['no room for a second turn', { second: chat([error('busy')]), order: '121' }, 'unchecked'],
  ] as const)('%s: the third', (_what, more, state) => {
    expect(states({ heard: chat(FRAMES), pair: pairOf(FRAMES, more) })[2]).toBe(state)
  })

  test.each([
    [{ turn: { ...turn, open: true }, came: 1 }, 'broken'],
    [{ came: 1 }, 'unchecked'],
    [{ turn, came: 3 }, 'unchecked'],
  ] as const)('what became of a turn that was left (%j): the fourth', (left, state) =>
    expect(states({ heard: chat(FRAMES), left })[3]).toBe(state),
  )

  test('a replay that is another one the second time, or than what was recorded, breaks the fifth', () => {
    const other = [delta('Ho'), ...FRAMES.slice(1)]
    expect(fifth({ heard: chat(FRAMES), pair: pairOf(other) })).toBe('Two replays differ from frame 1 on.')
    expect(states({ heard: chat(other), pair: pairOf(other) })[4]).toBe('broken')
    const short = FRAMES.slice(0, 1)
    expect(
      fifth({
        heard: chat(short, { how: 'closed', at: 1, code: 1000, reason: '' }),
        pair: pairOf(short, { closed: 1000 }),
      }),
    ).toBe('From frame 2 on it is not what was recorded.')
  })

  test('with a fault what comes before it still has to be what was recorded, and its end the one of that fault', () => {
    const broken = [FRAMES[0] ?? '', error('upstream_reset')]
    const fault = cutAt('reset@1', 1)
    expect(states({ heard: chat(broken), pair: pairOf(broken), ...fault })).toEqual([
      'holds',
      'unchecked',
      'holds',
      'pending',
      'holds',
    ])
    const other = [delta('Ho'), error('upstream_reset')]
    expect(states({ heard: chat(other), pair: pairOf(other), ...fault })[4]).toBe('broken')
    expect(states({ heard: chat([FRAMES[0] ?? '', error('fixture_miss')]), ...fault })[0]).toBe('broken')
    const dropped = chat(FRAMES.slice(0, 1), { how: 'closed', at: 2, code: 1006, reason: '' })
    expect(states({ heard: dropped, ...cutAt('drop@1', 1) })[0]).toBe('holds')
  })

  test('a fault behind the end does not happen: all is as it was recorded', () => {
    const facts = { heard: chat(FRAMES), pair: pairOf(FRAMES), ...cutAt('reset@99', 3) }
    expect(states(facts)).toEqual(['holds', 'holds', 'holds', 'pending', 'holds'])
  })

  test('of a mix nobody can say that two replays are the same', () => {
    expect(states({ heard: chat(FRAMES), pair: pairOf(FRAMES), fault: 'chaos:1:0.5' })[4]).toBe('unchecked')
  })
})

describe('of a call over HTTP', () => {
  const pair: Pair = { first: call('abcdef'), second: call('abcdef'), order: '' }
  const left = { turn: { ...turn, code: 'cancelled' as const }, came: 1 }

  test('all hold if all is as it was recorded', () => {
    const facts = { heard: call('abcdef'), pair, left }
    expect(states(facts, CALL_RULES)).toEqual(CALL_RULES.map(() => 'holds'))
  })

  test.each([
    ['a body that breaks', call('abc', 'broken'), RECORDED],
    ['another status', call('abcdef', 'whole', 500), RECORDED],
    ['a whole body where it broke', call('abcdef'), { ...RECORDED, ending: 'reset' } as const],
  ])('%s breaks the first', (_what, heard, recorded) =>
    expect(states({ heard, recorded }, CALL_RULES)[0]).toBe('broken'),
  )

  test.each([
    ['truncate@1', 'whole', 'holds'],
    ['reset@1', 'broken', 'holds'],
    ['reset@1', 'whole', 'broken'],
    ['drop', 'broken', 'holds'],
    ['refuse:429', 'whole', 'holds'],
  ] as const)('by %s a body is %s: the first %s', (words, how, state) => {
    expect(states({ heard: call('ab', how), ...cutAt(words, 2) }, CALL_RULES)[0]).toBe(state)
  })

  test('bytes that were not recorded, or come once only, break the fifth', () => {
    const other = call('abcxef')
    expect(states({ heard: other, pair: { ...pair, first: other, second: other } }, CALL_RULES)[4]).toBe('broken')
    expect(states({ heard: call('abcdef'), pair: { ...pair, second: other } }, CALL_RULES)[4]).toBe('broken')
  })

  test('an answer without text is not said to add up', () => {
    const heard = new Heard({ ...BODY, text: '' })
    heard.end = { how: 'whole', at: 1 }
    expect(states({ heard }, CALL_RULES)[1]).toBe('unchecked')
  })

  test('calls at once that get each other’s bytes break the third', () => {
    expect(states({ heard: call('abcdef'), pair: { ...pair, second: call('abcxef') } }, CALL_RULES)[2]).toBe('broken')
  })
})
