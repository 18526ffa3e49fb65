import { expect, test } from 'vitest'
import { countsIn, heightOf, recordedSpan, recordedTimes } from '../../../web/replay/columns.ts'
import { expectedOf } from '../../../web/replay/expected.ts'
import { dueAt } from '../../../web/replay/pace.ts'
import { sourcesOf } from '../../serve/page/kit.ts'

test('every arrival has a column, also what came with the end or after it', () => {
  const counts = countsIn([0, 50, 99, 100, 140, -1], 100, 30)
  expect(counts).toEqual([2, 0, 0, 0, 0, 1, 0, 0, 0, 3])
  expect(countsIn([0, 0], 0, 1)).toEqual([2])
})

test('a single arrival is seen beside a thousand, and nothing where nothing came', () => {
  expect([heightOf(0, 1000), heightOf(1, 1000), heightOf(1000, 1000)]).toEqual([0, 0.25, 1])
})

test('a chat has a time for each of its frames, a body one for each record', async () => {
  const view = await sourcesOf('fixtures').view('my-name-is-ada-183f01058d02.jsonl')
  const chat = expectedOf(view, 'chat')
  const times = recordedTimes(view, chat, undefined)
  expect(times.length).toBe(chat.frames.length)
  expect(times[0]).toBe(view.firstDeltaMs)
  const body = expectedOf(view, 'http')
  expect(recordedTimes(view, body, undefined)).toEqual(view.records.at)
  const twice = recordedTimes(view, body, dueAt('2x'))
  expect(twice).toEqual(view.records.at.map((at) => at / 2))
  expect(recordedSpan(view, body, dueAt('10ms'))).toBe(10 * view.records.at.length)
})
