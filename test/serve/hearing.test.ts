import { expect, test } from 'vitest'
import { messages } from '../../server/api/messages/index.ts'
import { responses } from '../../server/api/responses/index.ts'
import { fresh, kept } from '../../server/base/memo.ts'
import { createHearing } from '../../server/serve/hearing.ts'
import { compose, words } from '../kit/answers.ts'
import { toRecords } from '../kit/calls.ts'

const answer = toRecords(compose('a').text(words('one two three')).completed())

const hear = (
  hearing: ReturnType<typeof createHearing>,
  batches: Parameters<ReturnType<typeof hearing>['take']>[0][],
) => {
  const ear = hearing(responses)
  for (const batch of batches) ear.take(batch)
  return ear.heard()
}

test('the text and the tokens of an answer, in however many batches it comes', () => {
  const expected = { chars: 'one two three'.length, usage: expect.objectContaining({ input_tokens: 16 }) }
  const hearing = createHearing()
  expect(hear(hearing, [kept(answer)])).toEqual(expected)
  expect(
    hear(
      hearing,
      answer.map((record) => fresh([record])),
    ),
  ).toEqual(expected)
  const parts = [kept(answer.slice(0, 4)), kept(answer.slice(4))]
  expect(hear(hearing, parts)).toEqual(expected)
  // What comes again is the same value: nothing is read once more.
  expect(hear(hearing, parts)).toBe(hear(hearing, parts))
  expect(hear(hearing, parts.slice(0, 1)).usage).toBeUndefined()
})

test('of a long answer the tokens alone, which stand in its end', () => {
  const long = (index: number) => ({
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text: `${index}`.repeat(70_000) },
  })
  const records = toRecords([
    ...Array.from({ length: 20 }, (_, index) => long(index)),
    { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } },
    { type: 'message_stop' },
  ])
  const ear = createHearing()(messages)
  for (const record of records) ear.take(fresh([record]))
  expect(ear.heard()).toEqual({ chars: undefined, usage: { output_tokens: 5 } })
})

test('a long body in one piece is not read once more', () => {
  const ear = createHearing()(messages)
  ear.take(fresh([{ at: 1, wire: JSON.stringify({ content: [{ type: 'text', text: 'x'.repeat(200_000) }] }) }]))
  expect(ear.heard()).toEqual({ chars: undefined, usage: undefined })
})

test('of more answers at once than are kept the tokens alone, until others are over', () => {
  const hearing = createHearing()
  const part = (text: string) =>
    toRecords([{ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }])
  const end = toRecords([{ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } }])
  const begun = (text: string) => {
    const ear = hearing(messages)
    ear.take(fresh(part(text)))
    return ear
  }
  const many = Array.from({ length: 17 }, () => begun('x'.repeat(1_000_000)))
  const told = many.map((ear) => {
    ear.take(fresh(end))
    return ear.heard()
  })
  expect(told.filter(({ chars }) => chars === 1_000_000).length).toBeLessThan(17)
  expect(told.every(({ usage }) => usage?.output_tokens === 5)).toBe(true)
  expect(begun('once more').heard().chars).toBe('once more'.length)
})
