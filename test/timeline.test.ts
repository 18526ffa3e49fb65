import fc from 'fast-check'
import { expect, test } from 'vitest'
import { draw, timelineOf } from '../server/timeline.ts'
import { compose } from './answers.ts'
import { toEvents } from './tools.ts'

const drawn = (...args: Parameters<typeof draw>): string =>
  draw(...args)
    .map(({ label, bar, note }) => `${label}|${bar}|${note}`)
    .join('\n')

test('draws a lane for each family, the first text and the longest silence', () => {
  const events = toEvents(compose('a').text(['One', ' two']).completed())
  const at = (index: number) => events[index]?.at ?? 0
  const late = events.map((event, index) => ({ ...event, at: index < 6 ? event.at : event.at + 100 }))
  expect(drawn(timelineOf(late, 200), at(4), 44)).toBe(
    [
      '            |0                    200 ms| ',
      'response    |██                       █ |3',
      'output_item |  █                     █  |2',
      'content_part|    █                 █    |2',
      'output_text |     ██              █     |3',
      'first delta |     ▲ 40 ms               | ',
      'longest gap |      ├╌╌╌ 110 ms ╌╌╌┤     | ',
    ].join('\n'),
  )
})

test('of an answer without events there is the scale alone', () => {
  expect(timelineOf([], 5)).toEqual({ lanes: [], gap: undefined, end: 5 })
  expect(drawn(timelineOf([], 5), undefined, 40)).toMatch(/^ +\|0 +5 ms\| $/)
})

test('the wait for the end counts as a silence, that for the beginning does not', () => {
  const [event] = toEvents([{ type: 'response.created' }])
  if (!event) throw new Error('none')
  expect(timelineOf([{ ...event, at: 500 }], 700).gap).toEqual({ from: 500, to: 700 })
})

test.each([
  ['response.created', 'response'],
  ['response.output_text.delta', 'output_text'],
  ['response.audio.transcript.delta', 'audio.transcript'],
  ['error', 'error'],
  ['', '(no type)'],
])('%j is of the family %s', (type, family) => {
  expect(timelineOf(toEvents([{ type }]), 1).lanes.map((lane) => lane.family)).toEqual([family])
})

test('every line has the width that is asked for, every event is seen, and no control character', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.constantFrom('response.a.b', 'error', '', 'x\u001b[2J.y', `${'long'.repeat(20)}.z`), fc.nat(5000)),
      ),
      fc.integer({ min: 60, max: 200 }),
      fc.option(fc.nat(5000), { nil: undefined }),
      (pairs, width, first) => {
        const sorted = pairs.toSorted((a, b) => a[1] - b[1])
        const events = toEvents(sorted.map(([type]) => ({ type }))).map((event, index) => ({
          ...event,
          at: sorted[index]?.[1] ?? 0,
        }))
        const rows = draw(timelineOf(events, 5000), first, width)
        for (const { label, bar, note } of rows) {
          expect(label.length + bar.length + note.length + 4).toBe(width)
          expect(label).not.toMatch(/\p{Cc}/u)
        }
        for (const { bar } of rows.filter(({ kind }) => kind === 'lane')) expect(bar.trim()).not.toBe('')
      },
    ),
  )
})
