import { expect, test } from 'vitest'
import { bytesOf, eventsIn } from '../../../server/api/record.ts'
import { objectOf, objectsIn } from '../../../server/api/told.ts'
import { identityFor, SAID, draftFor } from '../../kit/written.ts'
import { readItems, writtenFor } from '../../../server/fixture/written.ts'

const choicesIn = (name: string, said: string) =>
  eventsIn(draftFor(name, SAID[said] ?? []).records).flatMap(({ body }) => objectsIn(body.choices))

test('a stream begins with the role, says its pieces, gives the reason, and ends as all such streams do', () => {
  const { records } = draftFor('chat-completions, streamed', SAID['a text'] ?? [])
  const choices = eventsIn(records).flatMap(({ body }) => objectsIn(body.choices))
  expect(choices.map(({ delta }) => objectOf(delta).role)).toEqual(
    choices.map((_choice, index) => (index === 0 ? 'assistant' : undefined)),
  )
  expect(choices.at(-1)).toMatchObject({ delta: {}, finish_reason: 'stop' })
  expect(records.at(-1)?.data).toBe('[DONE]')
})

test('parallel calls of tools have places of their own', () => {
  const calls = choicesIn('chat-completions, streamed', 'two tools').flatMap(({ delta }) =>
    objectsIn(objectOf(delta).tool_calls),
  )
  expect(new Set(calls.map(({ index }) => index))).toEqual(new Set([0, 1]))
  expect(calls.filter(({ id }) => id !== undefined)).toHaveLength(2)
})

test.each([
  ['a text and a tool', 'tool_calls'],
  ['a refusal', 'stop'],
  ['a text that is cut short', 'length'],
])('%s finishes for the reason %s', (said, reason) => {
  expect(choicesIn('chat-completions, streamed', said).at(-1)?.finish_reason).toBe(reason)
})

test('a stream that is to be counted says so in a chunk of its own, and in no other', () => {
  const events = eventsIn(draftFor('chat-completions, streamed and counted', SAID['a text'] ?? []).records)
  const isNull = events.map(({ body }) => body.usage === null)
  expect(isNull).toEqual(events.map((_event, index) => index < events.length - 1))
})

test('completions of the time before chats are written, too, without what they do not have', () => {
  const form = { path: '/v1/completions', body: (prompt: string) => ({ model: 'x', prompt }) }
  const { records } = writtenFor(identityFor(form), readItems(SAID['a text']))
  expect(bytesOf(records).toString()).toContain('"text": "Hello, you two."')
  expect(() => writtenFor(identityFor(form), readItems(SAID['two tools']))).toThrow(/cannot be written/)
})

test('as many choices are written as an API gives', () => {
  const of = (n: number) => draftFor('chat-completions, streamed', SAID['a text'] ?? [], { n })
  const indexes = eventsIn(of(128).records).flatMap(({ body }) => objectsIn(body.choices).map(({ index }) => index))
  expect(new Set(indexes).size).toBe(128)
  for (const n of [129, 1.5]) expect(() => of(n)).toThrow(/cannot be written/)
})
