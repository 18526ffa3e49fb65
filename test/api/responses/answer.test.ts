/** What the events of an answer say to whoever reads it. */
import { expect, test } from 'vitest'
import { NOTHING_READ, readAnswer, readEvent } from '../../../server/api/responses/answer.ts'
import { fresh } from '../../../server/base/memo.ts'
import { chatTurns } from '../../../server/serve/ws/chat.ts'
import { compose, words } from '../../kit/answers.ts'
import { toEvents, toRecords } from '../../kit/calls.ts'

function read(events: readonly Readonly<Record<string, unknown>>[]) {
  const reader = readAnswer()
  const pieces = toEvents(events).flatMap((event) => reader.read(event))
  return { pieces, text: reader.text, output: reader.output }
}

test.each([
  ['text', compose('a').text(words('Hello there, you')).completed(), 'Hello there, you'],
  ['two parts', compose('b').text(['One'], ['Two']).completed(), 'OneTwo'],
  ['a refusal', compose('c').refusal(['No', ' way']).completed(), 'No way'],
  ['reasoning, which is no text', compose('d').reasoning(['Hm']).text(['Yes']).completed(), 'Yes'],
  ['what came before a cut', compose('e').text(['Half', ' of', ' it']).cut().events, 'Half of it'],
])('reads %s', (_what, events, text) => {
  expect(read(events)).toMatchObject({ text })
})

test('a part that came without deltas is one piece, and one that came with them stays as they were', () => {
  const part = (text: string) => ({ type: 'response.output_text.done', output_index: 0, content_index: 0, text })
  const delta = { type: 'response.output_text.delta', output_index: 0, content_index: 0, delta: 'Hi' }
  expect(read([part('Hello')]).pieces).toEqual(['Hello'])
  expect(read([delta, part('Hello')]).pieces).toEqual(['Hi'])
  const response = { output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hello' }] }] }
  expect(read([{ type: 'response.completed', response }]).pieces).toEqual(['Hello'])
  expect(read([delta, { type: 'response.completed', response }]).pieces).toEqual(['Hi'])
})

test('what is known never changes: each event makes something new of it', () => {
  const events = toEvents(compose('s').text(words('One two')).call('f', ['{}']).completed())
  let answer = NOTHING_READ
  const states = events.map((event) => (answer = readEvent(answer, event).answer))
  const texts = states.map(({ text }) => text)
  // Read again from any of them, it says the same.
  for (const [index, state] of states.entries()) {
    const rest = events.slice(index + 1).reduce((known, event) => readEvent(known, event).answer, state)
    expect(rest).toEqual(states.at(-1))
  }
  expect(states.map(({ text }) => text)).toEqual(texts)
  expect(NOTHING_READ).toEqual({ text: '', seen: [], items: [], listed: [] })
})

test('an answer of very many items and parts takes time in line with their number', () => {
  const events = toEvents(
    Array.from({ length: 50_000 }, (_, index) => [
      { type: 'response.output_item.added', output_index: index, item: { type: `t${index}` } },
      { type: 'response.output_text.delta', output_index: index, content_index: 0, delta: 'a' },
    ]).flat(),
  )
  const { text, items } = events.reduce((known, event) => readEvent(known, event).answer, NOTHING_READ)
  expect(text).toHaveLength(50_000)
  expect(items.length).toBeLessThan(20)
})

test('its pieces are the deltas that a chat client gets, and its text is the message', () => {
  const events = compose('f').text(words('A few words')).refusal(['No']).completed()
  const frames = chatTurns({ deltas: true })({ redact: (text) => text })
    .push(fresh(toRecords(events)))
    .items.map((frame): { type: string; message: string } => JSON.parse(frame))
  const { pieces, text } = read(events)
  expect(frames.filter(({ type }) => type === 'delta').map(({ message }) => message)).toEqual(pieces)
  expect(frames.at(-1)?.message).toBe(text)
})

test('of a function call it knows the name and the arguments, of other items the type, finished or not', () => {
  const call = { type: 'function_call', name: 'look', arguments: '{"at":1}' }
  const events = compose('g').call('look', ['{"at"', ':1}']).text(['Done']).completed()
  expect(read(events).output).toEqual([call, { type: 'message' }])
  expect(read(events.slice(0, -1)).output).toEqual([call, { type: 'message' }])
})
