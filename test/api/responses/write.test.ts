import { expect, test } from 'vitest'
import { eventsIn } from '../../../server/api/record.ts'
import type { Item } from '../../../server/api/said.ts'
import { answerInOne } from '../../../server/api/responses/body.ts'
import { habitsIn } from '../../../server/api/responses/habits.ts'
import { objectOf, objectsIn } from '../../../server/api/told.ts'
import { parseObject } from '../../../server/base/json.ts'
import { SAID, draftFor } from '../../kit/written.ts'

const eventsFor = (items: readonly Item[], more = {}) => eventsIn(draftFor('responses, streamed', items, more).records)

const ALL: readonly Item[] = [
  { type: 'reasoning', text: 'Hm.' },
  { type: 'text', text: 'Hi.' },
  { type: 'refusal', text: 'No.' },
  { type: 'tool', name: 'now', arguments: '{}' },
]

test('a stream has the events of the API in its order, numbered, and nothing unusual', () => {
  const events = eventsFor(ALL)
  expect(events.map(({ type }) => type.replace('response.', ''))).toEqual([
    'created',
    'in_progress',
    'output_item.added',
    'reasoning_summary_part.added',
    'reasoning_summary_text.delta',
    'reasoning_summary_text.done',
    'reasoning_summary_part.done',
    'output_item.done',
    'output_item.added',
    'content_part.added',
    'output_text.delta',
    'output_text.done',
    'content_part.done',
    'content_part.added',
    'refusal.delta',
    'refusal.done',
    'content_part.done',
    'output_item.done',
    'output_item.added',
    'function_call_arguments.delta',
    'function_call_arguments.done',
    'output_item.done',
    'completed',
  ])
  expect(events.map(({ body }) => body.sequence_number)).toEqual(events.map((_event, index) => index))
  expect(habitsIn(events)).toEqual([])
})

test('the last response has the items as they were streamed, and repeats what was asked', () => {
  const tools = [{ type: 'function', name: 'now', parameters: {} }]
  const events = eventsFor(ALL, { tools, instructions: 'Be kind.' })
  const response = objectOf(events.at(-1)?.body.response)
  const items = events.filter(({ type }) => type === 'response.output_item.done').map(({ body }) => body.item)
  expect(response.output).toEqual(items)
  expect(response).toMatchObject({ status: 'completed', tools, instructions: 'Be kind.', model: 'gpt-4.1-mini' })
  expect(objectsIn(response.output).map(({ type }) => type)).toEqual(['reasoning', 'message', 'function_call'])
})

test('an answer that is cut short is incomplete, and says why', () => {
  const [last] = eventsFor(SAID['a text that is cut short'] ?? []).slice(-1)
  expect(last?.type).toBe('response.incomplete')
  expect(objectOf(last?.body.response).incomplete_details).toEqual({ reason: 'max_output_tokens' })
})

test('the answer in one piece is what is derived of the stream, but for its id', () => {
  const derived = parseObject(answerInOne(eventsFor(ALL)).text) ?? {}
  const { records } = draftFor('responses, in one piece', ALL)
  const whole = parseObject(String(records[0]?.wire)) ?? {}
  expect(Object.keys(whole)).toEqual(Object.keys(derived))
  expect(objectsIn(whole.output).map(({ type }) => type)).toEqual(objectsIn(derived.output).map(({ type }) => type))
})
